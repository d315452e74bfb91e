"""A bundle tried out before it goes live: every part of it runs once, beside the one that serves."""

from __future__ import annotations

import numpy as np

from models.bundle import ModelBundle
from models.errors import BundleError, PaperwireError
from models.paper import Paper
from models.scores import FloatMatrix
from models.scoring import accurate_logits
from models.tagging import TagOptions
from service.releases.shelf import Candidate

_TRIALS = (TagOptions("fast"), TagOptions("accurate"), TagOptions("accurate", "full"))
_PAPERS = (
    Paper(
        "trial:1",
        "Trial of a tagging bundle",
        "We tag an invented abstract with every part of a bundle, so that the first caller meets one that works.",
    ),
    Paper("trial:2"),
)
# What parts raise when a manifest is in order and what it vouches for is not: missing arrays, wrong shapes and types.
_BROKEN = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)


def try_out(candidate: Candidate, *, threads: int = 0) -> ModelBundle:
    """The loaded bundle, warm: its files are as its manifest says, and all its parts give numbers that can be.

    Args:
        candidate: of a shelf. threads: cores of the encoder, 0 for all.

    Raises:
        BundleError: something is wrong with it; the message says what.
    """
    try:
        bundle = ModelBundle.load(candidate.directory, threads=threads)
        if bundle.name.sha256 != candidate.sha256:
            raise BundleError(f"bundle {candidate.directory} was replaced while it was being looked at: try again")
        _run(bundle)
    except PaperwireError:
        raise
    except _BROKEN as error:
        raise BundleError(f"bundle {candidate.directory} does not work: {error!r}") from error
    return bundle


def _run(bundle: ModelBundle) -> None:
    for options in _TRIALS:
        bundle.tag(_PAPERS, options)
    # The tagger spares the encoder papers that are out of scope; here every part is to work.
    texts = [paper.text for paper in _PAPERS]
    vectors = bundle.dense.encoder.encode(texts).vectors
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-2):
        raise BundleError(f"bundle {bundle.directory}: its encoder gives vectors that are not of unit length")
    _, lexical = bundle.lexical.read(texts)
    accurate, _ = accurate_logits(bundle.dense, vectors, lexical)
    for profile, logits in (("fast", lexical.all), ("accurate", accurate)):
        _check(bundle, profile, bundle.profiles[profile].calibration.probabilities(logits))


def _check(bundle: ModelBundle, profile: str, probabilities: FloatMatrix) -> None:
    themes = len(bundle.taxonomy)
    if probabilities.shape != (len(_PAPERS), themes):
        raise BundleError(f"bundle {bundle.directory}: its {profile} profile knows other themes than its {themes}")
    if not ((probabilities >= 0.0) & (probabilities <= 1.0)).all():
        raise BundleError(f"bundle {bundle.directory}: its {profile} profile gives probabilities outside 0 to 1")
