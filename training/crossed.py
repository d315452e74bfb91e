"""How good a way of training is where there are too few papers to hold any out: by cross-validation.

Each fold is tagged by a bundle that was trained, calibrated and given thresholds on the others
alone, so figures are honest; the bundle that is kept has learnt from all papers and is, if anything,
a little better.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from models.bundle import ModelBundle
from models.tagging import Profile
from training import metrics
from training.breakdown import group_figures, theme_figures
from training.dataset import LabelledPaper, data_digest
from training.evaluate import Evaluation, Options, silences
from training.fit import fit_bundle
from training.heads import fold_rows
from training.intervals import bootstrap
from training.job import Job
from training.predictions import Predictions, predict
from training.promises import CHECKED, check_all
from training.slices import all_slices
from training.vectors import Progress, no_progress

LEAST = 3
"""With fewer papers nothing can be said."""


@contextmanager
def fitted(job: Job, cache: Path | None) -> Iterator[ModelBundle]:
    """A bundle of the job that is there until the block ends."""
    with TemporaryDirectory(prefix="paperwire-") as folder:
        fit_bundle(job, Path(folder) / "bundle", cache=cache)
        yield ModelBundle.load(Path(folder) / "bundle", verify=False)


def cross_validate(
    job: Job, bundle: ModelBundle, options: Options, *, cache: Path | None = None, progress: Progress = no_progress
) -> Evaluation:
    """The evaluation of a job by five folds, under the name of the bundle that was made from all of it."""
    promises = tuple(dict.fromkeys([options.promise, *CHECKED]))
    several = _folds(job, options.profile, promises, cache, progress)
    predictions = replace(several[0], name=f"{bundle.name.name} {bundle.name.version} ({options.profile})")
    found = bootstrap(predictions, times=options.resamples, seed=options.seed)
    support = predictions.truth.sum(axis=0).astype(np.int64)
    return Evaluation(
        model={**bundle.name.to_json(), "metrics": dict(bundle.manifest.get("metrics") or {})},
        options=options,
        data=data_digest(job.train),
        seen=0,
        predictions=predictions,
        figures=found.figures,
        abstention=metrics.abstention(predictions.given, predictions.truth),
        reasons=silences(predictions),
        themes=theme_figures(predictions, found.theme_f1, support),
        groups=group_figures(predictions),
        slices=tuple(all_slices(job.train, predictions, times=options.resamples, seed=options.seed)),
        promises=check_all(several, times=options.resamples, seed=options.seed),
    )


def _folds(
    job: Job, profile: Profile, promises: Sequence[str], cache: Path | None, progress: Progress
) -> list[Predictions]:
    """Predictions of every training paper by a bundle that has not seen it, one a promise."""
    folds = fold_rows(len(job.train), job.options.seed)
    parts: list[list[Predictions]] = []
    for done, (kept, left) in enumerate(folds):
        progress("measuring by cross-validation", done, len(folds))
        # Distilled papers were labelled with the help of every fold: they would tell what is asked.
        with fitted(replace(job, train=_rows(job.train, kept), soft=None), cache) as bundle:
            parts.append(predict(bundle, _rows(job.train, left), profile, promises))
    progress("measuring by cross-validation", len(folds), len(folds))
    order = np.argsort(np.concatenate([left for _, left in folds]))
    return [_joined([part[position] for part in parts]).rows(order) for position in range(len(promises))]


def _rows(papers: Sequence[LabelledPaper], rows: Sequence[int] | np.ndarray) -> list[LabelledPaper]:
    return [papers[int(row)] for row in rows]


def _joined(parts: Sequence[Predictions]) -> Predictions:
    return replace(
        parts[0],
        ids=tuple(name for part in parts for name in part.ids),
        truth=np.concatenate([part.truth for part in parts]),
        given=np.concatenate([part.given for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        stage=np.concatenate([part.stage for part in parts]),
        reasons=tuple(reason for part in parts for reason in part.reasons),
    )
