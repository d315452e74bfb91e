"""The figures of a bundle just trained: on test papers if there are any, else as honestly as can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.bundle import ModelBundle
from models.tagging import Profile
from models.words import counted
from training.crossed import LEAST, cross_validate
from training.dataset import LabelledPaper
from training.evaluate import Evaluation, Options, evaluate
from training.figures import CurvePoint
from training.job import Job
from training.learning import learning_curve
from training.predictions import predict
from training.vectors import Progress, no_progress

_OTHERS: tuple[Profile, ...] = ("fast", "accurate")


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured.

    Attributes:
        evaluation: under the profile that is served. others: under further profiles, for the model card.
        curve: the learning curve; empty where there are no papers to measure it on.
        what: which papers these are, in words.
    """

    evaluation: Evaluation
    others: tuple[Evaluation, ...]
    curve: tuple[CurvePoint, ...]
    what: str


def measure(
    job: Job,
    bundle: ModelBundle,
    test: Sequence[LabelledPaper],
    *,
    curve: bool = True,
    cache: Path | None = None,
    progress: Progress = no_progress,
) -> Measured:
    """Figures of the bundle that a job has given.

    On `test`, else on the dev papers that its thresholds were set on, else by cross-validation.
    """
    seed = job.options.seed
    if not test and not job.dev and len(job.train) >= LEAST:
        found = cross_validate(job, bundle, Options(seed=seed), cache=cache, progress=progress)
        return Measured(found, (), (), f"{counted(len(job.train), 'training paper')}, by cross-validation")
    papers = test or job.dev or job.train
    found = evaluate(bundle, papers, Options(seed=seed), progress=progress)
    others = tuple(
        evaluate(bundle, papers, Options(profile, seed=seed, without_abstracts=False), progress=progress)
        for profile in _OTHERS
    )
    # Distilled papers were labelled with the help of all labels, so no part of the labels can be judged with them.
    drawn = curve and bool(test or job.dev) and job.soft is None
    points = _curve(job, bundle, papers, found, cache, progress) if drawn else []
    return Measured(found, others, tuple(points), _what(job, test))


def _what(job: Job, test: Sequence[LabelledPaper]) -> str:
    if test:
        return counted(len(test), "test paper")
    if job.dev:
        return f"{counted(len(job.dev), 'dev paper')}, which thresholds were set on: figures flatter a little"
    return f"{counted(len(job.train), 'training paper')}, learned from: figures say nothing of other papers"


def _curve(
    job: Job,
    bundle: ModelBundle,
    papers: Sequence[LabelledPaper],
    found: Evaluation,
    cache: Path | None,
    progress: Progress,
) -> list[CurvePoint]:
    if job.encoder.heads is None:
        return learning_curve(job, papers, found.predictions, cache=cache, progress=progress)
    # A fine-tuned encoder has seen all labels whatever its heads are shown: only n-grams can tell.
    whole = predict(bundle, papers, "fast")[0]
    return learning_curve(job, papers, whole, profile="fast", cache=cache, progress=progress)
