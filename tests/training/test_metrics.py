"""The figures, against scikit-learn and against what must hold of any figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk

from models.calibration import brier_score, expected_calibration_error
from models.themes import Group, Taxonomy, Theme
from training import metrics as m

_LEVELS = st.sampled_from([0.0, 0.05, 0.2, 0.4, 0.5, 0.6, 0.8, 0.95, 1.0])


@st.composite
def _cases(draw, min_themes=1):
    shape = draw(st.tuples(st.integers(1, 12), st.integers(min_themes, 8)))
    truth = draw(hnp.arrays(bool, shape))
    given = draw(hnp.arrays(bool, shape))
    # Few levels, so that ties are common.
    probabilities = draw(hnp.arrays(np.float32, shape, elements=_LEVELS.map(np.float32)))
    return truth, given, probabilities


def _same(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9, equal_nan=True)


@drawn(_cases(min_themes=2))  # scikit-learn takes one column for two classes
def test_f1_agrees_with_scikit_learn(case):
    truth, given, _ = case
    if truth.any() or given.any():
        _same(m.micro_f1(given, truth), sk.f1_score(truth, given, average="micro", zero_division=0.0))
    else:
        assert np.isnan(m.micro_f1(given, truth))
    by_theme = sk.f1_score(truth, given, average=None, zero_division=np.nan)
    used = truth.any(axis=0) | given.any(axis=0)
    _same(m.macro_f1(given, truth), by_theme[used].mean() if used.any() else np.nan)
    by_paper = [
        sk.f1_score(t, g, zero_division=1.0) if (t | g).any() else 1.0 for t, g in zip(truth, given, strict=True)
    ]
    _same(m.sample_f1(given, truth), by_paper)


@drawn(_cases())
def test_average_precision_agrees_with_scikit_learn(case):
    truth, _, probabilities = case
    ours = m.average_precision(probabilities, truth)
    for column in range(truth.shape[1]):
        if truth[:, column].any():
            _same(ours[column], sk.average_precision_score(truth[:, column], probabilities[:, column]))
        else:
            assert np.isnan(ours[column])


@drawn(_cases())
def test_curves_agree_with_scikit_learn(case):
    truth, _, probabilities = case
    curve = m.precision_recall_curve(probabilities, truth)
    assert (np.diff(curve.thresholds) < 0).all()
    if truth.any():
        precision, recall, _ = sk.precision_recall_curve(truth.ravel(), probabilities.ravel(), drop_intermediate=False)
        _same(curve.precision, precision[:-1][::-1])
        _same(curve.recall, recall[:-1][::-1])


@drawn(_cases(), st.integers(1, 6))
def test_ndcg_agrees_with_scikit_learn_where_no_probability_ties(case, limit):
    truth, _, probabilities = case
    n, k = truth.shape
    untied = (probabilities + np.linspace(0.001, 0.002, n * k).reshape(n, k)).astype(np.float32)
    ours = m.ndcg_at(untied, truth, limit)
    for row in range(n):
        if truth[row].any() and k > 1:
            _same(ours[row], sk.ndcg_score(truth[row : row + 1], untied[row : row + 1], k=limit))
        elif not truth[row].any():
            assert np.isnan(ours[row])


def test_annif_definitions_on_a_worked_example():
    truth = np.array([[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)
    p = np.array([[0.9, 0.2, 0.4, 0.0], [0.6, 0.3, 0.0, 0.0], [0.1, 0.1, 0.1, 0.1]], dtype=np.float32)
    _same(m.precision_at(p, truth, 1), [1.0, 0.0, np.nan])
    _same(m.precision_at(p, truth, 3), [2 / 3, 0.0, np.nan])  # two themes are ranked in the second paper
    ideal = 1.0 + 1.0 / np.log2(3)
    _same(m.ndcg_at(p, truth, 5), [(1.0 + 1.0 / np.log2(4)) / ideal, 0.0, np.nan])
    _same(m.f1_at(p, truth, 2), [0.5, 0.0, 0.0])


@drawn(_cases())
def test_every_figure_stays_within_its_bounds(case):
    truth, given, probabilities = case
    figures = [
        m.micro_f1(given, truth),
        m.macro_f1(given, truth),
        *m.sample_f1(given, truth),
        *m.precision_at(probabilities, truth, 3),
        *m.ndcg_at(probabilities, truth, 5),
        *m.f1_at(probabilities, truth, 5),
        *m.average_precision(probabilities, truth),
        m.reliability(probabilities, truth).error,
        brier_score(probabilities, truth),
    ]
    assert all(np.isnan(f) or -1e-12 <= f <= 1.0 + 1e-12 for f in figures)


@drawn(_cases(), st.randoms(use_true_random=False))
def test_order_of_papers_changes_nothing(case, random):
    truth, given, probabilities = case
    order = random.sample(range(len(truth)), len(truth))
    for figure in (m.micro_f1, m.macro_f1):
        _same(figure(given, truth), figure(given[order], truth[order]))
    for figure in (lambda p, y: m.ndcg_at(p, y, 5), lambda p, y: m.precision_at(p, y, 3)):
        _same(figure(probabilities, truth)[order], figure(probabilities[order], truth[order]))
    _same(m.average_precision(probabilities, truth), m.average_precision(probabilities[order], truth[order]))
    _same(m.reliability(probabilities, truth).error, m.reliability(probabilities[order], truth[order]).error)


@drawn(_cases(), st.randoms(use_true_random=False))
def test_order_of_themes_changes_no_tag_figure(case, random):
    truth, given, _ = case
    order = random.sample(range(truth.shape[1]), truth.shape[1])
    _same(m.micro_f1(given, truth), m.micro_f1(given[:, order], truth[:, order]))
    _same(m.macro_f1(given, truth), m.macro_f1(given[:, order], truth[:, order]))
    _same(m.sample_f1(given, truth), m.sample_f1(given[:, order], truth[:, order]))


@drawn(_cases())
def test_a_perfect_prediction_scores_one(case):
    truth, _, _ = case
    exact = truth.astype(np.float32)
    assert m.sample_f1(truth, truth).tolist() == [1.0] * len(truth)
    assert brier_score(exact, truth) == 0.0
    assert m.reliability(exact, truth).error == 0.0
    _same(m.ndcg_at(exact, truth, 5)[truth.any(axis=1)], 1.0)
    _same(m.precision_at(exact, truth, 3)[truth.any(axis=1)], 1.0)
    if truth.any():
        assert m.micro_f1(truth, truth) == m.macro_f1(truth, truth) == 1.0
        _same(m.average_precision(exact, truth)[truth.any(axis=0)], 1.0)


def test_a_tag_on_a_paper_without_themes_is_a_false_positive():
    truth = np.array([[True, False], [False, False]])
    silent, wrong = truth.copy(), np.array([[True, False], [False, True]])
    assert m.micro_f1(silent, truth) == 1.0
    assert m.micro_f1(wrong, truth) == pytest.approx(2 / 3)
    assert m.sample_f1(wrong, truth).tolist() == [1.0, 0.0]


@drawn(_cases())
def test_calibration_error_is_that_of_the_models_package(case):
    truth, _, probabilities = case
    _same(m.reliability(probabilities, truth).error, expected_calibration_error(probabilities, truth))


def test_reliability_of_a_worked_example():
    p = np.array([0.05, 0.15, 0.95, 0.95], dtype=np.float32)
    y = np.array([False, True, True, False])
    table = m.reliability(p, y, bins=2)
    assert table.count.tolist() == [2, 2]
    _same(table.predicted, [0.1, 0.95])
    _same(table.observed, [0.5, 0.5])
    assert table.error == pytest.approx(0.425)


def test_groups_are_given_where_any_theme_is():
    themes = (Theme("raft", "Raft", "agreement"), Theme("paxos", "Paxos", "agreement"), Theme("gpu", "GPU", "chips"))
    taxonomy = Taxonomy(themes, (Group("agreement", "Agreement"), Group("chips", "Chips"), Group("bare", "Bare")))
    matrix = np.array([[False, True, False], [False, False, False]])
    assert m.group_matrix(matrix, taxonomy).tolist() == [[True, False, False], [False, False, False]]
    assert m.columns_by_group(taxonomy) == {"agreement": [0, 1], "chips": [2]}


def test_abstention_of_a_worked_example():
    truth = np.array([[1, 0], [1, 0], [0, 0], [0, 0]], dtype=bool)
    given = np.array([[1, 0], [0, 0], [0, 0], [0, 1]], dtype=bool)
    found = m.abstention(given, truth)
    assert (found.coverage, found.coverage_in_scope, found.precision, found.recall) == (0.5, 0.5, 0.5, 0.5)


@drawn(st.integers(0, 50).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_intervals_hold_the_share(counts):
    right, total = counts
    low, high = m.wilson(right, total)
    assert 0.0 <= low <= high <= 1.0
    if total:
        assert low <= right / total <= high + 1e-12
    else:
        assert (low, high) == (0.0, 1.0)


def test_wilson_matches_the_published_formula():
    low, high = m.wilson(8, 10)
    assert (round(float(low), 4), round(float(high), 4)) == (0.4902, 0.9433)
