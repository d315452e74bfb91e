"""The arXiv API's Atom: https://info.arxiv.org/help/api/user-manual.html#_details_of_atom_results_returned.

Read as plain XML and not through feedparser, which runs authors and affiliations together and takes
ten times as long. The API answers errors with an entry called "Error" and an empty result with a
feed without entries; both become notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from models.paper import arxiv_id
from service.feeds.assemble import assemble
from service.feeds.dates import parse_date
from service.feeds.entries import Entry, Note, Skipped
from service.feeds.identity import is_arxiv_category
from service.feeds.xml_entries import XmlEntry, papers
from service.feeds.xml_guard import expect_root, opened, sniffed
from service.feeds.xml_tree import Fields, descend, fields, first, line, text, texts

_OURS = re.compile(rb"<id(?:\s[^<>]{0,200})?>\s{0,99}https?://(?:export\.)?arxiv\.org/(?:api|abs)/")
_LISTING = (b"announce_type", b"Announce Type:", b"rss.arxiv.org")


def matches(head: bytes) -> bool:
    """Whether `head` begins an answer of the arXiv API."""
    document = sniffed(head)
    if document is None or document.root != "feed":
        return False
    beginning = document.data[:65_536]
    return _OURS.search(beginning) is not None and not any(mark in beginning for mark in _LISTING)


def read(data: bytes, *, broken: bool = False) -> Iterator[Entry]:
    """The papers of an API answer; an error or an empty result is a note.

    Raises:
        FeedError: not Atom, or refused at the gate (see `xml_guard.opened`).
    """
    document = opened(data, broken=broken)
    expect_root(document, "an arXiv API answer", "feed")
    yield from papers(document, ("entry",), _entry, "arXiv found no papers for this query")


def _entry(item: XmlEntry) -> Entry:
    found = fields(item.element)
    reference, title = line(first(found, "id")), line(first(found, "title"))
    if "/api/errors" in reference:
        return Note(f"arXiv answered with an error: {line(first(found, 'summary')) or title}")
    if arxiv_id(reference) is None:
        return Skipped(
            item.position, f"{reference!r} is no arXiv id: read other Atom with the format 'syndication'", reference
        )
    return assemble(
        item.position,
        arxiv=reference,
        doi=line(first(found, "doi")),
        url=landing_page(found) or reference,
        title=title,
        abstract=text(first(found, "summary")),
        authors=[line(descend(author, "name")) for author in found.get("author", ())],
        categories=categories(found),
        published=parse_date(line(first(found, "published"))),
        updated=parse_date(line(first(found, "updated"))),
        comment=line(first(found, "comment")),
    )


def landing_page(found: Fields) -> str:
    """The address of an Atom entry's `alternate` link, or "": RFC 4287 section 4.2.7."""
    links = (link for link in found.get("link", ()) if link.get("rel", "alternate") == "alternate")
    return next((address for link in links if (address := link.get("href", "").strip())), "")


def categories(found: Fields) -> tuple[str, ...]:
    """The arXiv categories of an Atom entry, the primary one first."""
    primary = first(found, "primary_category")
    terms = [element.get("term", "") for element in found.get("category", ())]
    return arxiv_categories([primary.get("term", "") if primary is not None else "", *terms, *texts(found, "category")])


def arxiv_categories(terms: Iterable[str]) -> tuple[str, ...]:
    """The arXiv categories among the terms, each once, in order: feeds list ACM and MSC classes with them."""
    return tuple(dict.fromkeys(filter(is_arxiv_category, map(str.strip, terms))))
