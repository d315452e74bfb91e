"""Logistic regressions on sparse rows by dual coordinate descent: all themes at once, in seconds.

Every paper has one dual variable a theme, which at the optimum is its target minus its
probability. Papers are visited in a random order; each visit solves its own variables exactly and
moves the weights of its n-grams (Yu, Huang & Lin 2011, Machine Learning 85; Shalev-Shwartz & Zhang
2013). Targets between 0 and 1 only shift the conjugate of the loss. Ten passes reach the optimum
that L-BFGS needs ten times as long for, and nothing is held but weights and dual variables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.scores import FloatMatrix

PASSES = 20
TOLERANCE = 1e-3
"""Passes end when the dual variables of a paper, all themes together, move less than this on average."""

_NEWTON_STEPS = 5
_MAX_EXPONENT = np.float32(80.0)

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _State:
    """Weights (m, k), biases (k,) and dual variables (n, k), changed in place."""

    weights: FloatMatrix
    bias: Floats
    dual: FloatMatrix


def fit_rows(
    features: sp.csr_matrix,
    targets: FloatMatrix,
    *,
    importance: Floats | None = None,
    penalty: float = 0.02,
    passes: int = PASSES,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> tuple[FloatMatrix, FloatMatrix]:
    """Weights (m, k) and biases (k,) of logistic regressions, float32, one a theme.

    Minimises the weighted cross-entropy plus `penalty / 2` times the squared weights. Biases are
    pulled as gently towards the log odds of the theme's share of papers, so a theme without any
    paper stays improbable.

    Args:
        features: (n, m) rows. targets: (n, k) in [0, 1]. importance: (n,) weight of each paper.
        passes: at most so many over the papers. tolerance: ends them sooner (`TOLERANCE`).
        seed: of the papers' order.
        progress: called with the number of each finished pass.
    """
    n, m = features.shape
    k = targets.shape[1]
    state = _State(np.zeros((m, k), np.float32), _log_odds(targets, importance), np.zeros((n, k), np.float32))
    shares = np.ones(n, np.float32) if importance is None else importance
    strength = (shares / np.float32(penalty)).astype(np.float32)
    curvature = strength * (np.asarray(features.multiply(features).sum(axis=1)).ravel().astype(np.float32) + 1.0)
    generator = np.random.default_rng(seed)
    for number in range(1, passes + 1):
        moved = sum(
            _visit(row, features, targets, state, strength[row], curvature[row]) for row in generator.permutation(n)
        )
        if progress is not None:
            progress(number)
        if moved <= tolerance * n:
            break
    return state.weights, state.bias


def _log_odds(targets: FloatMatrix, importance: Floats | None) -> Floats:
    if not len(targets):
        return np.full(targets.shape[1], np.log(1e-4), np.float32)
    rate = np.clip(np.average(targets, axis=0, weights=importance), 1e-4, 1.0 - 1e-4)
    return np.asarray(np.log(rate / (1.0 - rate)), dtype=np.float32)


def _visit(
    row: int, features: sp.csr_matrix, targets: FloatMatrix, state: _State, strength: np.float32, curvature: np.float32
) -> float:
    """Solve one paper's dual variables given all others; comes back with how far they moved."""
    entries = slice(features.indptr[row], features.indptr[row + 1])
    columns, values = features.indices[entries], features.data[entries]
    logits, old, target = values @ state.weights[columns] + state.bias, state.dual[row], targets[row]
    solved = _solve(logits, old - target, curvature)
    # Rounding alone can take a variable out of its bounds; np.clip would take as long as all the rest.
    new = np.minimum(np.maximum((solved - logits) / curvature + old, target - 1.0), target)
    step = (new - old) * strength
    state.weights[columns] += values[:, None] * step
    np.add(state.bias, step, out=state.bias)
    moved = float(np.abs(new - old).sum())
    state.dual[row] = new
    return moved


def _solve(logits: Floats, offset: Floats, curvature: np.float32) -> Floats:
    """The roots a of (a - logits) / curvature + offset + sigmoid(a) = 0.

    Newton's method. The sigmoid bends only at 0, so from 0 the steps never pass the root; a step
    that changes sign is therefore taken to 0 first.
    """
    flat = np.float32(1.0) / curvature
    point = logits
    for _ in range(_NEWTON_STEPS):
        share = 1.0 / (1.0 + np.exp(np.minimum(-point, _MAX_EXPONENT)))
        value = (point - logits) * flat + offset + share
        after = point - value / (flat + share * (1.0 - share))
        point = np.where(point * after < 0.0, np.float32(0.0), after)
    return np.asarray(point, dtype=np.float32)
