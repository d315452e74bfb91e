"""The sections of a report, one function each; a section without content is an empty list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.paper import Paper
from training.document import Block, Bullets, Cell, Heading, Paragraph, paper_link, table
from training.evaluate import Evaluation
from training.figures import CurvePoint, learning_figure, precision_recall_figure, reliability_figure, themes_figure
from training.findings import Mistake, advise, confusions, worst_mistakes
from training.intervals import Comparison, Estimate
from training.problems import LabelReport

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


@dataclass(frozen=True, slots=True)
class Extras:
    """What a report may hold besides the evaluation.

    Attributes:
        comparison: with another model. learning: points of the learning curve.
        labels: problems of the labels. texts: papers by id, for a report that stays local.
    """

    comparison: Comparison | None = None
    learning: Sequence[CurvePoint] = ()
    labels: LabelReport | None = None
    texts: Mapping[str, Paper] | None = None


def number(value: float, *, sign: bool = False) -> str:
    """Three decimals; a dash for what is not defined."""
    if np.isnan(value):
        return "-"
    return f"{value:+.3f}" if sign else f"{value:.3f}"


def estimate_cells(estimate: Estimate, *, sign: bool = False) -> tuple[str, str]:
    """The value, and its interval as words."""
    low, high = (number(v, sign=sign) for v in (estimate.low, estimate.high))
    return number(estimate.value, sign=sign), "-" if low == "-" else f"{low} to {high}"


def promises_section(evaluation: Evaluation, _: Extras) -> list[Block]:
    """Promises beside what came of them."""
    rows = [
        (
            check.promise,
            *estimate_cells(check.measured),
            "kept" if check.kept else "broken",
            str(check.tags),
            number(check.coverage),
            ", ".join(check.broken) or "none",
        )
        for check in evaluation.promises
    ]
    headers = ("promise", "measured", "95 % interval", "", "tags", "coverage", "themes that break it")
    return [Heading("Promises"), table(headers, rows, (1, 4, 5))] if rows else []


def comparison_section(_: Evaluation, extras: Extras) -> list[Block]:
    """Differences from another model; nothing where there is none."""
    found = extras.comparison
    if found is None:
        return []
    rows = [
        (
            FIGURE_NAMES[name],
            number(difference.first),
            number(difference.second),
            *estimate_cells(difference.difference, sign=True),
            number(difference.p_value),
            "yes" if difference.significant else "no",
        )
        for name, difference in found.figures.items()
    ]
    headers = ("figure", "first", "second", "difference", "95 % interval", "p", "significant")
    return [
        Heading("Comparison"),
        Paragraph(
            f"First: {found.first}. Second: {found.second}. {found.papers} shared papers. Differences are second minus "
            "first (paired bootstrap); p is that of a randomisation test which exchanges the two models' answers."
        ),
        table(headers, rows, (1, 2, 3, 5)),
    ]


def calibration_section(evaluation: Evaluation, _: Extras) -> list[Block]:
    """The reliability diagram, and figures by group."""
    rows = [
        (g.label, str(g.support), str(g.given), number(g.f1), number(g.ece), number(g.ece_group))
        for g in evaluation.groups
    ]
    headers = ("group", "true", "given", "F1", "ECE of its themes", "ECE of the group")
    groups: list[Block] = [Heading("Groups"), table(headers, rows, (1, 2, 3, 4, 5))] if rows else []
    return [Heading("Calibration"), reliability_figure(evaluation.predictions), *groups]


def themes_section(evaluation: Evaluation, _: Extras) -> list[Block]:
    """Curves, chart and table of the themes."""
    rows = [
        (
            theme.theme,
            "-" if theme.trained_on is None else str(theme.trained_on),
            str(theme.support),
            str(theme.given),
            number(theme.precision),
            number(theme.recall),
            *estimate_cells(theme.f1),
            number(theme.average_precision),
        )
        for theme in evaluation.themes
    ]
    headers = ("theme", "trained on", "true", "given", "precision", "recall", "F1", "95 % interval", "AP")
    return [
        Heading("Themes"),
        precision_recall_figure(evaluation.predictions, evaluation.themes),
        themes_figure(evaluation.themes),
        table(headers, rows, (1, 2, 3, 4, 5, 6, 8)),
    ]


def confusions_section(evaluation: Evaluation, _: Extras) -> list[Block]:
    """Pairs of themes taken for one another."""
    rows = [
        (pair.missed, pair.given, str(pair.papers), tuple(paper_link(paper) for paper in pair.examples))
        for pair in confusions(evaluation.predictions)
    ]
    headers = ("missed", "given instead", "papers", "such as")
    return [Heading("Themes taken for one another"), table(headers, rows, (2,))] if rows else []


def mistakes_section(evaluation: Evaluation, extras: Extras) -> list[Block]:
    """The papers with the most confident mistakes; with texts only where the caller gave them."""
    rows = [_mistake(item, extras.texts) for item in worst_mistakes(evaluation.predictions)]
    headers = ("paper", "wrongly given", "missed", *(("title", "abstract") if extras.texts else ()))
    return [Heading("Most confident mistakes"), table(headers, rows)] if rows else []


def _mistake(item: Mistake, texts: Mapping[str, Paper] | None) -> tuple[Cell, ...]:
    row: tuple[Cell, ...] = (paper_link(item.id), _probable(item.wrong), _probable(item.missed))
    if texts is None:
        return row
    paper = texts.get(item.id, Paper(item.id))
    return (*row, paper.title, paper.abstract)


def _probable(pairs: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{theme} {probability:.2f}" for theme, probability in pairs)


def slices_section(evaluation: Evaluation, _: Extras) -> list[Block]:
    """Figures of parts of the papers."""
    rows = [
        (
            part.kind,
            part.name,
            str(part.papers),
            *estimate_cells(part.figures["micro_f1"]),
            *(number(part.figures[name].value) for name in ("precision_at_1", "ndcg_at_5", "ece", "coverage")),
        )
        for part in evaluation.slices
    ]
    headers = ("part", "", "papers", "micro-F1", "95 % interval", "P@1", "nDCG@5", "ECE", "coverage")
    return [Heading("Parts of the papers"), table(headers, rows, (2, 3, 5, 6, 7, 8))] if rows else []


def learning_section(_: Evaluation, extras: Extras) -> list[Block]:
    """The learning curve; nothing without points."""
    return [Heading("Learning curve"), learning_figure(extras.learning)] if extras.learning else []


def advice_section(evaluation: Evaluation, _: Extras) -> list[Block]:
    """Themes that need labels, with reason and remedy."""
    found = advise(evaluation.themes, confusions(evaluation.predictions, limit=10_000))
    rows = [(advice.theme, "; ".join(advice.reasons), advice.action) for advice in found]
    return [Heading("Themes that need labels"), table(("theme", "why", "what to do"), rows)] if rows else []


def labels_section(_: Evaluation, extras: Extras) -> list[Block]:
    """What is wrong with the labels."""
    if extras.labels is None:
        return []
    lines = tuple(extras.labels.lines())
    return [Heading("Labels"), Paragraph(extras.labels.summary()), *([Bullets(lines)] if lines else [])]
