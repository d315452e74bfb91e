"""Calibration and thresholds of both profiles, from papers the heads were not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.calibration import BoolMatrix, Calibration, expected_calibration_error, fit_calibration
from models.parts import ProfileSettings
from models.scores import FloatMatrix
from models.tagger import energy, expected_errors

AUTO_SHARE = 0.5
"""Share of papers that "auto" hands to the accurate profile, on the papers it is tuned on."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Logits of papers that the heads were not trained on.

    Attributes:
        sparse, dense, votes: (n, k) float32 of the n-gram heads, the encoder heads and the neighbours.
        truth: (n, k) bool.
        what: which papers these are, in words.
    """

    sparse: FloatMatrix
    dense: FloatMatrix
    votes: FloatMatrix
    truth: BoolMatrix
    what: str


def fit_profiles(held: HeldOut, scope_floor: float) -> tuple[dict[str, ProfileSettings], dict[str, Any]]:
    """Settings of "fast" and "accurate", and figures on the papers they were tuned on."""
    novelty = np.quantile(-energy(held.sparse), np.linspace(0, 1, 101)).astype(np.float32)
    out: dict[str, ProfileSettings] = {}
    metrics: dict[str, Any] = {"tuned_on": held.what}
    for name, logits in (("fast", [held.sparse]), ("accurate", [held.dense, held.sparse, held.votes])):
        calibration = fit_calibration(logits, held.truth)
        probabilities = calibration.probabilities(logits)
        floor = _best_floor(calibration, probabilities, held.truth)
        settings = ProfileSettings(calibration, floor, scope_floor, novelty, 0.0)
        limit = float(np.quantile(expected_errors(probabilities, settings), 1.0 - AUTO_SHARE))
        out[name] = ProfileSettings(calibration, floor, scope_floor, novelty, limit)
        metrics[name] = {
            "micro_f1": round(_micro_f1(given(calibration, floor, probabilities), held.truth), 4),
            "ece": round(expected_calibration_error(probabilities, held.truth), 4),
        }
    return out, metrics


def given(calibration: Calibration, floor: float, probabilities: FloatMatrix) -> BoolMatrix:
    """(n, k) bool tags under the F1 promise: above threshold, or the best above the floor where nothing is."""
    chosen = probabilities >= calibration.best[None, :]
    lonely = np.flatnonzero(~chosen.any(axis=1))
    best = probabilities[lonely].argmax(axis=1)
    chosen[lonely, best] = probabilities[lonely, best] >= floor
    return np.asarray(chosen, dtype=bool)


_FLOOR_SLACK = 0.0025
"""F1 given up for papers that would have got no tag."""


def _best_floor(calibration: Calibration, probabilities: FloatMatrix, truth: BoolMatrix) -> float:
    grid = np.arange(0.05, 0.5, 0.025)
    scores = [_micro_f1(given(calibration, float(floor), probabilities), truth) for floor in grid]
    # Where floors are as good as equal, the lowest leaves the fewest papers without a tag.
    return float(grid[np.flatnonzero(np.asarray(scores) >= max(scores) - _FLOOR_SLACK)[0]])


def _micro_f1(chosen: BoolMatrix, truth: BoolMatrix) -> float:
    return float(2.0 * (chosen & truth).sum() / max(int(chosen.sum() + truth.sum()), 1))
