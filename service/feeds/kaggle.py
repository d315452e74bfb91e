"""The arXiv metadata snapshot on Kaggle: JSON Lines, one paper a line.

Fields, by https://www.kaggle.com/datasets/Cornell-University/arxiv: `id`, `submitter`, `authors`,
`title`, `comments`, `journal-ref`, `doi`, `report-no`, `categories` (parted by spaces, primary
first), `abstract` (hard-wrapped), `versions` (`[{"version": "v1", "created": RFC 822}]`),
`update_date`, `authors_parsed` (`[last, first, suffix]`, affiliations after those).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO

from service.feeds.assemble import assemble
from service.feeds.byline import names_in
from service.feeds.dates import parse_date
from service.feeds.entries import Entry
from service.feeds.json_input import Record, json_entries
from service.feeds.json_shape import shape
from service.feeds.loose import plain_text, version_number

_SIGNS = ("submitter", "authors_parsed", "update_date", "versions[].created")


def matches(head: bytes) -> bool:
    """Whether a feed beginning with `head` is the Kaggle snapshot or a part of it."""
    keys = shape(head)
    return any(sum(f"{way}{sign}" in keys for sign in _SIGNS) >= 2 for way in ("", "[]."))


def read_stream(stream: BinaryIO) -> Iterator[Entry]:
    """The papers of a snapshot one by one, with flat memory.

    Raises:
        FeedError: it is not JSON at all.
    """
    return json_entries(stream, (), _paper)


def _paper(position: int, record: Record) -> Entry:
    name = plain_text(record.get("id"))
    version, first, latest = _history(record)
    return assemble(
        position,
        arxiv=name,
        own=name,
        url=f"https://arxiv.org/abs/{name}" if name else "",
        doi=plain_text(record.get("doi")).split(" ")[0],
        title=plain_text(record.get("title")),
        abstract=plain_text(record.get("abstract")),
        version=version,
        authors=_authors(record),
        categories=plain_text(record.get("categories")).split(),
        published=first,
        updated=latest or parse_date(plain_text(record.get("update_date"))),
        comment=plain_text(record.get("comments")),
    )


def _history(record: Record) -> tuple[int | None, datetime | None, datetime | None]:
    """Number of the latest version, moments of the first and of the latest."""
    versions = record.get("versions")
    known = [entry for entry in versions if isinstance(entry, dict)] if isinstance(versions, list) else []
    if not known:
        return None, None, None
    first = parse_date(plain_text(known[0].get("created")))
    latest = parse_date(plain_text(known[-1].get("created"))) if len(known) > 1 else first
    return version_number(known[-1].get("version")), first, latest


def _authors(record: Record) -> Iterable[str]:
    parsed = record.get("authors_parsed")
    if not isinstance(parsed, list) or not parsed:
        return names_in(plain_text(record.get("authors")))
    return [_name(parts) for parts in parsed if isinstance(parts, list)]


def _name(parts: list[object]) -> str:
    last, first, suffix = (plain_text(part) for part in [*parts, "", "", ""][:3])
    return " ".join(filter(None, (first, last, suffix)))
