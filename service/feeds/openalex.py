"""Works from OpenAlex: one, a page of them, or the snapshot's JSON Lines.

Format: https://docs.openalex.org/api-entities/works/work-object. Abstracts come as an inverted
index (each word with its places) and are put back into their order. A work with an arXiv page among
its locations is the arXiv paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from models.paper import arxiv_id
from service.feeds.assemble import assemble
from service.feeds.entries import Entry
from service.feeds.json_input import Record, json_entries
from service.feeds.json_shape import shape
from service.feeds.loose import labels, moment, plain_text
from service.feeds.people import names

_WAYS = ("results[].", "[].", "")
_SIGNS = ("abstract_inverted_index", "authorships", "primary_location.landing_page_url")


def matches(head: bytes) -> bool:
    """Whether a feed beginning with `head` comes from OpenAlex."""
    keys = shape(head)
    return any(f"{way}{sign}" in keys for way in _WAYS for sign in _SIGNS) or {"meta.count", "results"} <= keys


def read_stream(stream: BinaryIO) -> Iterator[Entry]:
    """The works of an OpenAlex reply or snapshot as papers; memory stays flat for the snapshot.

    Raises:
        FeedError: it is not JSON at all.
    """
    return json_entries(stream, ("results",), _paper)


def text_of_index(index: object) -> str:
    """The text of an inverted index `{"word": [place, ...]}`, "" if it is none."""
    if not isinstance(index, dict):
        return ""
    placed = [
        (place, str(word))
        for word, places in index.items()
        if isinstance(places, list)
        for place in places
        if isinstance(place, int)
    ]
    return " ".join(word for _, word in sorted(placed))


def _paper(position: int, record: Record) -> Entry:
    pages = _pages(record)
    return assemble(
        position,
        arxiv=next(filter(arxiv_id, pages), ""),
        doi=plain_text(record.get("doi")),
        url=next(filter(None, pages), ""),
        own=plain_text(record.get("id")),
        title=plain_text(record.get("title")) or plain_text(record.get("display_name")),
        abstract=text_of_index(record.get("abstract_inverted_index")) or plain_text(record.get("abstract")),
        authors=names(record.get("authorships")),
        categories=labels(record.get("topics")),
        published=moment(record.get("publication_date") or record.get("publication_year")),
        updated=moment(record.get("updated_date")),
    )


def _pages(record: Record) -> list[str]:
    """Landing pages, that of the primary location first."""
    locations = record.get("locations")
    known = [record.get("primary_location"), *(locations if isinstance(locations, list) else [])]
    return [plain_text(place.get("landing_page_url")) for place in known if isinstance(place, dict)]
