"""How sure the figures are: bootstrap intervals, and paired tests between two models.

Every figure is a function of sums over papers, so one sparse matrix of per-paper counts and one
matrix product give a figure for a thousand resamples at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from training import metrics
from training.metrics import BINS, Floats, f1_of_counts, nan_mean, ratio
from training.predictions import Predictions, aligned

RESAMPLES = 1_000
LEVEL = 0.95
_BLOCK_CELLS = 4_000_000
_TIE = 1e-12


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; nan where it is not defined."""

    value: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """Length of the interval."""
        return self.high - self.low

    def to_json(self) -> dict[str, float | None]:
        """JSON-ready dict to five decimals, null for nan."""
        return {name: rounded(getattr(self, name)) for name in ("value", "low", "high")}


def rounded(value: float) -> float | None:
    """The value to five decimals; None for nan, which JSON lacks."""
    return None if np.isnan(value) else round(float(value), 5)


@dataclass(frozen=True, slots=True)
class Counts:
    """What each paper adds to the sums that all figures are made of.

    Attributes:
        matrix: (n, c) sparse float64. parts: columns of each kind of sum. themes: k.
    """

    matrix: sp.csr_matrix
    parts: Mapping[str, slice]
    themes: int

    def totals(self, weights: npt.NDArray[np.floating]) -> Floats:
        """(r, c) sums under (r, n) weights of the papers."""
        return np.asarray((self.matrix.T @ weights.T).T, dtype=np.float64)

    def whole(self) -> Floats:
        """(1, c) sums over all papers, each once."""
        return np.asarray(self.matrix.sum(axis=0), dtype=np.float64).reshape(1, -1)


def count(predictions: Predictions) -> Counts:
    """The per-paper counts of some predictions."""
    truth, given, p = predictions.truth, predictions.given, predictions.probabilities
    groups = [metrics.group_matrix(m, predictions.taxonomy) for m in (truth, given)]
    ranked = [metrics.precision_at(p, truth, 1), metrics.precision_at(p, truth, 3), metrics.ndcg_at(p, truth, 5)]
    columns = {
        "hits": truth & given,
        "given": given,
        "true": truth,
        "groups": np.stack([(groups[0] & groups[1]).sum(axis=1), groups[1].sum(axis=1), groups[0].sum(axis=1)], axis=1),
        "ranked": np.stack([np.nan_to_num(values) for values in ranked], axis=1),
        "papers": np.stack([metrics.sample_f1(given, truth), metrics.f1_at(p, truth, 5)], axis=1),
        "squares": ((p.astype(np.float64) - truth) ** 2).mean(axis=1, keepdims=True),
        "silence": np.stack([given.any(axis=1), given.any(axis=1) & truth.any(axis=1), truth.any(axis=1)], axis=1),
        "gaps": _gaps(p, truth, np.ones_like(truth)),
        "tag_gaps": _gaps(p, truth, given),
        "one": np.ones((len(truth), 1)),
    }
    ends = np.cumsum([matrix.shape[1] for matrix in columns.values()]).tolist()
    parts = {name: slice(end - columns[name].shape[1], end) for name, end in zip(columns, ends, strict=True)}
    stacked = sp.hstack([sp.csr_matrix(matrix, dtype=np.float64) for matrix in columns.values()], format="csr")
    return Counts(stacked, parts, truth.shape[1])


def _gaps(p: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_], counted: npt.NDArray[np.bool_]) -> Floats:
    """(n, BINS) sum of probability minus label over each paper's counted pairs, by bin."""
    rows, columns = np.nonzero(counted)
    values = p[rows, columns].astype(np.float64)
    place = rows * BINS + metrics.bin_of(values)
    sums = np.bincount(place, values - truth[rows, columns], len(p) * BINS)
    return sums.astype(np.float64).reshape(len(p), BINS)


def figures(counts: Counts, totals: Floats) -> dict[str, Floats]:
    """Every figure, (r,) each, of (r, c) totals; formulas as in `training.metrics`.

    micro/macro/sample F1, micro precision and recall, P@1, P@3, nDCG@5, F1@5 (Annif), group_f1
    (micro F1 where groups take the place of their themes), ece (all paper-theme pairs), ece_tags
    (tags given), brier, coverage, coverage_in_scope.
    """
    part = {name: totals[:, where] for name, where in counts.parts.items()}
    hits, given, true = (part[name].sum(axis=1) for name in ("hits", "given", "true"))
    papers, known = part["one"][:, 0], part["silence"][:, 2]
    return {
        "micro_f1": f1_of_counts(hits, given, true),
        "macro_f1": nan_mean(theme_f1(counts, totals), axis=1),
        "sample_f1": ratio(part["papers"][:, 0], papers),
        "micro_precision": ratio(hits, given),
        "micro_recall": ratio(hits, true),
        "precision_at_1": ratio(part["ranked"][:, 0], known),
        "precision_at_3": ratio(part["ranked"][:, 1], known),
        "ndcg_at_5": ratio(part["ranked"][:, 2], known),
        "f1_at_5": ratio(part["papers"][:, 1], papers),
        "group_f1": f1_of_counts(*part["groups"].T),
        "ece": ratio(np.abs(part["gaps"]).sum(axis=1), papers * counts.themes),
        "ece_tags": ratio(np.abs(part["tag_gaps"]).sum(axis=1), given),
        "brier": ratio(part["squares"][:, 0], papers),
        "coverage": ratio(part["silence"][:, 0], papers),
        "coverage_in_scope": ratio(part["silence"][:, 1], known),
    }


def theme_f1(counts: Counts, totals: Floats) -> Floats:
    """(r, k) F1 of each theme; nan where a theme is neither true nor given."""
    return f1_of_counts(*(totals[:, counts.parts[name]] for name in ("hits", "given", "true")))


def resamples(n: int, times: int, seed: int) -> Iterator[npt.NDArray[np.float64]]:
    """Blocks of (r, n) weights: how often each paper was drawn when n are drawn with replacement."""
    generator = np.random.default_rng(seed)
    for size in _blocks(n, times):
        drawn = generator.integers(0, n, (size, n)) + np.arange(size)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)


def _blocks(n: int, times: int) -> list[int]:
    size = max(1, _BLOCK_CELLS // max(n, 1))
    return [min(size, times - start) for start in range(0, times, size)]


def interval(value: float, samples: Floats) -> Estimate:
    """The estimate of a value whose resamples are given: percentile interval (Efron 1979), nan ones left out."""
    known = samples[~np.isnan(samples)]
    if not len(known):
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(value), float(low), float(high))


@dataclass(frozen=True, slots=True)
class Intervals:
    """All estimates of some predictions: of figures by name, and of each theme's F1 in column order."""

    figures: dict[str, Estimate]
    theme_f1: tuple[Estimate, ...]


def bootstrap(predictions: Predictions, *, times: int = RESAMPLES, seed: int = 0) -> Intervals:
    """Every figure with its 95 % interval over papers drawn with replacement; the same seed gives the same.

    Calibration errors are sums of absolute values, so their resamples lie a little above the value.
    """
    counts = count(predictions)
    totals = np.concatenate([counts.totals(weights) for weights in resamples(len(predictions), times, seed)])
    values, samples = figures(counts, counts.whole()), figures(counts, totals)
    found = {name: interval(float(value[0]), samples[name]) for name, value in values.items()}
    by_theme, theme_samples = theme_f1(counts, counts.whole())[0], theme_f1(counts, totals)
    return Intervals(found, tuple(interval(float(v), theme_samples[:, c]) for c, v in enumerate(by_theme)))


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of two models on the same papers.

    Attributes:
        first, second: the figure. difference: second minus first, with its paired bootstrap interval.
        p_value: share of random exchanges of the two models' answers that differ as much (two-sided).
    """

    first: float
    second: float
    difference: Estimate
    p_value: float

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out 0 and the exchange test agrees at 5 %."""
        return not (self.difference.low <= 0.0 <= self.difference.high) and self.p_value < 1.0 - LEVEL

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict."""
        return {
            "first": rounded(self.first),
            "second": rounded(self.second),
            "difference": self.difference.to_json(),
            "p_value": rounded(self.p_value),
            "significant": self.significant,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the papers they share.

    Attributes:
        first, second: their names. papers: how many they share.
        figures: difference of every figure. theme_f1: of every theme, in column order.
    """

    first: str
    second: str
    papers: int
    figures: dict[str, Difference]
    theme_f1: dict[str, Difference]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict."""
        named = {"first": self.first, "second": self.second, "papers": self.papers}
        both = {"figures": self.figures, "theme_f1": self.theme_f1}
        return named | {what: {n: d.to_json() for n, d in found.items()} for what, found in both.items()}


def compare(first: Predictions, second: Predictions, *, times: int = RESAMPLES, seed: int = 0) -> Comparison:
    """Paired bootstrap (Koehn 2004) and approximate randomisation (Noreen 1989) between two models.

    Both draw papers, not decisions, for a paper's tags depend on each other.

    Raises:
        InputError: they cannot be aligned.
    """
    a, b = aligned(first, second)
    counts = (count(a), count(b))
    drawn = [[c.totals(w) for c in counts] for w in resamples(len(a), times, seed)]
    resampled = [np.concatenate(totals) for totals in zip(*drawn, strict=True)]
    exchanged = _exchanged(counts, times, seed)
    whole = [c.whole() for c in counts]
    rows = [_all_figures(counts[0], totals) for totals in (*whole, *resampled, *exchanged)]
    found = {name: _difference(*(row[name] for row in rows)) for name in rows[0]}
    themes = {theme: found.pop(f"{_COLUMN}{column}") for column, theme in enumerate(a.taxonomy.ids)}
    return Comparison(first.name, second.name, len(a), found, themes)


_COLUMN = "column "


def _all_figures(counts: Counts, totals: Floats) -> dict[str, Floats]:
    by_theme = theme_f1(counts, totals)
    return figures(counts, totals) | {f"{_COLUMN}{c}": by_theme[:, c] for c in range(by_theme.shape[1])}


def _exchanged(counts: tuple[Counts, Counts], times: int, seed: int) -> tuple[Floats, Floats]:
    """Totals of both models when each paper's answers change sides with probability one half."""
    n, generator = counts[0].matrix.shape[0], np.random.default_rng(seed + 1)
    step, (a, b) = counts[0].matrix - counts[1].matrix, (c.whole() for c in counts)
    blocks = [generator.integers(0, 2, (size, n)).astype(np.float64) for size in _blocks(n, times)]
    moved = np.concatenate([np.asarray((step.T @ kept.T).T) for kept in blocks])
    return b + moved, a - moved


def _difference(a: Floats, b: Floats, a_drawn: Floats, b_drawn: Floats, a_swap: Floats, b_swap: Floats) -> Difference:
    value = float(b[0] - a[0])
    chance = np.abs(b_swap - a_swap)
    chance = chance[~np.isnan(chance)]
    p_value = (1.0 + float((chance >= abs(value) - _TIE).sum())) / (1.0 + len(chance))
    return Difference(
        float(a[0]), float(b[0]), interval(value, b_drawn - a_drawn), float("nan") if np.isnan(value) else p_value
    )
