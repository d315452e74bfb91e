"""Probabilities that mean something, and thresholds that keep a promise.

A probability is the logistic of a weighted sum of the scorers' logits. Weights are shared by all
themes, each theme has its own bias and slope pulled towards the shared ones: a rare theme has too
few examples to be trusted with parameters of its own (Platt 1999, with the shrinkage of a normal
prior).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.errors import InputError
from models.scores import FloatMatrix, sigmoid

GRID = np.linspace(0.01, 0.99, 99, dtype=np.float32)
"""Thresholds at which promises are tabulated."""

_SLOPE_PRIOR = 40.0
_SHIFT_PRIOR = 4.0
_TABLE_PRIOR = 12.0
_THRESHOLD_PRIOR = 300.0
_MAX_LOGIT = 12.0

BoolMatrix = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Maps the logits of s scorers to probabilities, and promises to thresholds.

    Attributes:
        weights: (s, k) float32, weight of each scorer's logit for each theme.
        bias: (k,) float32.
        precision, recall: (k, 99) float32 estimates at `GRID` thresholds.
        best: (k,) float32 thresholds that maximise F1.
    """

    weights: FloatMatrix
    bias: FloatMatrix
    precision: FloatMatrix
    recall: FloatMatrix
    best: FloatMatrix

    def probabilities(self, logits: Sequence[FloatMatrix]) -> FloatMatrix:
        """(n, k) float32 in [0, 1] from one (n, k) logit matrix a scorer."""
        total = self.bias[None, :].astype(np.float64)
        for weight, logit in zip(self.weights, logits, strict=True):
            total = total + weight[None, :] * np.clip(logit, -_MAX_LOGIT, _MAX_LOGIT)
        return sigmoid(total)

    def thresholds(self, promise: str = "f1") -> FloatMatrix:
        """(k,) float32 thresholds for "f1", "precision=0.9" or "recall=0.95".

        A precision promise takes the lowest threshold from which on the estimate stays kept, a
        recall promise the highest one; where no threshold keeps it, the strictest, or the most
        lenient.

        Raises:
            InputError: a promise of another form or outside (0, 1).
        """
        kind, value = parse_promise(promise)
        if kind == "f1":
            return self.best
        if kind == "precision":
            broken = self.precision < value
            after_last_break = len(GRID) - np.argmax(broken[:, ::-1], axis=1)
            index = np.where(broken.any(axis=1), after_last_break, 0)
            return GRID[np.minimum(index, len(GRID) - 1)]
        kept = self.recall >= value
        index = np.where(kept.any(axis=1), len(GRID) - 1 - np.argmax(kept[:, ::-1], axis=1), 0)
        return GRID[index]


def parse_promise(promise: str) -> tuple[str, float]:
    """`("precision", 0.9)` out of "precision=0.9"; ("f1", 0.0) out of "f1".

    Raises:
        InputError: anything else.
    """
    kind, equals, number = promise.strip().lower().partition("=")
    if kind == "f1" and not equals:
        return "f1", 0.0
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if kind not in ("precision", "recall") or not 0.0 < value < 1.0:
        raise InputError(
            f"promise {promise!r} is not understood: use f1, precision=0.9 or recall=0.95 (between 0 and 1)"
        )
    return kind, value


def fit_calibration(logits: Sequence[FloatMatrix], truth: BoolMatrix) -> Calibration:
    """The calibration that explains held-out labels best.

    Args:
        logits: one (n, k) matrix a scorer, of papers that no scorer was trained on.
        truth: (n, k) bool labels.

    Returns:
        Weights, biases, promise tables and F1 thresholds.
    """
    clipped = np.stack([np.clip(z, -_MAX_LOGIT, _MAX_LOGIT) for z in logits]).astype(np.float64)
    weights, bias = _fit_weights(clipped, truth.astype(np.float64))
    probabilities = sigmoid(np.einsum("sk,snk->nk", weights, clipped) + bias)
    precision, recall = _promise_tables(probabilities, truth)
    best = _best_thresholds(probabilities, truth)
    return Calibration(weights.astype(np.float32), bias.astype(np.float32), precision, recall, best)


def _fit_weights(
    logits: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    from scipy.optimize import minimize  # only fitting needs it, and serving starts half a second sooner

    scorers, _, themes = logits.shape

    def unpack(flat: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
        shared, shared_bias = flat[:scorers], flat[scorers]
        scale, shift = flat[scorers + 1 : scorers + 1 + themes], flat[scorers + 1 + themes :]
        return shared, shared_bias, scale, shift

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        shared, shared_bias, scale, shift = unpack(flat)
        mixed = np.einsum("s,snk->nk", shared, logits)
        total = mixed * (1.0 + scale) + shared_bias + shift
        error = sigmoid(total) - truth
        value = np.logaddexp(0.0, total).sum() - (total * truth).sum()
        value += 0.5 * _SLOPE_PRIOR * (scale**2).sum() + 0.5 * _SHIFT_PRIOR * (shift**2).sum() + 0.5 * (shared**2).sum()
        by_scorer = np.einsum("nk,snk->s", error * (1.0 + scale), logits) + shared
        by_scale = (error * mixed).sum(axis=0) + _SLOPE_PRIOR * scale
        by_shift = error.sum(axis=0) + _SHIFT_PRIOR * shift
        return float(value), np.concatenate([by_scorer, [error.sum()], by_scale, by_shift])

    start = np.concatenate([np.full(scorers, 1.0 / scorers), np.zeros(1 + 2 * themes)])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    shared, shared_bias, scale, shift = unpack(found.x)
    return shared[:, None] * (1.0 + scale)[None, :], shared_bias + shift


def _promise_tables(probabilities: FloatMatrix, truth: BoolMatrix) -> tuple[FloatMatrix, FloatMatrix]:
    """Precision and recall at each grid threshold, every theme's pulled towards all themes' together."""
    above = (probabilities >= threshold for threshold in GRID)  # one at a time: 99 of them fill the memory
    counts = np.array([(given.sum(axis=0), (given & truth).sum(axis=0)) for given in above], dtype=np.float64)
    kept, right = counts[:, 0].T, counts[:, 1].T
    positives = truth.sum(axis=0).astype(np.float64)[:, None]
    pooled_precision = (right.sum(axis=0) + 1e-9) / (kept.sum(axis=0) + 1e-9)
    pooled_recall = right.sum(axis=0) / max(float(positives.sum()), 1.0)
    precision = (right + _TABLE_PRIOR * pooled_precision) / (kept + _TABLE_PRIOR)
    recall = (right + _TABLE_PRIOR * pooled_recall) / (positives + _TABLE_PRIOR)
    return precision.astype(np.float32), recall.astype(np.float32)


def _best_thresholds(probabilities: FloatMatrix, truth: BoolMatrix) -> FloatMatrix:
    """F1-optimal thresholds, a theme's own pulled towards the common one by its number of positives."""
    common = float(GRID[int(np.argmax([_f1((probabilities >= t).ravel(), truth.ravel()) for t in GRID]))])
    out = np.full(truth.shape[1], common, dtype=np.float64)
    for k in range(truth.shape[1]):
        positives = int(truth[:, k].sum())
        scores = [_f1(probabilities[:, k] >= t, truth[:, k]) for t in GRID]
        plateau = np.flatnonzero(np.asarray(scores) >= max(scores) - 1e-9)
        own = float(GRID[plateau[len(plateau) // 2]])
        trust = positives / (positives + _THRESHOLD_PRIOR)
        out[k] = trust * own + (1.0 - trust) * common
    return out.astype(np.float32)


def _f1(predicted: BoolMatrix, truth: BoolMatrix) -> float:
    right = int((predicted & truth).sum())
    total = int(predicted.sum()) + int(truth.sum())
    return 2.0 * right / total if total else 0.0


def expected_calibration_error(probabilities: FloatMatrix, truth: BoolMatrix, bins: int = 15) -> float:
    """ECE over all paper-theme pairs in equal-width bins (Naeini et al. 2015), in [0, 1]."""
    p, y = probabilities.ravel().astype(np.float64), truth.ravel().astype(np.float64)
    which = np.minimum((p * bins).astype(int), bins - 1)
    count = np.bincount(which, minlength=bins)
    gap = np.abs(np.bincount(which, p, bins) - np.bincount(which, y, bins))
    return float(gap.sum() / max(int(count.sum()), 1))


def brier_score(probabilities: FloatMatrix, truth: BoolMatrix) -> float:
    """Mean squared error of the probabilities (Brier 1950), in [0, 1]."""
    return float(((probabilities.astype(np.float64) - truth) ** 2).mean())
