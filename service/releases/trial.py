"""A bundle tried out before it goes live: every part of it runs once, beside the one that serves."""

from __future__ import annotations

import numpy as np

from models.bundle import ModelBundle
from models.errors import BundleError, PaperwireError
from models.paper import Paper
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
        for tagging in bundle.tag(_PAPERS, options):
            if not all(0.0 <= probability <= 1.0 for _, probability in tagging.scores):
                raise BundleError(f"bundle {bundle.directory} gives probabilities that are none ({options.profile})")
    vectors = bundle.dense.encoder.encode([paper.text for paper in _PAPERS]).vectors
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-2):
        raise BundleError(f"bundle {bundle.directory}: its encoder gives vectors that are not of unit length")
