"""The sections of a report, one function each; a section without content is an empty list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.paper import Paper
from models.words import counted
from training.cells import comparison_rows, estimate_cells, number, slice_cells, theme_cells
from training.document import Block, Bullets, Cell, Heading, Paragraph, paper_link, table
from training.evaluate import Evaluation
from training.figures import CurvePoint, learning_figure, precision_recall_figure, reliability_figure, themes_figure
from training.findings import Mistake, advise, confusions, worst_mistakes
from training.intervals import Comparison
from training.problems import LabelReport


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
    headers = ("figure", "first", "second", "difference", "95 % interval", "p", "significant")
    return [
        Heading("Comparison"),
        Paragraph(
            f"First: {found.first}. Second: {found.second}. {counted(found.papers, 'shared paper')}. Differences are "
            "second minus first (paired bootstrap); p is that of a randomisation test which exchanges the two models' "
            "answers."
        ),
        table(headers, comparison_rows(found), (1, 2, 3, 5)),
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
            *theme_cells(theme),
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
    rows = [(part.kind, part.name, *slice_cells(part)) for part in evaluation.slices]
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
