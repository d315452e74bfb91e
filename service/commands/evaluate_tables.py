"""An evaluation as tables on standard output: coloured on a terminal, plain in a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.words import counted
from training.cells import FIGURE_NAMES, comparison_rows, estimate_cells, slice_cells, theme_cells
from training.evaluate import Evaluation
from training.intervals import Comparison

_PLAIN_WIDTH = 120


def show(evaluation: Evaluation, comparison: Comparison | None = None, console: Console | None = None) -> None:
    """Print figures, promises, themes and parts of the papers, and the comparison where there is one."""
    out = console or _console()
    model, options = evaluation.model, evaluation.options
    out.print(
        Text(
            f"{model['name']} {model['version']} ({model['sha256'][:12]}), profile {options.profile}, "
            f"promise {options.promise}, {counted(len(evaluation.predictions), 'paper')}"
        )
    )
    if evaluation.seen:
        warning = f"{evaluation.seen} of these papers were in the bundle's training data: the figures flatter it"
        out.print(Text(warning, style="bold red"))
    for table in _tables(evaluation, comparison):
        out.print()
        out.print(table)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


def _tables(evaluation: Evaluation, comparison: Comparison | None) -> Iterable[Table]:
    yield _table(
        ("figure", "value", "95 % interval"),
        [(FIGURE_NAMES[name], *estimate_cells(estimate)) for name, estimate in evaluation.figures.items()],
        (1,),
    )
    yield _promises(evaluation)
    if evaluation.reasons:
        rows = [(reason, str(count)) for reason, count in evaluation.reasons.items()]
        yield _table(("reason for no tag", "papers"), rows, (1,))
    yield _slices(evaluation)
    yield _themes(evaluation)
    if comparison:
        yield _comparison(comparison)


def _promises(evaluation: Evaluation) -> Table:
    rows = [
        (check.promise, *estimate_cells(check.measured), "kept" if check.kept else "broken", ", ".join(check.broken))
        for check in evaluation.promises
    ]
    return _table(("promise", "measured", "95 % interval", "", "themes that break it"), rows, (1,))


def _slices(evaluation: Evaluation) -> Table:
    rows = [(f"{part.kind}: {part.name}", *slice_cells(part)) for part in evaluation.slices]
    headers = ("part", "papers", "micro-F1", "95 % interval", "P@1", "nDCG@5", "ECE", "coverage")
    return _table(headers, rows, (1, 2, 4, 5, 6, 7))


def _themes(evaluation: Evaluation) -> Table:
    rows = [(theme.theme, *theme_cells(theme)) for theme in evaluation.themes]
    headers = ("theme", "true", "given", "precision", "recall", "F1", "95 % interval", "AP")
    return _table(headers, rows, (1, 2, 3, 4, 5, 7))


def _comparison(comparison: Comparison) -> Table:
    headers = ("figure", "before", "now", "difference", "95 % interval", "p", "significant")
    table = _table(headers, comparison_rows(comparison), (1, 2, 3, 5))
    shared = counted(comparison.papers, "shared paper")
    table.title = Text(f"before: {comparison.first}; now: {comparison.second}; {shared}")
    table.title_justify = "left"
    return table


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for position, header in enumerate(headers):
        table.add_column(Text(header), justify="right" if position in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
