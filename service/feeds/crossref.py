"""Works from the Crossref REST API: one, a page of them, or a public data file.

Format: https://api.crossref.org/swagger-ui/index.html#/Works. Titles are lists, abstracts JATS XML
(kept for display), dates CSL dates; what comes without a title or an abstract is skipped, members
and journals among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from service.feeds.assemble import assemble
from service.feeds.csl_json import csl_date
from service.feeds.entries import Entry
from service.feeds.json_input import Record, json_entries
from service.feeds.json_shape import shape
from service.feeds.loose import labels, plain_text
from service.feeds.people import names

_WAYS = ("message.", "message.items[].", "items[].", "[].", "")
_SIGNS = ("is-referenced-by-count", "references-count", "content-domain")
_DATES = ("issued", "published", "published-online", "posted", "published-print", "created")


def matches(head: bytes) -> bool:
    """Whether a feed beginning with `head` is a Crossref reply or data file."""
    keys = shape(head)
    return "message-type" in keys or any(f"{way}{sign}" in keys for way in _WAYS for sign in _SIGNS)


def read_stream(stream: BinaryIO) -> Iterator[Entry]:
    """The works of a Crossref reply as papers.

    Raises:
        FeedError: it is not JSON at all.
    """
    return json_entries(stream, ("message.items", "message", "items"), _paper)


def _paper(position: int, record: Record) -> Entry:
    return assemble(
        position,
        doi=plain_text(record.get("DOI")),
        url=_landing_page(record),
        own=plain_text(record.get("id")),
        title=_title(record),
        abstract=plain_text(record.get("abstract")),
        authors=names(record.get("author")),
        categories=labels(record.get("subject")),
        published=next(filter(None, (csl_date(record.get(name)) for name in _DATES)), None),
    )


def _title(record: Record) -> str:
    title, subtitle = plain_text(record.get("title")), plain_text(record.get("subtitle"))
    return f"{title}: {subtitle}" if title and subtitle and subtitle not in title else title


def _landing_page(record: Record) -> str:
    resource = record.get("resource")
    primary = resource.get("primary") if isinstance(resource, dict) else None
    page = plain_text(primary.get("URL")) if isinstance(primary, dict) else ""
    return page or plain_text(record.get("URL"))
