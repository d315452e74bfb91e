"""Figures theme by theme and group by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training import metrics
from training.intervals import Estimate, rounded
from training.predictions import Predictions


@dataclass(frozen=True, slots=True)
class ThemeFigures:
    """What holds for one theme.

    Attributes:
        theme, label, group: of the taxonomy.
        support, given: papers with the label, and with the tag. hits: with both.
        precision, recall: nan where nothing was given, or nothing is true.
        f1: with its interval over papers. average_precision: area under its precision-recall curve.
        trained_on: labelled papers in the bundle; None where the bundle keeps none.
    """

    theme: str
    label: str
    group: str
    support: int
    given: int
    hits: int
    precision: float
    recall: float
    f1: Estimate
    average_precision: float
    trained_on: int | None

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict."""
        counts = {"support": self.support, "given": self.given, "hits": self.hits, "trained_on": self.trained_on}
        shares = {name: rounded(getattr(self, name)) for name in ("precision", "recall", "average_precision")}
        return (
            {"theme": self.theme, "label": self.label, "group": self.group}
            | counts
            | shares
            | {"f1": self.f1.to_json()}
        )


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """What holds for one group of themes.

    Attributes:
        group, label: of the taxonomy. support, given: papers with any theme of it true, or given.
        f1: of the group itself: any of its themes will do. ece: of its themes' probabilities.
        ece_group: of the group's own probability, that of its most probable theme.
    """

    group: str
    label: str
    support: int
    given: int
    f1: float
    ece: float
    ece_group: float

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict."""
        shares = {name: rounded(getattr(self, name)) for name in ("f1", "ece", "ece_group")}
        return {"group": self.group, "label": self.label, "support": self.support, "given": self.given} | shares


def theme_figures(
    predictions: Predictions, f1: Sequence[Estimate], trained_on: npt.NDArray[np.int64] | None
) -> tuple[ThemeFigures, ...]:
    """Figures of every theme in column order."""
    given, truth = predictions.given.sum(axis=0), predictions.truth.sum(axis=0)
    hits = (predictions.given & predictions.truth).sum(axis=0)
    precision, recall = metrics.ratio(hits, given), metrics.ratio(hits, truth)
    areas = metrics.average_precision(predictions.probabilities, predictions.truth)
    return tuple(
        ThemeFigures(
            theme.id,
            theme.label,
            theme.group,
            int(truth[c]),
            int(given[c]),
            int(hits[c]),
            float(precision[c]),
            float(recall[c]),
            f1[c],
            float(areas[c]),
            None if trained_on is None else int(trained_on[c]),
        )
        for c, theme in enumerate(predictions.taxonomy.themes)
    )


def group_figures(predictions: Predictions) -> tuple[GroupFigures, ...]:
    """Figures of every group that has themes; none for a flat taxonomy."""
    labels = {group.id: group.label for group in predictions.taxonomy.groups}
    return tuple(
        _group(predictions, group, labels[group], columns)
        for group, columns in metrics.columns_by_group(predictions.taxonomy).items()
    )


def _group(predictions: Predictions, group: str, label: str, columns: list[int]) -> GroupFigures:
    p, truth = predictions.probabilities[:, columns], predictions.truth[:, columns]
    any_true, any_given = (np.asarray(m.any(axis=1)) for m in (truth, predictions.given[:, columns]))
    hits, given, true = (any_true & any_given).sum(), any_given.sum(), any_true.sum()
    return GroupFigures(
        group,
        label,
        int(true),
        int(given),
        float(metrics.f1_of_counts(hits, given, true)),
        metrics.reliability(p, truth).error,
        metrics.reliability(p.max(axis=1), any_true).error,
    )
