"""RIS, what reference managers export; each record is read by itself with rispy.

Tags by https://en.wikipedia.org/wiki/RIS_(file_format) and rispy's table. Producers disagree on
blanks around the dash and leave records without an end; both are put right before rispy sees them,
which would otherwise lose the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO

import rispy

from models.errors import FeedError
from service.feeds.assemble import assemble
from service.feeds.dates import parse_date
from service.feeds.entries import MAX_ENTRY_BYTES, Entry, Skipped
from service.feeds.people import turned
from service.feeds.text_input import Line, decode, doubts, lines, open_text

_TAG = re.compile(r"\s{0,9}([A-Z][A-Z0-9])([ \t]{1,4})-[ \t]{0,9}(.*)")
_START = re.compile(r"^[ \t]{0,9}TY[ \t]{1,4}-[ \t]{0,4}\w[\w /-]{1,30}$", re.MULTILINE)
_TITLES = ("title", "primary_title", "translated_title", "short_title")
_BOOK_TITLES = ("secondary_title", "tertiary_title")  # T2 and BT, the title itself where nothing else is
_DATES = ("date", "publication_year", "year")
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s;]{1,300}")


def matches(head: bytes) -> bool:
    """Whether a feed beginning with `head` has a RIS record in its first part."""
    return _START.search(decode(head)) is not None


def read_stream(stream: BinaryIO) -> Iterator[Entry]:
    """The records of a RIS file as papers, one by one; the position is the line a record begins on.

    Raises:
        FeedError: there is no record in it.
    """
    text = open_text(stream)
    yield from doubts(text)
    nothing = True
    for number, record in _records(lines(text)):
        nothing = False
        yield _entry(number, record)
    if nothing:
        raise FeedError("no RIS: no line begins with 'TY  - ', with which every record begins")


def _records(all_lines: Iterator[Line]) -> Iterator[tuple[int, list[str] | None]]:
    """The line each record begins on, and its lines made regular; None for one that is too large."""
    start, record, size = 0, [""], 0
    for number, text in all_lines:
        tag = _tag(text or "")
        if tag and tag[1] == "TY":
            if start:
                yield start, record if size <= MAX_ENTRY_BYTES else None
            start, record, size = number, [], 0
        size += MAX_ENTRY_BYTES + 1 if text is None else len(text)
        if start and size <= MAX_ENTRY_BYTES:
            record.append(f"{tag[1]}  - {tag[3]}" if tag else text or "")
        if start and tag and tag[1] == "ER":
            yield start, record if size <= MAX_ENTRY_BYTES else None
            start = 0
    if start:
        yield start, record if size <= MAX_ENTRY_BYTES else None


def _tag(line: str) -> re.Match[str] | None:
    # Two blanks before the dash are the standard; "AI - a survey" is the middle of an abstract.
    tag = _TAG.match(line)
    return tag if tag and (tag[2] == "  " or tag[1] in rispy.TAG_KEY_MAPPING) else None


def _entry(number: int, record: list[str] | None) -> Entry:
    if record is None:
        return Skipped(number, f"over {MAX_ENTRY_BYTES >> 20} MiB: too large for one paper")
    try:
        fields = rispy.loads("\n".join([*record, "ER  - "]))[0]
    except (IndexError, KeyError, TypeError, AttributeError) as error:  # how rispy fails on odd continuations
        return Skipped(number, f"a RIS record that cannot be read ({type(error).__name__}: {error})")
    return _paper(number, fields)


def _paper(number: int, fields: Mapping[str, Any]) -> Entry:
    addresses = [address for address in fields.get("urls", []) if address]
    return assemble(
        number,
        arxiv=next((text for text in (_text(fields, "accession_number"), *addresses) if "arxiv" in text.lower()), ""),
        doi=_doi(fields),
        url=next(iter(addresses), ""),
        own=_text(fields, "id", "accession_number", "label"),
        title=_text(fields, *_TITLES) or _text(fields, *_BOOK_TITLES),
        abstract=_text(fields, "abstract", "notes_abstract"),
        authors=[turned(name) for name in fields.get("authors") or fields.get("first_authors") or []],
        published=_date(fields),
        comment=" ".join(fields.get("notes", [])),
    )


def _doi(fields: Mapping[str, Any]) -> str:
    given = _text(fields, "doi")
    found = _DOI.search(_text(fields, "type_of_work"))  # EndNote writes the DOI to M3
    return given or (found[0] if found else "")


def _date(fields: Mapping[str, Any]) -> datetime | None:
    # "2005/02/01/season": the last part is free text.
    for name in _DATES:
        year, month, day = [*_text(fields, name).split("/"), "", ""][:3]
        moment = parse_date("-".join(filter(None, (year, month, day)))) or parse_date(year)
        if moment:
            return moment
    return None


def _text(fields: Mapping[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := fields.get(name), str) and value), "")
