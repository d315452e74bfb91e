"""CSV (RFC 4180) for spreadsheets: every cell in quotes, and none that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import BinaryIO

from service.out.names import ThemeNames
from service.out.text import iso_time, legal_line
from service.store import StoredPaper, StoredTag

# A spreadsheet runs what begins like this: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_SEPARATOR = "; "

Cell = Callable[[StoredPaper, ThemeNames], str]


def _tags(stored: StoredPaper) -> tuple[StoredTag, ...]:
    return stored.tagging.tags if stored.tagging else ()


def _time(moment: datetime | None) -> str:
    return iso_time(moment) if moment else ""


def _novelty(stored: StoredPaper) -> str:
    known = stored.tagging is not None and stored.tagging.novelty is not None
    return f"{stored.tagging.novelty:.4f}" if stored.tagging is not None and known else ""


COLUMNS: Mapping[str, Cell] = {
    "id": lambda s, _: s.paper.id,
    "version": lambda s, _: str(s.paper.version or ""),
    "title": lambda s, _: s.paper.title,
    "authors": lambda s, _: _SEPARATOR.join(s.paper.authors),
    "categories": lambda s, _: " ".join(s.paper.categories),
    "published": lambda s, _: _time(s.paper.published),
    "updated": lambda s, _: _time(s.paper.updated),
    "url": lambda s, _: s.paper.url,
    "doi": lambda s, _: s.paper.doi,
    "comment": lambda s, _: s.paper.comment,
    "abstract": lambda s, _: s.paper.abstract,
    "primary_theme": lambda s, _: s.tagging.primary if s.tagging else "",
    "themes": lambda s, _: _SEPARATOR.join(tag.theme for tag in _tags(s)),
    "theme_labels": lambda s, names: _SEPARATOR.join(names.label(tag.theme) for tag in _tags(s)),
    "probabilities": lambda s, _: _SEPARATOR.join(f"{tag.probability:.4f}" for tag in _tags(s)),
    "tag_sources": lambda s, _: _SEPARATOR.join(tag.source for tag in _tags(s)),
    "novelty": lambda s, _: _novelty(s),
    "reasons": lambda s, _: _SEPARATOR.join(s.tagging.reasons) if s.tagging else "",
    "bundle": lambda s, _: s.tagging.bundle if s.tagging else "",
    "tagged": lambda s, _: _time(s.tagging.time) if s.tagging else "",
    "first_seen": lambda s, _: _time(s.first_seen),
    "withdrawn": lambda s, _: str(s.withdrawn).lower(),
}
"""Columns in order; several values share a cell, separated by semicolons."""


def write(papers: Iterable[StoredPaper], names: ThemeNames, target: BinaryIO) -> int:
    """The number of papers written, a row each under a header."""
    target.write(_row(COLUMNS))
    count = 0
    for stored in papers:
        target.write(_row(harmless(legal_line(cell(stored, names))) for cell in COLUMNS.values()))
        count += 1
    return count


def harmless(cell: str) -> str:
    """The cell, behind an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _row(cells: Iterable[str]) -> bytes:
    line = io.StringIO()
    # Quotes around all: a spreadsheet that parts columns by semicolons must not find more cells.
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(cells)
    return line.getvalue().encode("utf-8")
