"""How good a bundle is on labelled papers, measured on the very answers it would serve.

Scoring is strict (see `training.metrics`). Every figure has a 95 % bootstrap interval over papers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.bundle import ModelBundle
from models.tagging import Profile
from training import metrics
from training.breakdown import GroupFigures, ThemeFigures, group_figures, theme_figures
from training.dataset import LabelledPaper, data_digest
from training.findings import confusions, worst_mistakes
from training.intervals import RESAMPLES, Comparison, Estimate, bootstrap, rounded
from training.predictions import Predictions, predict
from training.promises import CHECKED, PromiseCheck, check_all
from training.slices import SliceFigures, all_slices, slice_figures, title_only
from training.vectors import Progress, no_progress

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Options:
    """How an evaluation is done.

    Attributes:
        profile, promise: as in `models.tagging.TagOptions`.
        resamples: of the bootstrap. seed: of all that is drawn.
        without_abstracts: score the papers a second time by their titles alone.
    """

    profile: Profile = "auto"
    promise: str = "f1"
    resamples: int = RESAMPLES
    seed: int = 0
    without_abstracts: bool = True


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was measured of one bundle under one profile and promise.

    Attributes:
        model: facts of the bundle for `to_json`. options: how it was measured.
        data: sha256 over the labelled papers. seen: how many of them the bundle was trained on.
        predictions: what everything else is computed from.
        figures: estimates by name (`training.intervals.figures`).
        abstention, reasons: when the model was silent, and why.
        themes, groups, slices, promises: in the order of taxonomy and kinds.
    """

    model: dict[str, Any]
    options: Options
    data: str
    seen: int
    predictions: Predictions
    figures: dict[str, Estimate]
    abstention: metrics.Abstention
    reasons: dict[str, int]
    themes: tuple[ThemeFigures, ...]
    groups: tuple[GroupFigures, ...]
    slices: tuple[SliceFigures, ...]
    promises: tuple[PromiseCheck, ...]

    def to_json(self, comparison: Comparison | None = None) -> dict[str, Any]:
        """JSON-ready dict; no text of any paper is in it, ids are."""
        silence = self.abstention
        out = {
            "format": FORMAT,
            "model": self.model,
            "profile": self.options.profile,
            "promise": self.options.promise,
            "data": {"sha256": self.data, "papers": len(self.predictions), "trained_on": self.seen},
            "bootstrap": {"resamples": self.options.resamples, "seed": self.options.seed, "level": 0.95},
            "figures": {name: estimate.to_json() for name, estimate in self.figures.items()},
            "abstention": {name: rounded(getattr(silence, name)) for name in _ABSTENTION} | {"reasons": self.reasons},
            "promises": [check.to_json() for check in self.promises],
            "groups": [group.to_json() for group in self.groups],
            "themes": [theme.to_json() for theme in self.themes],
            "slices": [part.to_json() for part in self.slices],
            "confusions": [pair.to_json() for pair in confusions(self.predictions)],
            "mistakes": [item.to_json() for item in worst_mistakes(self.predictions)],
        }
        return out | ({"comparison": comparison.to_json()} if comparison else {})


_ABSTENTION = ("coverage", "coverage_in_scope", "precision", "recall")


def evaluate(
    bundle: ModelBundle,
    labelled: Sequence[LabelledPaper],
    options: Options | None = None,
    *,
    progress: Progress = no_progress,
) -> Evaluation:
    """The evaluation of a bundle on labelled papers; the same data and seed give the same.

    Raises:
        LabelError: no paper. ThemeError: a label that the bundle does not know.
        InputError: an unknown profile or promise.
    """
    chosen = options or Options()
    times, seed = chosen.resamples, chosen.seed
    promises = list(dict.fromkeys([chosen.promise, *CHECKED]))
    several = predict(bundle, labelled, chosen.profile, promises, progress=progress)
    predictions = several[0]
    slices = all_slices(labelled, predictions, times=times, seed=seed)
    if chosen.without_abstracts:
        slices = [*_by_title(bundle, labelled, chosen, progress), *slices]
    found = bootstrap(predictions, times=times, seed=seed)
    known = set(bundle.dense.ids)
    return Evaluation(
        model={**bundle.name.to_json(), "metrics": dict(bundle.manifest.get("metrics") or {})},
        options=chosen,
        data=data_digest(labelled),
        seen=sum(item.paper.id in known for item in labelled),
        predictions=predictions,
        figures=found.figures,
        abstention=metrics.abstention(predictions.given, predictions.truth),
        reasons=silences(predictions),
        themes=theme_figures(predictions, found.theme_f1, training_support(bundle)),
        groups=group_figures(predictions),
        slices=tuple(slices),
        promises=check_all(several, times=times, seed=seed),
    )


def silences(predictions: Predictions) -> dict[str, int]:
    """How many papers got no tag, by reason."""
    silent = np.flatnonzero(~predictions.given.any(axis=1)).tolist()
    return dict(sorted(Counter(predictions.reasons[row] for row in silent).items()))


def _by_title(
    bundle: ModelBundle, labelled: Sequence[LabelledPaper], options: Options, progress: Progress
) -> list[SliceFigures]:
    """Figures of all papers by their titles alone; none where no paper has both title and abstract."""
    if not any(item.paper.title.strip() and item.paper.abstract.strip() for item in labelled):
        return []
    (found,) = predict(bundle, title_only(labelled), options.profile, (options.promise,), progress=progress)
    return [slice_figures("text", "title only", found, options.resamples, options.seed)]


def training_support(bundle: ModelBundle) -> npt.NDArray[np.int64] | None:
    """(k,) labelled papers of each theme that the bundle was trained on; None where it keeps none."""
    columns = [column for row in bundle.dense.labels for column in row]
    return np.bincount(columns, minlength=len(bundle.taxonomy)) if bundle.dense.ids else None
