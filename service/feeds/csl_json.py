"""CSL-JSON, what citation processors and reference managers exchange.

Format: https://github.com/citation-style-language/schema (csl-data.json): a list of items, or one.
Dates are `{"date-parts": [[2026, 3, 10]]}`, or text under `raw` or `literal`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from service.feeds.assemble import assemble
from service.feeds.dates import date_of, parse_date
from service.feeds.entries import Entry
from service.feeds.json_input import Record, json_entries
from service.feeds.json_shape import shape
from service.feeds.loose import labels, plain_text
from service.feeds.people import names

_WAYS = ("", "[].", "items[].", "references[].")
_SIGNS = ("issued.date-parts", "issued.raw", "issued.literal", "container-title")


def matches(head: bytes) -> bool:
    """Whether a feed beginning with `head` is CSL-JSON: typed items with its hyphened or capital names."""
    keys = shape(head)
    return any(
        {f"{way}type", f"{way}title"} <= keys and any(f"{way}{sign}" in keys for sign in _SIGNS) for way in _WAYS
    )


def read_stream(stream: BinaryIO) -> Iterator[Entry]:
    """The items of a CSL-JSON library as papers.

    Raises:
        FeedError: it is not JSON at all.
    """
    return json_entries(stream, ("items", "references"), _paper)


def csl_date(value: object) -> datetime | None:
    """Midnight UTC of a CSL date, missing month and day taken as the first, or None.

    Crossref writes its dates the same way.
    """
    if not isinstance(value, dict):
        return parse_date(plain_text(value))
    parts = value.get("date-parts")
    first = parts[0] if isinstance(parts, list) and parts else None
    if isinstance(first, list) and first:
        year, month, day = (plain_text(part) for part in [*first, "", "", ""][:3])
        return date_of(year, month, day)
    return parse_date(plain_text([value.get("date-time"), value.get("raw"), value.get("literal")]))


def _paper(position: int, record: Record) -> Entry:
    return assemble(
        position,
        arxiv=_arxiv(record),
        doi=plain_text(record.get("DOI")),
        url=plain_text(record.get("URL")),
        own=plain_text(record.get("id")),
        title=plain_text(record.get("title")),
        abstract=plain_text(record.get("abstract")),
        authors=names(record.get("author")),
        categories=labels(record.get("categories")),
        published=csl_date(record.get("issued")),
        comment=plain_text(record.get("note")),
    )


def _arxiv(record: Record) -> str:
    # Zotero writes the number of a preprint "arXiv:2301.00001"; the archive's name may stand beside it.
    number = plain_text(record.get("number"))
    place = plain_text(record.get("archive_location")) or number
    return (
        place if plain_text(record.get("archive")).lower() == "arxiv" else number if "arxiv" in number.lower() else ""
    )
