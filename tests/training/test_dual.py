from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from models.scores import sigmoid
from training.dual import fit_rows


def problem(seed: int, n: int = 40, m: int = 25, k: int = 3) -> tuple[sp.csr_matrix, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = sp.random(n, m, density=0.3, random_state=rng, format="csr", dtype=np.float32)
    return rows, rng.random((n, k)).astype(np.float32) ** 3


def gradient(features, targets, importance, penalty, weights, bias) -> np.ndarray:
    """Of the objective in the weights; 0 at its minimum."""
    error = (sigmoid(features @ weights + bias) - targets) * importance[:, None]
    return np.asarray(features.T @ error) + penalty * weights


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([0.02, 0.1, 1.0]), st.booleans())
def test_the_gradient_vanishes(seed: int, penalty: float, hard: bool) -> None:
    features, targets = problem(seed)
    targets = np.round(targets) if hard else targets
    importance = np.random.default_rng(seed).uniform(0.2, 2.0, len(targets)).astype(np.float32)
    weights, bias = fit_rows(features, targets, importance=importance, penalty=penalty, passes=400, tolerance=1e-7)
    assert np.abs(gradient(features, targets, importance, penalty, weights, bias)).max() < 0.05


def test_a_paper_that_counts_twice_is_a_paper_given_twice() -> None:
    features, targets = problem(1)
    double = np.ones(len(targets), np.float32)
    double[:5] = 2.0
    once = fit_rows(features, targets, importance=double, penalty=0.5, passes=300, tolerance=1e-7)
    again = sp.vstack([features, features[:5]], format="csr"), np.concatenate([targets, targets[:5]])
    twice = fit_rows(*again, penalty=0.5, passes=300, tolerance=1e-7)
    np.testing.assert_allclose(once[0], twice[0], atol=2e-3)
    np.testing.assert_allclose(once[1], twice[1], atol=2e-3)


def test_themes_do_not_disturb_each_other() -> None:
    features, targets = problem(2, k=5)
    together = fit_rows(features, targets, penalty=0.5, passes=300, tolerance=1e-7)
    alone = fit_rows(features, targets[:, 3:4], penalty=0.5, passes=300, tolerance=1e-7)
    np.testing.assert_allclose(together[0][:, 3], alone[0][:, 0], atol=2e-3)


def test_the_same_seed_gives_the_same_bits() -> None:
    features, targets = problem(3)
    first, second = (fit_rows(features, targets, seed=7) for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_a_theme_without_papers_stays_improbable() -> None:
    features, targets = problem(4)
    targets[:, 1] = 0.0
    weights, bias = fit_rows(features, targets)
    assert sigmoid(features @ weights + bias)[:, 1].max() < 0.01


def test_extreme_separation_stays_finite() -> None:
    features = sp.csr_matrix(np.diag([100.0, 100.0]).astype(np.float32))
    weights, bias = fit_rows(features, np.array([[1.0], [0.0]], np.float32), penalty=1e-6)
    logits = features @ weights + bias
    assert np.isfinite(logits).all()
    assert logits[0, 0] > 5.0 > -5.0 > logits[1, 0]


def test_progress_counts_passes_and_passes_end_when_nothing_moves() -> None:
    features, targets = problem(5)
    seen: list[int] = []
    fit_rows(features, targets, penalty=1.0, passes=1_000, tolerance=1e-3, progress=seen.append)
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) < 100


@pytest.mark.parametrize("rows", [0, 1])
def test_next_to_no_papers(rows: int) -> None:
    weights, bias = fit_rows(sp.csr_matrix((rows, 4), dtype=np.float32), np.ones((rows, 2), np.float32))
    assert weights.shape == (4, 2)
    assert np.isfinite(bias).all()
