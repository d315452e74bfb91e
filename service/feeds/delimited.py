"""Tables with a header: CSV, TSV, and the same with semicolons or bars.

Quoting follows RFC 4180 and may hold line ends. Real tables break it: a quote that opens and never
closes would swallow all rows to the next one. A row that breaks the rules is therefore read once
more by itself, by looser ones, and everything after its first line again from the start, so that it
costs no other. Columns may be called anything `loose` knows; which sign parts them is told from the
header.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Literal

from models.errors import FeedError
from service.feeds.entries import EMPTY, MAX_ENTRY_BYTES, Entry, Skipped
from service.feeds.loose import TEXT_NAMES, loose_paper, squeezed
from service.feeds.text_input import Line, decode, doubts, lines, open_text

_DELIMITERS = (",", "\t", ";", "|")
_DECLARED = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # how Excel is told, and tells
_MOST_SECOND_READINGS = 200
_TOO_LARGE = f"over {MAX_ENTRY_BYTES >> 20} MiB: too large for one paper"

# The limit belongs to the csv module as a whole; its default of 128 KiB would cut long abstracts' rows.
csv.field_size_limit(MAX_ENTRY_BYTES)


class _Source:
    """Lines for csv.reader that can be given back, so that a row that swallowed others returns them."""

    def __init__(self, all_lines: Iterator[Line]) -> None:
        self._lines = all_lines
        self._again: list[Line] = []
        self.taken: list[Line] = []
        self._readings = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._lines)
        self.taken.append(line)
        return (line.text or "") + "\n"

    def give_back(self) -> bool:
        """Whether all lines taken but the first will come again: not if that was asked so often as to be an attack."""
        self._readings += len(self.taken) > 1
        if self._readings > _MOST_SECOND_READINGS:
            return False
        self._again.extend(reversed(self.taken[1:]))
        return True


def matches(head: bytes) -> bool:
    """Whether the first line of a feed beginning with `head` is a header that names a title or an abstract."""
    header, delimiter = _header(line for line in decode(head).splitlines() if line.strip())
    return bool(delimiter) and len(header) > 1


def read_stream(stream: BinaryIO) -> Iterator[Entry]:
    """The rows of a table as papers, one by one; the position is the line a row begins on.

    Raises:
        FeedError: the first line names no column for a title or an abstract.
    """
    text = open_text(stream)
    yield from doubts(text)
    source = _Source(line for line in lines(text) if line.text is None or line.text.strip())
    header, delimiter = _header(source)
    if not delimiter:
        raise FeedError(f"a table whose first line names no column for a title or an abstract: {_shown(header)}")
    nothing = True
    for number, row in _rows(source, delimiter, len(header)):
        nothing = False
        yield (
            Skipped(number, row) if isinstance(row, str) else loose_paper(number, dict(zip(header, row, strict=False)))
        )
    if nothing:
        yield EMPTY


def _shown(header: Sequence[str]) -> str:
    return ", ".join(repr(name[:40]) for name in header[:8]) or "it is empty"


def _header(filled_lines: Iterator[str]) -> tuple[list[str], str]:
    """The column names and the sign between them; "" for the sign if no column holds a text."""
    line = next(filled_lines, "")
    declared = _DECLARED.fullmatch(line)
    if declared:
        line = next(filled_lines, "")
    for delimiter in declared[1] if declared else _DELIMITERS:
        names = _loosely(line, delimiter)
        if any(squeezed(name) in TEXT_NAMES for name in names):
            return names, delimiter
    return _loosely(line, ","), ""


def _rows(source: _Source, delimiter: str, width: int) -> Iterator[tuple[int, list[str] | str]]:
    """The number of the line each row begins on, and the row, or what is wrong with it."""
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        source.taken.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            row = []
        first, several = source.taken[0], len(source.taken) > 1
        if len(row) == width or (row and not several):
            yield first.number, _fitting(row, width, source.taken)
        else:
            yield first.number, _second_reading(source, delimiter, width)


def _fitting(row: list[str], width: int, taken: Sequence[Line]) -> list[str] | str:
    if any(line.text is None for line in taken) or sum(len(line.text or "") for line in taken) > MAX_ENTRY_BYTES:
        return _TOO_LARGE
    if any(field.strip() for field in row[width:]):
        return f"{len(row)} fields where the header names {width}: quote the fields that hold the delimiter"
    return row


def _second_reading(source: _Source, delimiter: str, width: int) -> list[str] | str:
    """The first line taken as a row by itself, with quotes that need not close, then without quotes."""
    first, last = source.taken[0], source.taken[-1]
    if not source.give_back():
        return f"quotes are broken all over: lines {first.number} to {last.number} are lost; export the table again"
    if first.text is None:
        return _TOO_LARGE
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        row = _loosely(first.text, delimiter, quoting)
        if len(row) == width:
            return row
    return f"a quote that does not close, or closes too early: {len(row)} fields where the header names {width}"


def _loosely(line: str, delimiter: str, quoting: Literal[0, 3] = csv.QUOTE_MINIMAL) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, quoting=quoting), [])
    except csv.Error:
        return []
