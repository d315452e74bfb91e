"""Works from the DataCite REST API, and DataCite JSON by itself.

Formats: https://support.datacite.org/docs/api and the JSON twin of
https://schema.datacite.org/meta/kernel-4/. arXiv registers its papers here, with its own number
among the identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO

from models.paper import arxiv_id
from service.feeds.assemble import assemble
from service.feeds.entries import Entry, Skipped
from service.feeds.json_input import Record, json_entries
from service.feeds.json_shape import shape
from service.feeds.loose import labels, moment, plain_text, version_number
from service.feeds.people import names, turned

_WAYS = ("data.attributes.", "data[].attributes.", "attributes.", "[].attributes.", "[].", "")
# The values of `resourceTypeGeneral` (appendix 1 of the schema) that are no writing about research.
NO_PAPER = frozenset(
    (
        *("Audiovisual", "Award", "Collection", "ComputationalNotebook", "Dataset", "Event", "Image", "Instrument"),
        *("InteractiveResource", "Model", "PhysicalObject", "Project", "Service", "Software", "Sound", "Workflow"),
    )
)
"""Kinds of DataCite resources that are skipped."""

# arXiv registers "Digital Libraries (cs.DL)".
_ARXIV_SUBJECT = re.compile(r"^[^()]{1,80}\(([a-z-]{2,9}(?:\.[A-Za-z-]{2,9})?)\)$")
_SIGNS = ("titles[].title", "creators[].name")


def matches(head: bytes) -> bool:
    """Whether a feed beginning with `head` comes from DataCite."""
    keys = shape(head)
    return any(all(f"{way}{sign}" in keys for sign in _SIGNS) for way in _WAYS)


def read_stream(stream: BinaryIO) -> Iterator[Entry]:
    """The works of a DataCite reply or data file as papers.

    Raises:
        FeedError: it is not JSON at all.
    """
    return json_entries(stream, ("data",), _paper)


def _paper(position: int, record: Record) -> Entry:
    inner = record.get("attributes")
    fields: Mapping[str, Any] = inner if isinstance(inner, dict) else record
    doi = plain_text(fields.get("doi")) or plain_text(record.get("id"))
    types = fields.get("types")
    kind = plain_text(types.get("resourceTypeGeneral")) if isinstance(types, dict) else ""
    if kind in NO_PAPER:
        return Skipped(position, f"DataCite calls this a {kind}, not a text", doi)
    return assemble(
        position,
        arxiv=next((text for text in _texts(fields, "identifiers", "identifier") if arxiv_id(text)), ""),
        doi=doi,
        url=plain_text(fields.get("url")),
        title=next(iter(_texts(fields, "titles", "title")), ""),
        abstract=_abstract(fields),
        version=version_number(fields.get("version")) if arxiv_id(doi) else None,
        authors=[turned(name) for name in names(fields.get("creators"))],
        categories=[_ARXIV_SUBJECT.sub(r"\1", subject) for subject in labels(fields.get("subjects"))],
        published=_date(fields, "Submitted") or _date(fields, "Issued") or moment(fields.get("publicationYear")),
        updated=_date(fields, "Updated"),
    )


def _abstract(fields: Mapping[str, Any]) -> str:
    descriptions = _objects(fields, "descriptions")
    # Other descriptions are methods, tables of contents, "Version 2 of ...": no abstract is better.
    abstracts = [item for item in descriptions if plain_text(item.get("descriptionType")) == "Abstract"]
    return next(filter(None, (plain_text(item.get("description")) for item in abstracts)), "")


def _date(fields: Mapping[str, Any], kind: str) -> datetime | None:
    given = (item for item in _objects(fields, "dates") if plain_text(item.get("dateType")) == kind)
    return next(filter(None, (moment(item.get("date")) for item in given)), None)


def _texts(fields: Mapping[str, Any], name: str, key: str) -> list[str]:
    return list(filter(None, (plain_text(item.get(key)) for item in _objects(fields, name))))


def _objects(fields: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    values = fields.get(name)
    return [item for item in values if isinstance(item, dict)] if isinstance(values, list) else []
