"""Intervals and paired tests: one code path for points and resamples, sound on what is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from models.calibration import brier_score, expected_calibration_error
from models.errors import InputError
from models.themes import Group, Taxonomy, Theme
from training import metrics
from training.intervals import bootstrap, compare, count, figures, interval, resamples
from training.predictions import Predictions, aligned

TAXONOMY = Taxonomy(
    (Theme("raft", "Raft", "a"), Theme("paxos", "Paxos", "a"), Theme("gpu", "GPU", "b"), Theme("tpu", "TPU", "b")),
    (Group("a", "Agreement"), Group("b", "Chips")),
)


def made_up(n: int, seed: int, *, noise: float = 0.25, name: str = "made up") -> Predictions:
    """Predictions whose quality `noise` sets; the truth depends on n alone."""
    truth = np.random.default_rng(n).random((n, 4)) < 0.35
    rng = np.random.default_rng(seed)
    p = np.clip(truth * 0.7 + 0.15 + rng.normal(0, noise, truth.shape), 0.0, 1.0).astype(np.float32)
    return Predictions(
        name, "f1", tuple(f"own:{i}" for i in range(n)), TAXONOMY, truth, p >= 0.5, p, np.zeros(n, np.int8), ("",) * n
    )


@drawn(st.integers(1, 30), st.integers(0, 5))
@settings(max_examples=30)
def test_figures_of_sums_are_the_figures_of_the_metrics_module(n, seed):
    some = made_up(n, seed)
    counts = count(some)
    found = {name: value[0] for name, value in figures(counts, counts.whole()).items()}
    truth, given, p = some.truth, some.given, some.probabilities
    groups = [metrics.group_matrix(m, TAXONOMY) for m in (given, truth)]
    expected = {
        "micro_f1": metrics.micro_f1(given, truth),
        "macro_f1": metrics.macro_f1(given, truth),
        "sample_f1": metrics.sample_f1(given, truth).mean(),
        "precision_at_1": metrics.nan_mean(metrics.precision_at(p, truth, 1)),
        "precision_at_3": metrics.nan_mean(metrics.precision_at(p, truth, 3)),
        "ndcg_at_5": metrics.nan_mean(metrics.ndcg_at(p, truth, 5)),
        "f1_at_5": metrics.f1_at(p, truth, 5).mean(),
        "group_f1": metrics.micro_f1(*groups),
        "ece": expected_calibration_error(p, truth),
        "ece_tags": metrics.reliability(p[given], truth[given]).error,
        "brier": brier_score(p, truth),
        "coverage": metrics.abstention(given, truth).coverage,
        "coverage_in_scope": metrics.abstention(given, truth).coverage_in_scope,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-9, equal_nan=True, err_msg=name)


def test_resamples_draw_n_papers_each_and_blocks_change_nothing(monkeypatch):
    whole = np.concatenate(list(resamples(50, 40, 3)))
    assert whole.shape == (40, 50)
    assert (whole.sum(axis=1) == 50).all()
    monkeypatch.setattr("training.intervals._BLOCK_CELLS", 330)
    blocks = list(resamples(50, 40, 3))
    assert len(blocks) == 7
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_weighted_totals_equal_figures_of_the_drawn_papers():
    some = made_up(20, 1)
    counts = count(some)
    weights = next(iter(resamples(20, 3, 0)))
    for row, found in zip(weights, figures(counts, counts.totals(weights))["macro_f1"], strict=True):
        drawn_rows = np.repeat(np.arange(20), row.astype(int))
        assert found == pytest.approx(metrics.macro_f1(some.given[drawn_rows], some.truth[drawn_rows]))


def test_intervals_hold_the_value_narrow_with_papers_and_repeat_with_the_seed():
    few, many = bootstrap(made_up(40, 1), times=300), bootstrap(made_up(1500, 1), times=300)
    for found in (few, many):
        assert found.figures["micro_f1"].low < found.figures["micro_f1"].value < found.figures["micro_f1"].high
    assert many.figures["micro_f1"].width < few.figures["micro_f1"].width / 3
    assert bootstrap(made_up(40, 1), times=300) == few
    assert bootstrap(made_up(40, 1), times=300, seed=1) != few
    assert len(few.theme_f1) == 4


def test_intervals_cover_the_true_value_about_as_often_as_they_say():
    truth = metrics.micro_f1(made_up(40_000, 7).given, made_up(40_000, 7).truth)
    inside = 0
    big = made_up(40_000, 7)
    for start in range(0, 6000, 100):
        found = bootstrap(big.rows(np.arange(start, start + 100)), times=300).figures["micro_f1"]
        inside += found.low <= truth <= found.high
    assert 52 <= inside <= 60


def test_what_is_undefined_has_no_interval():
    found = interval(float("nan"), np.full(10, np.nan))
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.to_json() == {"value": None, "low": None, "high": None}


def test_a_better_model_is_found_better_and_an_equal_one_is_not():
    good, bad = made_up(300, 1, noise=0.2), made_up(300, 2, noise=0.45)
    better = compare(bad, good, times=300).figures["micro_f1"]
    assert better.significant
    assert better.p_value <= 1 / 100
    assert 0 < better.difference.low < better.second - better.first < better.difference.high
    same = compare(good, made_up(300, 3, noise=0.2), times=300).figures["micro_f1"]
    assert not same.significant


def test_a_model_equals_itself():
    some = made_up(60, 1)
    found = compare(some, some, times=100)
    assert found.papers == 60
    for difference in [*found.figures.values(), *found.theme_f1.values()]:
        assert difference.difference.value == 0.0
        assert difference.p_value == 1.0
        assert not difference.significant


def test_the_comparison_turns_round_with_its_sides():
    a, b = made_up(80, 1, noise=0.2), made_up(80, 2, noise=0.4)
    there, back = (compare(*pair, times=200).figures["micro_f1"] for pair in ((a, b), (b, a)))
    assert there.difference.value == pytest.approx(-back.difference.value)
    assert there.difference.low == pytest.approx(-back.difference.high)
    assert there.p_value == back.p_value


def test_p_values_of_equal_models_are_spread_evenly():
    low = sum(
        compare(made_up(50, 2 * s), made_up(50, 2 * s + 1), times=99).figures["micro_f1"].p_value < 0.2
        for s in range(40)
    )
    assert 1 <= low <= 17  # 8 are expected; a broken test gives 0 or 40


def test_alignment_matches_papers_and_themes_by_name():
    some = made_up(6, 1)
    shuffled = some.rows([4, 2, 0])
    swapped = Taxonomy(tuple(TAXONOMY.themes[c] for c in (3, 1, 2, 0)), TAXONOMY.groups)
    columns = [3, 1, 2, 0]
    turned = replace(
        shuffled,
        taxonomy=swapped,
        truth=shuffled.truth[:, columns],
        given=shuffled.given[:, columns],
        probabilities=shuffled.probabilities[:, columns],
    )
    a, b = aligned(some, turned)
    assert a.ids == b.ids == ("own:0", "own:2", "own:4")
    np.testing.assert_array_equal(a.probabilities, b.probabilities)
    np.testing.assert_array_equal(a.given, b.given)


def test_what_cannot_be_compared_is_refused_with_the_reason():
    some = made_up(6, 1)
    other_papers = replace(some, ids=tuple(f"other:{i}" for i in range(6)))
    other_labels = replace(some, truth=~some.truth)
    themes = Taxonomy((*TAXONOMY.themes[:3], Theme("npu", "NPU", "b")), TAXONOMY.groups)
    for odd, reason in (
        (other_papers, "other papers"),
        (other_labels, "other labels for 6 papers"),
        (replace(some, taxonomy=themes), "'npu' is known to one"),
    ):
        with pytest.raises(InputError, match=reason):
            compare(some, odd)
