"""How many papers "auto" hands to the encoder, on the papers it is tuned on."""

from __future__ import annotations

import numpy as np
import pytest

from models.parts import LexicalLogits
from models.scoring import ACCURATE, FAST, OPENING, unsure
from training.thresholds import (
    ENCODER_SHARE,
    NETWORK_ENCODER_SHARE,
    OPENING_SHARE,
    HeldOut,
    Openings,
    fit_profiles,
    quantiles,
)

PAPERS, THEMES = 400, 6
RNG = np.random.default_rng(8)
TRUTH = RNG.random((PAPERS, THEMES)) < 0.3


def _scorer(noise: float) -> np.ndarray:
    """Logits that know the truth up to noise."""
    return ((TRUTH - 0.5) * 4.0 + RNG.normal(0.0, noise, TRUTH.shape)).astype(np.float32)


def _held(*, network: bool) -> HeldOut:
    lexical = LexicalLogits(_scorer(2.0), _scorer(1.5) if network else None)
    return HeldOut(lexical, _scorer(1.0), _scorer(1.2), TRUTH, "400 papers")


@pytest.mark.parametrize(("network", "share"), [(False, ENCODER_SHARE), (True, NETWORK_ENCODER_SHARE)])
def test_the_encoder_is_asked_about_the_most_doubtful_papers(*, network: bool, share: float) -> None:
    held = _held(network=network)
    profiles, _ = fit_profiles(held, -1.0)
    assert set(profiles) == {FAST, ACCURATE}
    probabilities = profiles[FAST].calibration.probabilities(held.lexical.all)
    assert abs(unsure(probabilities, profiles[FAST]).mean() - share) < 0.01


def test_openings_come_first_where_they_are_there() -> None:
    held = _held(network=False)
    openings = Openings(_held(network=False), quantiles(RNG.random(PAPERS).astype(np.float32)))
    profiles, metrics = fit_profiles(held, -1.0, openings)
    assert set(profiles) == {FAST, OPENING, ACCURATE} == set(metrics) - {"tuned_on"}
    asked = unsure(profiles[FAST].calibration.probabilities(held.lexical.all), profiles[FAST])
    assert abs(asked.mean() - OPENING_SHARE) < 0.01
