"""Figures of multi-label tagging, each with its formula; numpy only.

Three matrices describe what happened to n papers and k themes:

    truth          (n, k) bool    themes that people gave
    given          (n, k) bool    tags that the model gave
    probabilities  (n, k) float   the model's probability of every theme; 0 means "not ranked at all"

Scoring is strict: a paper without any true theme counts, and every tag given to it is wrong. Only
figures of a ranking (P@k, nDCG@k) leave such papers out, for no order of the themes could be right.

A ratio of nothing to nothing is nan, and means over themes or papers skip nan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.calibration import BoolMatrix
from models.scores import FloatMatrix, Scores
from models.themes import Taxonomy

Floats = npt.NDArray[np.float64]

BINS = 15
"""Equal-width bins of calibration figures, as in `models.calibration`."""


def ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """Share of the whole, elementwise; nan where the whole is 0."""
    a, b = np.broadcast_arrays(np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64))
    return np.asarray(np.divide(a, b, out=np.full(a.shape, np.nan), where=b != 0), dtype=np.float64)


def f1_of_counts(hits: npt.ArrayLike, given: npt.ArrayLike, true: npt.ArrayLike) -> Floats:
    """F1 = 2 hits / (given + true), the harmonic mean of hits / given and hits / true; nan for 0 / 0."""
    return ratio(2.0 * np.asarray(hits, dtype=np.float64), np.asarray(given) + np.asarray(true, dtype=np.float64))


def nan_mean(values: npt.ArrayLike, axis: int | None = None) -> Floats:
    """Mean of what is not nan; nan where nothing is left."""
    array = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(array)
    return ratio(np.where(known, array, 0.0).sum(axis=axis), known.sum(axis=axis))


def micro_f1(given: BoolMatrix, truth: BoolMatrix) -> float:
    """F1 over all paper-theme pairs together: 2 TP / (2 TP + FP + FN)."""
    return float(f1_of_counts((given & truth).sum(), given.sum(), truth.sum()))


def macro_f1(given: BoolMatrix, truth: BoolMatrix) -> float:
    """Unweighted mean of the themes' F1, over the themes that occur in labels or tags."""
    return float(nan_mean(f1_of_counts((given & truth).sum(axis=0), given.sum(axis=0), truth.sum(axis=0))))


def sample_f1(given: BoolMatrix, truth: BoolMatrix) -> Floats:
    """(n,) F1 of each paper's tags; 1 where there is no theme and none was given. Its mean is the sample F1."""
    values = f1_of_counts((given & truth).sum(axis=1), given.sum(axis=1), truth.sum(axis=1))
    return np.where(np.isnan(values), 1.0, values)


def ranking(probabilities: FloatMatrix, limit: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """(n, limit) columns, most probable first and ties by column as serving has them, and which of them count.

    Where k < limit, k columns come back. Themes of probability 0 do not count (Annif's rule).
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :limit]
    return order, np.take_along_axis(probabilities, order, axis=1) > 0


def precision_at(probabilities: FloatMatrix, truth: BoolMatrix, limit: int) -> Floats:
    """(n,) precision of the `limit` most probable themes; nan for a paper without a true theme.

    P@k = right among the top k / min(k, themes ranked), 0 where nothing is ranked (Annif, annif/eval.py).
    """
    order, counted = ranking(probabilities, limit)
    right = (np.take_along_axis(truth, order, axis=1) & counted).sum(axis=1)
    values = ratio(right, np.maximum(counted.sum(axis=1), 1))
    return np.where(truth.any(axis=1), values, np.nan)


def ndcg_at(probabilities: FloatMatrix, truth: BoolMatrix, limit: int) -> Floats:
    """(n,) normalised discounted cumulative gain; nan for a paper without a true theme.

    nDCG@k = sum over the top k of [right] / log2(rank + 1), divided by the same sum of a perfect
    order (Jarvelin & Kekalainen 2002; annif/eval.py, which counts papers without a theme as 1).
    """
    order, counted = ranking(probabilities, limit)
    right = np.take_along_axis(truth, order, axis=1) & counted
    discount = 1.0 / np.log2(np.arange(2, order.shape[1] + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(truth.sum(axis=1), order.shape[1])]
    return ratio(right @ discount, ideal)


def f1_at(probabilities: FloatMatrix, truth: BoolMatrix, limit: int) -> Floats:
    """(n,) F1 of each paper when its `limit` most probable themes are given, thresholds aside.

    Annif's F1@5 is the mean for limit 5. A paper without a true theme scores 0, since something is
    given to it, unless nothing at all is ranked.
    """
    order, counted = ranking(probabilities, limit)
    given = np.zeros(truth.shape, dtype=bool)
    np.put_along_axis(given, order, counted, axis=1)
    return sample_f1(given, truth)


@dataclass(frozen=True, slots=True)
class Curve:
    """A precision-recall curve.

    Attributes:
        thresholds: (m,) descending distinct probabilities. precision, recall: (m,) when all pairs
            at or above a threshold are given.
    """

    thresholds: Floats
    precision: Floats
    recall: Floats

    @property
    def area(self) -> float:
        """Average precision: sum of precision times the step in recall (no interpolation); nan without positives."""
        return float((np.diff(self.recall, prepend=0.0) * self.precision).sum())


def precision_recall_curve(probabilities: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_]) -> Curve:
    """The curve of paired probabilities and labels of any shape; equal probabilities are one step."""
    p, y = probabilities.ravel(), truth.ravel()
    order = np.argsort(-p, kind="stable")
    last = np.flatnonzero(np.append(np.diff(p[order]) != 0, True)) if len(p) else np.zeros(0, np.int64)
    hits = np.cumsum(y[order])[last]
    return Curve(p[order][last].astype(np.float64), ratio(hits, last + 1), ratio(hits, y.sum()))


def average_precision(probabilities: FloatMatrix, truth: BoolMatrix) -> Floats:
    """(k,) area under each theme's precision-recall curve; nan for a theme without a paper."""
    return np.array([precision_recall_curve(probabilities[:, c], truth[:, c]).area for c in range(truth.shape[1])])


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often things of each probability come true.

    Attributes:
        edges: (b + 1,) bounds of the bins. count: (b,) pairs in each.
        predicted, observed: (b,) mean probability and share that is true; nan in an empty bin.
    """

    edges: Floats
    count: npt.NDArray[np.int64]
    predicted: Floats
    observed: Floats

    @property
    def error(self) -> float:
        """Expected calibration error: mean over pairs of |predicted - observed| of their bin; nan without pairs."""
        return float(ratio(np.nansum(self.count * np.abs(self.predicted - self.observed)), self.count.sum()))


def bin_of(probabilities: npt.NDArray[np.floating], bins: int = BINS) -> npt.NDArray[np.int64]:
    """Equal-width bin of each probability, 0 to bins - 1."""
    return np.minimum((probabilities.astype(np.float64) * bins).astype(np.int64), bins - 1)


def reliability(probabilities: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_], bins: int = BINS) -> Reliability:
    """The reliability table of paired probabilities and labels (Naeini et al. 2015)."""
    p, y = probabilities.ravel().astype(np.float64), truth.ravel().astype(np.float64)
    which = bin_of(p, bins)
    count = np.bincount(which, minlength=bins)
    predicted, observed = (ratio(np.bincount(which, v, bins), count) for v in (p, y))
    return Reliability(np.linspace(0.0, 1.0, bins + 1), count.astype(np.int64), predicted, observed)


def group_matrix(themes: BoolMatrix, taxonomy: Taxonomy) -> BoolMatrix:
    """(n, g) bool: a group is true, or given, where any theme of it is (hierarchical figures use it)."""
    return np.asarray(Scores(themes.astype(np.float32), taxonomy).groups() > 0, dtype=bool)


def columns_by_group(taxonomy: Taxonomy) -> dict[str, list[int]]:
    """Columns of each group's themes, groups in order; empty for a flat taxonomy."""
    members = {g.id: [c for c, t in enumerate(taxonomy.themes) if t.group == g.id] for g in taxonomy.groups}
    return {group: columns for group, columns in members.items() if columns}


@dataclass(frozen=True, slots=True)
class Abstention:
    """When the model says nothing.

    Attributes:
        coverage: share of papers with at least one tag.
        coverage_in_scope: the same among papers with a true theme.
        precision: share of untagged papers that have no true theme.
        recall: share of papers without a true theme that stay untagged.
    """

    coverage: float
    coverage_in_scope: float
    precision: float
    recall: float


def abstention(given: BoolMatrix, truth: BoolMatrix) -> Abstention:
    """Coverage and the quality of silence; nan where there is nothing to take a share of."""
    silent, empty = np.asarray(~given.any(axis=1)), np.asarray(~truth.any(axis=1))
    return Abstention(
        coverage=float(ratio((~silent).sum(), len(silent))),
        coverage_in_scope=float(ratio((~silent & ~empty).sum(), (~empty).sum())),
        precision=float(ratio((silent & empty).sum(), silent.sum())),
        recall=float(ratio((silent & empty).sum(), empty.sum())),
    )


def wilson(right: npt.ArrayLike, total: npt.ArrayLike, z: float = 1.959964) -> tuple[Floats, Floats]:
    """95 % interval of a share (Wilson 1927): sound for few and for extreme counts; (0, 1) without any."""
    k, n = np.asarray(right, dtype=np.float64), np.asarray(total, dtype=np.float64)
    whole = n + z * z
    middle = (k + z * z / 2.0) / whole
    half = z * np.sqrt(k * (n - k) / np.maximum(n, 1.0) + z * z / 4.0) / whole
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
