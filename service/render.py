"""Answers written down: JSON Lines for programs, CSV for spreadsheets, a table for people."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from models.tagging import Detail, Tagging
from models.text import clean

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode
# A spreadsheet runs what begins like this: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MIN_WIDTH = 60


class JsonLines:
    """One answer a line, as the API gives it.

    Args:
        detail: how much of it.
    """

    header = b""

    def __init__(self, detail: Detail) -> None:
        self._detail = detail

    def render(self, taggings: Sequence[Tagging]) -> bytes:
        """The lines in UTF-8."""
        text = "".join(f"{_ENCODE(tagging.to_json(self._detail))}\n" for tagging in taggings)
        # Half a surrogate pair has no UTF-8; the escape that stands for it is JSON's own.
        return text.encode("utf-8", "backslashreplace")


Column = Callable[[Tagging], object]

_IDS: dict[str, Column] = {
    "id": lambda t: t.id,
    "tags": lambda t: ";".join(tag.theme for tag in t.tags),
}
_SCORES: dict[str, Column] = {
    "id": lambda t: t.id,
    "version": lambda t: t.version,
    "title": lambda t: t.title,
    "primary": lambda t: t.primary,
    "tags": lambda t: ";".join(tag.theme for tag in t.tags),
    "probabilities": lambda t: ";".join(f"{tag.probability:.4f}" for tag in t.tags),
    "reasons": lambda t: ";".join(t.reasons),
    "novelty": lambda t: f"{t.novelty:.4f}",
    "truncated": lambda t: str(t.truncated).lower(),
    "profile": lambda t: t.profile,
    "model": lambda t: f"{t.model.name} {t.model.version}",
}
_FULL: dict[str, Column] = {
    **_SCORES,
    "evidence": lambda t: " | ".join(f"{tag.theme}: {item.text}" for tag in t.tags for item in tag.evidence),
    "neighbours": lambda t: ";".join(neighbour.id for neighbour in t.neighbours),
}
COLUMNS: Mapping[Detail, Mapping[str, Column]] = {"ids": _IDS, "scores": _SCORES, "full": _FULL}
"""Columns of a CSV file, by detail; several tags share a cell, separated by semicolons."""


class Csv:
    """One answer a row, under a header.

    Cells that a spreadsheet would take for a formula begin with an apostrophe.

    Args:
        detail: which columns.
    """

    def __init__(self, detail: Detail) -> None:
        self._detail: Detail = detail
        self.header = _csv([list(COLUMNS[detail])])

    def render(self, taggings: Sequence[Tagging]) -> bytes:
        """The rows in UTF-8, as RFC 4180 has them."""
        columns = COLUMNS[self._detail].values()
        return _csv([[_harmless(cell(tagging)) for cell in columns] for tagging in taggings])


class PaperTable:
    """Paper, tags and probabilities side by side; columns are as wide as the terminal allows.

    Args:
        width: characters in a line. colour: whether to style for a terminal.
    """

    def __init__(self, width: int, *, colour: bool) -> None:
        self._width = max(width, _MIN_WIDTH)
        self._colour = colour
        self.header = self._printed(self._table(show_header=True))

    def render(self, taggings: Sequence[Tagging]) -> bytes:
        """The rows, a blank line after each paper."""
        table = self._table(show_header=False)
        for tagging in taggings:
            table.add_row(_paper(tagging), *_tags(tagging))
        return self._printed(table)

    def _table(self, *, show_header: bool) -> Table:
        from rich.table import Table  # only people need it, and start-up time counts

        table = Table(box=None, show_header=show_header, header_style="bold", pad_edge=False, padding=(0, 2, 1, 0))
        free = self._width - 11 - 2 * 2
        table.add_column("Paper", width=free * 55 // 100)
        table.add_column("Tags", width=free - free * 55 // 100, no_wrap=True, overflow="ellipsis")
        table.add_column("Probability", width=11, justify="right")
        return table

    def _printed(self, table: Table) -> bytes:
        from rich.console import Console

        target = io.StringIO()
        console = Console(
            file=target,
            width=self._width,
            force_terminal=self._colour,
            color_system="standard" if self._colour else None,
            legacy_windows=False,
        )
        console.print(table)
        return "".join(f"{line.rstrip()}\n" for line in target.getvalue().splitlines()).encode("utf-8", "replace")


def _paper(tagging: Tagging) -> Text:
    from rich.text import Text

    title = clean(tagging.title) or "(no title)"
    return Text.assemble((title, "bold"), "\n", (clean(tagging.id), "dim"))


def _tags(tagging: Tagging) -> tuple[Text, Text]:
    from rich.text import Text

    if tagging.tags:
        labels = Text("\n").join(Text(clean(tag.label), "cyan") for tag in tagging.tags)
        return labels, Text("\n".join(f"{tag.probability:.2f}" for tag in tagging.tags))
    reason = ", ".join(tagging.reasons).replace("_", " ")
    labels = Text(f"no tag: {reason}", "yellow")
    if not tagging.scores or "below_threshold" not in tagging.reasons:
        return labels, Text("")
    nearest, probability = tagging.scores[0]
    return labels.append(f"\nnearest: {nearest}", "dim"), Text(f"\n{probability:.2f}", "dim")


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    target = io.StringIO()
    csv.writer(target).writerows(rows)
    return target.getvalue().encode("utf-8", "replace")


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
