"""Papers from the Semantic Scholar APIs (graph, recommendations) and its data sets.

Formats: https://api.semanticscholar.org/api-docs/ and .../api-docs/datasets, which write the same
names without capitals. Citations and references hold their paper one layer down. Which fields there
are is for the request to say: a reply without titles gives skipped entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from service.feeds.assemble import assemble
from service.feeds.entries import Entry
from service.feeds.json_input import Record, json_entries
from service.feeds.json_shape import shape
from service.feeds.loose import labels, moment, plain_text
from service.feeds.people import names

_WAYS = ("data[].", "recommendedPapers[].", "papers[].", "[].", "data[].citingPaper.", "data[].citedPaper.", "")
_SIGNS = ("paperId", "corpusid")
_OTHER_SIGNS = frozenset(("recommendedPapers", "citingPaper.paperId", "citedPaper.paperId"))


def matches(head: bytes) -> bool:
    """Whether a feed beginning with `head` comes from Semantic Scholar."""
    keys = shape(head)
    return bool(_OTHER_SIGNS & keys) or any(f"{way}{sign}" in keys for way in _WAYS for sign in _SIGNS)


def read_stream(stream: BinaryIO) -> Iterator[Entry]:
    """The papers of a Semantic Scholar reply or data set; memory stays flat for the data sets.

    Raises:
        FeedError: it is not JSON at all.
    """
    return json_entries(stream, ("data", "recommendedPapers", "papers", "citingPaper", "citedPaper"), _paper)


def _paper(position: int, record: Record) -> Entry:
    inner = record.get("citingPaper") or record.get("citedPaper")
    fields = {key.lower(): value for key, value in (inner if isinstance(inner, dict) else record).items()}
    known_as = _external_ids(fields)
    return assemble(
        position,
        arxiv=known_as.get("arxiv", ""),
        doi=known_as.get("doi", ""),
        own=_own(fields),
        title=plain_text(fields.get("title")),
        abstract=plain_text(fields.get("abstract")),
        authors=names(fields.get("authors")),
        categories=labels(fields.get("fieldsofstudy") or fields.get("s2fieldsofstudy")),
        published=moment(fields.get("publicationdate") or fields.get("year")),
        url=plain_text(fields.get("url")),
    )


def _external_ids(fields: Mapping[str, Any]) -> dict[str, str]:
    given = fields.get("externalids")
    return {key.lower(): plain_text(value) for key, value in given.items()} if isinstance(given, dict) else {}


def _own(fields: Mapping[str, Any]) -> str:
    name = plain_text(fields.get("paperid")) or plain_text(fields.get("corpusid"))
    return f"s2:{name}" if name else ""
