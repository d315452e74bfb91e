"""Figures as cells of tables: their names, numbers and intervals in words, for reports and the terminal alike."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from training.breakdown import ThemeFigures
from training.intervals import Comparison, Estimate
from training.slices import SliceFigures

FIGURE_NAMES: Mapping[str, str] = {
    "micro_f1": "micro-F1",
    "macro_f1": "macro-F1",
    "sample_f1": "sample F1",
    "micro_precision": "precision",
    "micro_recall": "recall",
    "precision_at_1": "P@1",
    "precision_at_3": "P@3",
    "ndcg_at_5": "nDCG@5",
    "f1_at_5": "F1@5",
    "group_f1": "F1 of groups",
    "ece": "calibration error (ECE)",
    "ece_tags": "calibration error of tags given",
    "brier": "Brier score",
    "coverage": "coverage",
    "coverage_in_scope": "coverage of papers with a theme",
}
"""What people read for each figure of `training.intervals.figures`."""


def number(value: float, *, sign: bool = False) -> str:
    """Three decimals; a dash for what is not defined."""
    if np.isnan(value):
        return "-"
    return f"{value:+.3f}" if sign else f"{value:.3f}"


def estimate_cells(estimate: Estimate, *, sign: bool = False) -> tuple[str, str]:
    """The value, and its interval as words."""
    low, high = (number(v, sign=sign) for v in (estimate.low, estimate.high))
    return number(estimate.value, sign=sign), "-" if low == "-" else f"{low} to {high}"


def comparison_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """A row a figure: its name, first, second, difference, its interval, p, and whether it is significant."""
    return [
        (
            FIGURE_NAMES[name],
            number(found.first),
            number(found.second),
            *estimate_cells(found.difference, sign=True),
            number(found.p_value),
            "yes" if found.significant else "no",
        )
        for name, found in comparison.figures.items()
    ]


def slice_cells(part: SliceFigures) -> tuple[str, ...]:
    """Papers, micro-F1, its interval, P@1, nDCG@5, ECE and coverage of a part of the papers."""
    names = ("precision_at_1", "ndcg_at_5", "ece", "coverage")
    others = (number(part.figures[name].value) for name in names)
    return (str(part.papers), *estimate_cells(part.figures["micro_f1"]), *others)


def theme_cells(theme: ThemeFigures) -> tuple[str, ...]:
    """True, given, precision, recall, F1, its interval and average precision of a theme."""
    return (
        str(theme.support),
        str(theme.given),
        number(theme.precision),
        number(theme.recall),
        *estimate_cells(theme.f1),
        number(theme.average_precision),
    )
