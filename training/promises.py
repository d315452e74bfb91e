"""Whether thresholds by promise keep it on papers they were not set on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.calibration import parse_promise
from training.intervals import RESAMPLES, Estimate, bootstrap
from training.metrics import wilson
from training.predictions import Predictions

CHECKED = ("precision=0.9", "recall=0.95")
"""Promises that every evaluation checks, besides the one asked for."""


@dataclass(frozen=True, slots=True)
class PromiseCheck:
    """A promise beside what came of it.

    Attributes:
        promise: "precision=0.9" or "recall=0.95". promised: its number.
        measured: precision or recall over all tags, with its interval over papers.
        tags: how many were given. coverage: share of papers with at least one.
        broken: themes whose own 95 % Wilson interval lies below the promise.
    """

    promise: str
    promised: float
    measured: Estimate
    tags: int
    coverage: float
    broken: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """Whether the promise is within the interval or below it; true where nothing was given."""
        return bool(np.isnan(self.measured.value) or self.measured.high >= self.promised)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict."""
        return {
            "promise": self.promise,
            "measured": self.measured.to_json(),
            "kept": self.kept,
            "tags": self.tags,
            "coverage": round(self.coverage, 5),
            "broken_themes": list(self.broken),
        }


def check_promise(predictions: Predictions, *, times: int = RESAMPLES, seed: int = 0) -> PromiseCheck | None:
    """What came of the predictions' promise; None for "f1", which promises no number."""
    kind, promised = parse_promise(predictions.promise)
    if kind == "f1":
        return None
    given, truth = predictions.given, predictions.truth
    hits = (given & truth).sum(axis=0)
    _, high = wilson(hits, given.sum(axis=0) if kind == "precision" else truth.sum(axis=0))
    measured = bootstrap(predictions, times=times, seed=seed).figures[f"micro_{kind}"]
    broken = tuple(theme for theme, bound in zip(predictions.taxonomy.ids, high, strict=True) if bound < promised)
    return PromiseCheck(
        predictions.promise, promised, measured, int(given.sum()), float(given.any(axis=1).mean()), broken
    )


def check_all(several: Sequence[Predictions], *, times: int = RESAMPLES, seed: int = 0) -> tuple[PromiseCheck, ...]:
    """The checks of several promises, those without a number left out."""
    checks = (check_promise(predictions, times=times, seed=seed) for predictions in several)
    return tuple(check for check in checks if check is not None)
