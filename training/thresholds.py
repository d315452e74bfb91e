"""Calibration and thresholds of every stage, from papers the heads were not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.calibration import BoolMatrix, Calibration, expected_calibration_error, fit_calibration
from models.parts import LexicalLogits, ProfileSettings
from models.scores import FloatMatrix
from models.scoring import ACCURATE, FAST, OPENING, energy, expected_errors

ENCODER_SHARE = 0.5
"""Share of papers that "auto" hands to the encoder, on the papers it is tuned on."""

NETWORK_ENCODER_SHARE = 0.28
"""The same where the fast stage has a network, and is sure of more."""

OPENING_SHARE = 0.65
"""The same where the encoder begins with openings, which cost less than half."""

WHOLE_SHARE = 0.2
"""Share of papers that it then reads as a whole."""

Quantiles = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Logits of papers that the heads were not trained on.

    Attributes:
        lexical: of the scorers that go by words. dense, votes: (n, k) float32 of the encoder heads and the neighbours.
        truth: (n, k) bool.
        what: which papers these are, in words.
    """

    lexical: LexicalLogits
    dense: FloatMatrix
    votes: FloatMatrix
    truth: BoolMatrix
    what: str


@dataclass(frozen=True, slots=True)
class Openings:
    """The same of the openings of papers; `distance` has (101,) quantiles of how far their neighbours are."""

    held: HeldOut
    distance: Quantiles


def fit_profiles(
    held: HeldOut, scope_floor: float, openings: Openings | None = None
) -> tuple[dict[str, ProfileSettings], dict[str, Any]]:
    """Settings of the stages, and figures on the papers they were tuned on."""
    energies = quantiles(-energy(held.lexical.ngrams))
    stages = {FAST: (held, energies), ACCURATE: (held, energies)}
    if openings is not None:
        stages[OPENING] = (openings.held, openings.distance)
    out: dict[str, ProfileSettings] = {}
    metrics: dict[str, Any] = {"tuned_on": held.what}
    for stage, (papers, novelty) in stages.items():
        logits = _logits(stage, papers)
        calibration = fit_calibration(logits, papers.truth)
        probabilities = calibration.probabilities(logits)
        floor = _best_floor(calibration, probabilities, papers.truth)
        out[stage] = ProfileSettings(calibration, floor, scope_floor, novelty, 0.0)
        metrics[stage] = {
            "micro_f1": round(_micro_f1(given(calibration, floor, probabilities), papers.truth), 4),
            "ece": round(expected_calibration_error(probabilities, papers.truth), 4),
        }
    return _with_limits(out, held, openings), metrics


def quantiles(values: npt.NDArray[np.float32]) -> Quantiles:
    """(101,) float32 quantiles of values, from the least to the greatest."""
    return np.quantile(values, np.linspace(0, 1, 101)).astype(np.float32)


def _logits(stage: str, papers: HeldOut) -> Sequence[FloatMatrix]:
    return papers.lexical.all if stage == FAST else papers.lexical.beside(papers.dense, papers.votes)


def _doubts(stage: str, settings: ProfileSettings, papers: HeldOut) -> npt.NDArray[np.float32]:
    return expected_errors(settings.calibration.probabilities(_logits(stage, papers)), settings)


def _with_limits(
    profiles: dict[str, ProfileSettings], held: HeldOut, openings: Openings | None
) -> dict[str, ProfileSettings]:
    """The same with the doubts from which "auto" goes on, so that the shares of papers come out as wanted."""
    whole = ENCODER_SHARE if held.lexical.network is None else NETWORK_ENCODER_SHARE
    share = whole if openings is None else OPENING_SHARE
    doubts = _doubts(FAST, profiles[FAST], held)
    out = profiles | {FAST: replace(profiles[FAST], unsure=float(np.quantile(doubts, 1.0 - share)))}
    if openings is not None:
        asked = _doubts(FAST, out[FAST], openings.held) > out[FAST].unsure
        doubts = np.where(asked, _doubts(OPENING, profiles[OPENING], openings.held), 0.0)
        out[OPENING] = replace(profiles[OPENING], unsure=float(np.quantile(doubts, 1.0 - WHOLE_SHARE)))
    return out


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
