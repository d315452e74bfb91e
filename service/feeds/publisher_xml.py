"""Records in the XML of publishers and their registries: JATS, PubMed, Crossref, DataCite, IEEE, OSTI.

What is a paper is read; journals, data sets and software are skipped with the reason. A record in
any of these kinds may stand alone, in a list, or inside an OAI-PMH answer (`publisher_record`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple
from xml.etree.ElementTree import Element

from service.feeds.assemble import assemble
from service.feeds.crossref_xml import crossref
from service.feeds.datacite_xml import datacite
from service.feeds.dates import date_of
from service.feeds.dublin_core import dublin_core
from service.feeds.entries import Entry, Skipped
from service.feeds.jats import jats, personal_name
from service.feeds.pubmed import pubmed
from service.feeds.xml_entries import papers
from service.feeds.xml_guard import Document, expect_root, opened, sniffed
from service.feeds.xml_tree import Fields, descend, fields, first, line, local, markup, texts

Reader = Callable[[int, Element, str], Entry]


class _Kind(NamedTuple):
    """What a root element holds: the names of its records, who reads them, and a mark that tells it from others."""

    records: tuple[str, ...]
    read: Reader
    mark: re.Pattern[bytes]


def _ieee(position: int, article: Element, own: str = "") -> Entry:
    """A paper in the exchange format of IEEE Xplore, which has no public description."""
    found = fields(article)
    info = fields(first(found, "articleinfo"))
    authors = fields(first(info, "authorgroup")).get("author", [])
    words = [line(descend(word, "keywordterm")) for group in info.get("keywordset", ()) for word in group]
    return assemble(
        position,
        doi=line(first(info, "articledoi")),
        own=own or line(first(info, "amsid")),
        title=markup(first(found, "title")),
        abstract=markup(first(info, "abstract")),
        authors=[line(descend(one, "nonnormname")) or personal_name(one, "firstname", "surname") for one in authors],
        categories=words,
        published=_ieee_date(info),
    )


def _ieee_date(info: Fields) -> datetime | None:
    by_kind = {date.get("datetype", ""): date for date in reversed(info.get("date", []))}
    chosen = next((by_kind[kind] for kind in ("ePub", "OriginalPub", "preprintdate") if kind in by_kind), None)
    return date_of(*(line(descend(chosen, part)) for part in ("year", "month", "day")))


def _osti(position: int, record: Element, own: str = "") -> Entry:
    return dublin_core(position, record, own or "".join(f"osti:{number}" for number in texts(fields(record), "ostiId")))


_ANY = re.compile(b"")
_OSTI = re.compile(rb"<records[\s>]")
_KINDS = {
    "PubmedArticleSet": _Kind(("PubmedArticle", "PubmedBookArticle"), pubmed, _ANY),
    "PubmedArticle": _Kind(("PubmedArticle",), pubmed, _ANY),
    "article": _Kind(("article",), jats, re.compile(rb"<(?:front|article-meta|front-stub)[\s>]|JATS|NLM//DTD")),
    "articles": _Kind(("article",), jats, re.compile(rb"<article-meta[\s>]")),
    "pmc-articleset": _Kind(("article",), jats, _ANY),
    "doi_records": _Kind(("doi_record",), crossref, _ANY),
    "doi_record": _Kind(("doi_record",), crossref, _ANY),
    "crossref_result": _Kind(("doi_record",), crossref, _ANY),
    "crossref": _Kind(("crossref",), crossref, _ANY),
    "resource": _Kind(("resource",), datacite, re.compile(rb"datacite\.org/schema|identifierType")),
    "publication": _Kind(("article",), _ieee, re.compile(rb"<(?:articleinfo|publicationinfo)[\s>]")),
    "RDF": _Kind(("record",), _osti, _OSTI),
    "records": _Kind(("record",), _osti, re.compile(rb"purl\.org/dc/")),
}
_BY_PAYLOAD: dict[str, Reader] = {
    "article": jats,
    "crossref": crossref,
    "crossref_result": crossref,
    "doi_record": crossref,
    "doi_records": crossref,
    "oai_datacite": datacite,
    "resource": datacite,
    "PubmedArticle": pubmed,
}


def matches(head: bytes) -> bool:
    """Whether `head` begins a document of records by a publisher or a registry."""
    document = sniffed(head)
    return document is not None and _kind_of(document) is not None


def read(data: bytes, *, broken: bool = False) -> Iterator[Entry]:
    """The papers among the records; a document without records is a note.

    Raises:
        FeedError: no kind of record known here, or refused at the gate (see `xml_guard.opened`).
    """
    document = opened(data, broken=broken)
    expect_root(document, "a publisher's XML that is known here", *_KINDS)
    kind = _KINDS[document.root]
    yield from papers(
        document, kind.records, lambda item: kind.read(item.position, item.element, ""), "the document holds no records"
    )


def _kind_of(document: Document) -> _Kind | None:
    kind = _KINDS.get(document.root)
    return kind if kind and kind.mark.search(document.data) else None


def publisher_record(position: int, payload: Element, own: str) -> Entry:
    """The paper in the metadata of an OAI-PMH record, or why there is none."""
    reader = _BY_PAYLOAD.get(local(payload))
    if reader is None:
        advice = "ask the repository for metadataPrefix=oai_dc"
        return Skipped(position, f"metadata in <{local(payload)}> cannot be read: {advice}", own)
    return reader(position, payload, own)
