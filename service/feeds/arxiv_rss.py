"""arXiv's daily listings of today, as RSS 2.0 and as Atom: https://info.arxiv.org/help/rss.html.

Each item repeats the kind of announcement before the abstract ("arXiv:2603.00001v1 Announce Type:
new Abstract: ..."): `new` and `cross` (cross-listed into this category) are first versions on the
day, `replace` and `replace-cross` later ones; it comes as an `Announced` before the paper. The date
is the day of the announcement, so it is the paper's publication for `new` and its update for the
replacements; for a cross-list, which may come years later, it is neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from models.paper import Paper, arxiv_id
from service.feeds.arxiv_atom import categories, landing_page
from service.feeds.assemble import assemble
from service.feeds.byline import names_in
from service.feeds.dates import parse_date
from service.feeds.entries import ANNOUNCE_TYPES, Announced, Entry, Skipped
from service.feeds.rdf import NO_PAPERS, old_item
from service.feeds.xml_entries import XmlEntry, papers
from service.feeds.xml_guard import Document, expect_root, opened, sniffed
from service.feeds.xml_tree import Fields, fields, first, line, text, texts

_ANNOUNCEMENT = re.compile(
    r"^\s*(?:arXiv:(?P<id>\S{1,40})\s+)?Announce Type:\s*(?P<kind>[a-z-]{1,20})\s*(?:Abstract:\s*)?", re.IGNORECASE
)
_FEED_TITLE = re.compile(rb"<title>\s{0,99}Feed error for query:?\s{0,9}([^<]{0,300})")
_MARKS = (b"announce_type", b"Announce Type:", b"rss.arxiv.org", b"updates on arXiv.org", b"updates on the arXiv.org")


def matches(head: bytes) -> bool:
    """Whether `head` begins a listing by arXiv in RSS 2.0 or Atom."""
    document = sniffed(head)
    if document is None or document.root not in ("rss", "feed"):
        return False
    beginning = document.data[:65_536]
    return b"arxiv.org" in beginning.lower() and any(mark in beginning for mark in _MARKS)


def read(data: bytes, *, broken: bool = False) -> Iterator[Entry]:
    """The papers of a listing, each after how it was announced; an error, or a day without papers, is a note.

    Raises:
        FeedError: not RSS 2.0 or Atom, or refused at the gate (see `xml_guard.opened`).
    """
    document = opened(data, broken=broken)
    expect_root(document, "an arXiv listing", "rss", "feed")
    yield from papers(document, ("item", "entry"), _item, _without_papers(document))


def _without_papers(document: Document) -> str:
    error = _FEED_TITLE.search(document.data, 0, 65_536)
    if error:
        return f"arXiv answered with an error for {document.text(error.start(1), error.end(1)).strip()}"
    return NO_PAPERS


def _item(item: XmlEntry) -> Entry | tuple[Entry, ...]:
    found = fields(item.element)
    description = text(first(found, "description", "summary"))
    announced = _ANNOUNCEMENT.match(description)
    if announced is None and "announce_type" not in found:
        return old_item(item)
    reference = _reference(found, announced)
    if not reference:
        own = line(first(found, "guid", "id"))
        return Skipped(item.position, f"{own!r} is no arXiv id: read other feeds with the format 'syndication'", own)
    kind = line(first(found, "announce_type")).lower() or (announced["kind"].lower() if announced else "")
    published, updated = _dates(kind, parse_date(line(first(found, "pubDate", "published", "updated"))))
    read = assemble(
        item.position,
        arxiv=reference,
        doi=line(first(found, "DOI", "doi")),
        url=line(first(found, "link")) or landing_page(found),
        title=line(first(found, "title")),
        abstract=description[announced.end() :] if announced else description,
        authors=[name for creators in texts(found, "creator") for name in names_in(creators)],
        categories=categories(found),
        published=published,
        updated=updated,
    )
    return (Announced(read.id, kind), read) if isinstance(read, Paper) and kind in ANNOUNCE_TYPES else read


def _reference(found: Fields, announced: re.Match[str] | None) -> str:
    """The entry's arXiv reference, one with a version before one without."""
    said = [line(first(found, "guid", "id")), (announced and announced["id"]) or "", line(first(found, "link"))]
    known = [(reference, version) for reference in said if (version := arxiv_id(reference))]
    return next((reference for reference, (_, number) in known if number), known[0][0] if known else "")


def _dates(kind: str, announced: datetime | None) -> tuple[datetime | None, datetime | None]:
    if kind == "new":
        return announced, announced
    return None, announced if kind.startswith("replace") else None
