"""The learning curve: how good a bundle would be with a part of the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.tagging import Profile
from training.crossed import fitted
from training.dataset import LabelledPaper
from training.figures import CurvePoint
from training.intervals import bootstrap
from training.job import Job
from training.predictions import Predictions, predict
from training.vectors import Progress, no_progress

SHARES = (0.25, 0.5)


def learning_curve(
    job: Job,
    measured: Sequence[LabelledPaper],
    whole: Predictions,
    *,
    profile: Profile = "auto",
    cache: Path | None = None,
    progress: Progress = no_progress,
) -> list[CurvePoint]:
    """Figures with a quarter, half and all of the training papers, each part within the next.

    Args:
        measured: labelled papers that none of the parts holds. whole: what the bundle said of them.
        profile: "fast" where the encoder has seen all labels, else that of `whole`.
    """
    order = np.random.default_rng(job.options.seed).permutation(len(job.train))
    points = []
    for done, share in enumerate(SHARES):
        progress("learning curve", done, len(SHARES))
        rows = np.sort(order[: max(round(share * len(order)), 1)])
        part = replace(job, train=[job.train[int(row)] for row in rows])
        with fitted(part, cache) as bundle:
            points.append(_point(len(rows), predict(bundle, measured, profile)[0]))
    progress("learning curve", len(SHARES), len(SHARES))
    return [*points, _point(len(job.train), whole)]


def _point(papers: int, predictions: Predictions) -> CurvePoint:
    found = bootstrap(predictions, times=1).figures
    return CurvePoint(papers, found["micro_f1"].value, found["macro_f1"].value)
