"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from models.text import clean
from service.feeds.assemble import assemble
from service.feeds.entries import Entry
from service.feeds.json_input import Record, json_entries
from service.feeds.json_shape import shape
from service.feeds.loose import labels, moment, plain_text
from service.feeds.people import names

_VERSION = re.compile(rb'"version"\s*:\s*"https?:(?:\\?/){2}(?:www\.)?jsonfeed\.org\\?/version')
_CONTENT = frozenset(("items[].content_html", "items[].content_text"))
_TEXTS = ("abstract", "summary", "content_text", "content_html")
_SHORT_SUMMARY = 100  # characters; below, it is a teaser


def matches(head: bytes) -> bool:
    """Whether a feed beginning with `head` is a JSON Feed, or items of one without its head."""
    keys = shape(head)
    return bool(keys) and (_VERSION.search(head) is not None or bool(_CONTENT & keys))


def read_stream(stream: BinaryIO) -> Iterator[Entry]:
    """The items of a JSON Feed as papers.

    Raises:
        FeedError: it is not JSON at all.
    """
    return json_entries(stream, ("items",), _paper)


def _paper(position: int, record: Record) -> Entry:
    return assemble(
        position,
        doi=plain_text(record.get("doi")),
        url=plain_text(record.get("url")) or plain_text(record.get("external_url")),
        own=plain_text(record.get("id")) or plain_text(record.get("guid")),
        title=plain_text(record.get("title")),
        abstract=_abstract(record),
        authors=names(record.get("authors")) or names(record.get("author")),
        categories=_categories(record),
        published=moment(record.get("date_published") or record.get("published_at")),
        updated=moment(record.get("date_modified") or record.get("updated_at")),
    )


def _categories(record: Record) -> list[str]:
    ours = record.get("_paperwire")  # our own feeds have themes among their tags, which are no categories of the paper
    return labels(ours.get("categories") if isinstance(ours, dict) else record.get("tags"))


def _abstract(record: Record) -> str:
    """The abstract that feeds of repositories add, else the summary unless it is short and content longer."""
    abstract, summary, text, markup = (plain_text(record.get(name)) for name in _TEXTS)
    content = text or markup
    return abstract or (content if len(content) > len(summary) and len(clean(summary)) < _SHORT_SUMMARY else summary)
