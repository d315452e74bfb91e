"""OAI-PMH answers: https://www.openarchives.org/OAI/openarchivesprotocol.html.

The envelope (records, errors, resumption tokens) and arXiv's own two kinds of metadata, `arXiv` and
`arXivRaw` (https://info.arxiv.org/help/oa/index.html). Dublin Core, DataCite, Crossref and JATS are
read where any feed may hold them. A bare `<record>`, as people save it, is an answer too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

from service.feeds.assemble import assemble
from service.feeds.byline import names_in
from service.feeds.dates import parse_date
from service.feeds.dublin_core import dublin_core
from service.feeds.entries import DELETED, Entry, Note, Skipped
from service.feeds.publisher_xml import publisher_record
from service.feeds.xml_entries import XmlEntry, elements, papers
from service.feeds.xml_guard import Document, expect_root, opened, sniffed
from service.feeds.xml_tree import descend, fields, first, line, local, text

_HEADER = re.compile(rb"<(?:[\w.-]{1,60}:)?record(?:\s[^<>]*+)?>\s*<(?:[\w.-]{1,60}:)?header[\s/>]")
_VERB = re.compile(rb"<(?:[\w.-]{1,60}:)?(ListIdentifiers|ListMetadataFormats|ListSets|Identify)[\s/>]")


def matches(head: bytes) -> bool:
    """Whether `head` begins an OAI-PMH answer, or a record cut out of one."""
    document = sniffed(head)
    if document is None:
        return False
    return document.root == "OAI-PMH" or _HEADER.match(document.data, document.start) is not None


def read(data: bytes, *, broken: bool = False) -> Iterator[Entry]:
    """The papers of an answer; errors, empty answers and a list that goes on elsewhere are notes.

    Raises:
        FeedError: not OAI-PMH, or refused at the gate (see `xml_guard.opened`).
    """
    document = opened(data, broken=broken)
    expect_root(document, "an OAI-PMH answer", "OAI-PMH", "record", "ListRecords", "GetRecord")
    empty = True
    for entry in papers(document, ("record",), _record):
        empty = empty and isinstance(entry, Note)
        yield entry
    yield from _goes_on(document)
    if empty:
        yield from _without_records(document)


def _record(item: XmlEntry) -> Entry:
    record = fields(item.element)
    header = first(record, "header")
    own = line(descend(header, "identifier"))
    if header is not None and header.get("status", "") == "deleted":
        return Skipped(item.position, DELETED, own)
    payload = next(iter(first(record, "metadata") or ()), None)
    if payload is None:
        return Skipped(item.position, "the record has no metadata", own)
    reader = _READERS.get(local(payload))
    return reader(item.position, payload, own) if reader else publisher_record(item.position, payload, own)


def _arxiv(position: int, element: Element, own: str) -> Entry:
    """A paper in the metadata format `arXiv`, which knows no versions."""
    parts = fields(element)
    created = parse_date(line(first(parts, "created")))
    return assemble(
        position,
        arxiv=line(first(parts, "id")) or own,
        doi=line(first(parts, "doi")),
        title=text(first(parts, "title")),
        abstract=text(first(parts, "abstract")),
        authors=[_full_name(author) for author in fields(first(parts, "authors")).get("author", ())],
        categories=line(first(parts, "categories")).split(),
        published=created,
        updated=parse_date(line(first(parts, "updated"))) or created,
        comment=line(first(parts, "comments")),
    )


def _full_name(author: Element) -> str:
    parts = fields(author)
    return " ".join(line(first(parts, name)) for name in ("forenames", "keyname", "suffix"))


def _arxiv_raw(position: int, element: Element, own: str) -> Entry:
    """A paper in the metadata format `arXivRaw`, with the history of its versions."""
    parts = fields(element)
    history = [(_number(version), parse_date(line(descend(version, "date")))) for version in parts.get("version", ())]
    history.sort(key=lambda version: version[0])
    return assemble(
        position,
        arxiv=line(first(parts, "id")) or own,
        doi=line(first(parts, "doi")),
        title=text(first(parts, "title")),
        abstract=text(first(parts, "abstract")),
        version=history[-1][0] or None if history else None,
        authors=names_in(line(first(parts, "authors"))),
        categories=line(first(parts, "categories")).split(),
        published=history[0][1] if history else None,
        updated=history[-1][1] if history else None,
        comment=line(first(parts, "comments")),
    )


def _number(version: Element) -> int:
    digits = version.get("version", "").strip().lower().removeprefix("v")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 3 else 0


_READERS: dict[str, Callable[[int, Element, str], Entry]] = {
    "arXiv": _arxiv,
    "arXivRaw": _arxiv_raw,
    "dc": dublin_core,
    "qualifieddc": dublin_core,
    "thesis": dublin_core,
}


def _goes_on(document: Document) -> Iterator[Note]:
    for token in elements(document, "resumptionToken"):
        if not isinstance(token, Skipped) and line(token.element):
            size = token.element.get("completeListSize", "").strip()
            whole = f" of {size} records" if size else ""
            yield Note(f"the list{whole} goes on: ask again with resumptionToken={line(token.element)}")


def _without_records(document: Document) -> Iterator[Note]:
    reason = "the repository answered without records"
    verb = _VERB.search(document.data, document.start)
    if verb:
        reason = f"an answer to {verb[1].decode('ascii')} holds no papers: ask with verb=ListRecords"
    for error in elements(document, "error"):
        if not isinstance(error, Skipped):
            reason = f"the repository reports {error.element.get('code', 'an error')}: {line(error.element)}".rstrip(
                ": "
            )
    yield Note(reason)
