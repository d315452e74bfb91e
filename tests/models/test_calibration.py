from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from models.calibration import (
    GRID,
    brier_score,
    expected_calibration_error,
    fit_calibration,
    parse_promise,
)
from models.errors import InputError
from models.scores import sigmoid


def _world(seed: int, n: int = 3000, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """True logits of n papers for k themes of differing frequency, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (n, k)) + np.linspace(-4, -1, k)
    return logits.astype(np.float32), rng.random((n, k)) < sigmoid(logits)


def test_overconfident_logits_become_honest_probabilities() -> None:
    logits, truth = _world(1)
    fitted = fit_calibration([logits * 2.5 + 1.0], truth)
    fresh, fresh_truth = _world(2)
    raw = sigmoid(fresh * 2.5 + 1.0)
    honest = fitted.probabilities([fresh * 2.5 + 1.0])
    assert expected_calibration_error(honest, fresh_truth) < 0.01 < expected_calibration_error(raw, fresh_truth)
    assert brier_score(honest, fresh_truth) < brier_score(raw, fresh_truth)


def test_a_useless_scorer_is_given_little_weight() -> None:
    logits, truth = _world(3)
    noise = np.random.default_rng(0).normal(0, 3, logits.shape).astype(np.float32)
    fitted = fit_calibration([logits, noise], truth)
    assert np.abs(fitted.weights[1]).max() < 0.1 * fitted.weights[0].min()


def test_promises_are_kept_on_fresh_papers() -> None:
    logits, truth = _world(4)
    fitted = fit_calibration([logits], truth)
    fresh, fresh_truth = _world(5)
    probabilities = fitted.probabilities([fresh])
    precise = probabilities >= fitted.thresholds("precision=0.9")
    assert (precise & fresh_truth).sum() / precise.sum() > 0.88
    sensitive = probabilities >= fitted.thresholds("recall=0.95")
    assert (sensitive & fresh_truth).sum() / fresh_truth.sum() > 0.93


def test_a_theme_without_examples_takes_the_common_threshold() -> None:
    logits, truth = _world(6)
    truth[:, 0] = False
    fitted = fit_calibration([logits], truth)
    assert np.isfinite(fitted.best).all()
    assert 0.05 < fitted.best[0] < 0.95


@given(st.floats(0.02, 0.97), st.integers(0, 3))
def test_thresholds_rise_with_precision_and_fall_with_recall(value: float, seed: int) -> None:
    fitted = _FITTED[seed]
    assert (fitted.thresholds(f"precision={value + 0.02}") >= fitted.thresholds(f"precision={value}")).all()
    assert (fitted.thresholds(f"recall={value + 0.02}") <= fitted.thresholds(f"recall={value}")).all()


_FITTED = [fit_calibration([_world(seed, 400)[0]], _world(seed, 400)[1]) for seed in range(4)]


@pytest.mark.parametrize("promise", ["", "f1=0.3", "precision", "precision=1", "recall=0", "recall=x", "accuracy=0.9"])
def test_a_promise_that_is_none_is_refused(promise: str) -> None:
    with pytest.raises(InputError, match="promise"):
        parse_promise(promise)


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=60))
def test_measures_agree_with_their_definitions(pairs: list[tuple[float, bool]]) -> None:
    p = np.array([[a] for a, _ in pairs], dtype=np.float32)
    y = np.array([[b] for _, b in pairs])
    assert 0.0 <= expected_calibration_error(p, y) <= 1.0
    if y.any() and not y.all():
        assert brier_score(p, y) == pytest.approx(brier_score_loss(y.ravel(), p.ravel()), abs=1e-6)


def test_the_grid_is_what_promises_are_read_from() -> None:
    assert len(GRID) == 99
    assert (np.diff(GRID) > 0).all()
