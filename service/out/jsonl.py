"""JSON Lines, and JSON lists written item by item."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

from service.out.names import ThemeNames
from service.out.record import paper_record
from service.store import StoredPaper

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def write(papers: Iterable[StoredPaper], names: ThemeNames, target: BinaryIO) -> int:
    """The number of papers written, one JSON object a line, as the API gives them."""
    count = 0
    for stored in papers:
        target.write(_line(paper_record(stored, names)))
        count += 1
    return count


def write_list(records: Iterable[Mapping[str, Any]], target: BinaryIO) -> int:
    """The number of records written, as one JSON list with a record a line."""
    count = 0
    for record in records:
        target.write((b",\n" if count else b"[\n") + _line(record).rstrip(b"\n"))
        count += 1
    target.write(b"\n]\n" if count else b"[]\n")
    return count


def _line(record: Mapping[str, Any]) -> bytes:
    # Half a surrogate pair has no UTF-8; the escape that stands for it is JSON's own.
    return f"{_ENCODE(record)}\n".encode("utf-8", "backslashreplace")
