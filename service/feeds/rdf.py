"""arXiv's old listings: RSS 1.0 (an RDF vocabulary), as rss.arxiv.org served them until February 2024.

An item there holds its version, primary category and kind of announcement in the title ("Title.
(arXiv:1501.00001v2 [cs.LG] UPDATED)"), the abstract as HTML, and the authors as links. The same
items also came as RSS 2.0; `arxiv_rss` reads those with `old_item`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from models.paper import arxiv_id
from service.feeds.arxiv_atom import arxiv_categories
from service.feeds.assemble import assemble
from service.feeds.byline import names_in
from service.feeds.dates import parse_date
from service.feeds.entries import Entry, Skipped
from service.feeds.identity import one_line
from service.feeds.xml_entries import XmlEntry, papers
from service.feeds.xml_guard import expect_root, opened, sniffed
from service.feeds.xml_tree import Fields, fields, first, line, text, texts

_SUFFIX = re.compile(
    r"\s*\(arXiv:(?P<id>[^\s()\[\]]{1,40})\s{0,3}"
    r"(?:\[(?P<primary>[^\[\]]{1,40})\])?\s{0,3}(?:UPDATED|CROSS LISTED)?\)$"
)
_LINKED_NAME = re.compile(r"<a\b[^<>]{0,500}>([^<]{1,200})</a>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"</?p>", re.IGNORECASE)

NO_PAPERS = "the listing holds no papers: arXiv announces none on weekends and holidays"
"""What to note about a listing without items."""


def matches(head: bytes) -> bool:
    """Whether `head` begins one of arXiv's RSS 1.0 listings."""
    document = sniffed(head)
    if document is None or document.root != "RDF":
        return False
    return b"//arxiv.org/" in document.data[:4096] and b"purl.org/rss/1.0" in document.data[:4096]


def read(data: bytes, *, broken: bool = False) -> Iterator[Entry]:
    """The papers of a listing; one without items is a note.

    Raises:
        FeedError: not RDF, or refused at the gate (see `xml_guard.opened`).
    """
    document = opened(data, broken=broken)
    expect_root(document, "an arXiv RSS 1.0 listing", "RDF")
    yield from papers(document, ("item",), old_item, NO_PAPERS)


def old_item(item: XmlEntry) -> Entry:
    """The paper of an item in the old style, or why there is none."""
    found = fields(item.element)
    title = line(first(found, "title"))
    suffix = _SUFFIX.search(title)
    reference = suffix["id"] if suffix else line(first(found, "link")) or _about(item)
    if arxiv_id(reference) is None:
        return Skipped(
            item.position, f"{reference!r} is no arXiv id: read other feeds with the format 'syndication'", reference
        )
    # The full stop before the bracket is the feed's, not the title's.
    return assemble(
        item.position,
        arxiv=reference,
        url=line(first(found, "link")) or _about(item),
        title=html.unescape(title[: suffix.start()].removesuffix(".") if suffix else title),
        abstract=_abstract(text(first(found, "description"))),
        authors=_authors(found),
        categories=arxiv_categories([suffix["primary"] or "" if suffix else "", *texts(found, "subject")]),
        published=parse_date(line(first(found, "date"))),
    )


def _about(item: XmlEntry) -> str:
    return next((value.strip() for name, value in item.element.attrib.items() if name.endswith("about")), "")


def _abstract(description: str) -> str:
    return html.unescape(_PARAGRAPH.sub(" ", description))


def _authors(found: Fields) -> list[str]:
    creators = " ".join(texts(found, "creator"))
    linked = _LINKED_NAME.findall(creators)
    return [one_line(html.unescape(name)) for name in linked] if linked else list(names_in(html.unescape(creators)))
