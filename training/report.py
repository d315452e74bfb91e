"""The report of an evaluation, as one HTML page and as Markdown with its charts beside it.

No text of any paper is in it unless the caller hands the papers over: a report that is published
must hold ids only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from models.words import counted
from training.cells import FIGURE_NAMES, estimate_cells, number
from training.document import Block, Figure, Heading, Paragraph, table, to_html, to_markdown
from training.evaluate import Evaluation
from training.sections import (
    Extras,
    advice_section,
    calibration_section,
    comparison_section,
    confusions_section,
    labels_section,
    learning_section,
    mistakes_section,
    promises_section,
    slices_section,
    themes_section,
)

HTML, MARKDOWN = "report.html", "report.md"

_MEANING = (
    "Scoring is strict: a paper without any true theme counts, and a tag given to it is wrong; P@k and nDCG@5 leave "
    "such papers out. Micro figures count all paper-theme pairs alike, macro-F1 all themes that occur alike, sample F1 "
    "all papers alike. P@k, nDCG@5 and F1@5 look at the order of the probabilities and not at thresholds (definitions "
    "as in Annif). Intervals are 95 % percentile bootstrap intervals over papers."
)


def write_report(evaluation: Evaluation, directory: Path, extras: Extras | None = None) -> Path:
    """Write `report.html`, `report.md` and its charts (.svg) into a directory; comes back with the page's path.

    Raises:
        OSError: the directory cannot be written.
    """
    title, blocks = report_title(evaluation), report_blocks(evaluation, extras)
    directory.mkdir(parents=True, exist_ok=True)
    for block in blocks:
        if isinstance(block, Figure):
            (directory / f"{block.name}.svg").write_text(block.svg, encoding="utf-8")
    (directory / MARKDOWN).write_text(to_markdown(title, blocks), encoding="utf-8")
    page = directory / HTML
    page.write_text(to_html(title, blocks), encoding="utf-8")
    return page


def report_title(evaluation: Evaluation) -> str:
    """The heading of a report."""
    return f"Evaluation of {evaluation.model['name']} {evaluation.model['version']}"


def report_blocks(evaluation: Evaluation, extras: Extras | None = None) -> list[Block]:
    """Everything a report says, in order; sections without content are left out."""
    blocks = [*_opening(evaluation), *_figures(evaluation)]
    for section in _SECTIONS:
        blocks += section(evaluation, extras or Extras())
    return blocks


def _opening(evaluation: Evaluation) -> list[Block]:
    model, options = evaluation.model, evaluation.options
    out: list[Block] = [
        Paragraph(
            f"{counted(len(evaluation.predictions), 'labelled paper')}, {counted(len(evaluation.themes), 'theme')}, "
            f"profile {options.profile}, promise {options.promise}. Bundle {model['sha256'][:12]}, taxonomy "
            f"{model['taxonomy'][:12]}, data {evaluation.data[:12]} (first digits of their sha256)."
        )
    ]
    if evaluation.seen:
        told = f"{evaluation.seen} of these papers were in the bundle's training data: the figures flatter it."
        out.append(Paragraph(told, warning=True))
    tuned_on = model["metrics"].get("tuned_on")
    if tuned_on:
        out.append(Paragraph(f"Thresholds and calibration were set on {tuned_on}; on those papers figures flatter."))
    return [*out, Paragraph(_MEANING)]


def _figures(evaluation: Evaluation) -> list[Block]:
    rows = [(FIGURE_NAMES[name], *estimate_cells(estimate)) for name, estimate in evaluation.figures.items()]
    out: list[Block] = [Heading("Figures"), table(("figure", "value", "95 % interval"), rows, (1,))]
    silence = evaluation.abstention
    reasons = ", ".join(f"{reason} {count}" for reason, count in evaluation.reasons.items())
    if reasons:
        told = (
            f"Papers without a tag, by reason: {reasons}. Share of them that have indeed no theme: "
            f"{number(silence.precision)}. Share of papers without a theme that get no tag: {number(silence.recall)}."
        )
        out.append(Paragraph(told))
    return out


_SECTIONS: tuple[Callable[[Evaluation, Extras], list[Block]], ...] = (
    promises_section,
    comparison_section,
    calibration_section,
    themes_section,
    slices_section,
    learning_section,
    advice_section,
    confusions_section,
    mistakes_section,
    labels_section,
)
