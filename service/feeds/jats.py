"""Articles in JATS, the XML of PubMed Central and most publishers: https://jats.nlm.nih.gov/publishing/tag-library/1.3/."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element

from service.feeds.assemble import assemble
from service.feeds.dates import date_of, parse_date
from service.feeds.entries import Entry, Skipped
from service.feeds.xml_tree import Fields, descend, fields, first, line, local, markup

# Values of `abstract-type` for what stands beside the abstract; plain ones have none, or one like "section".
_NO_ABSTRACT = (
    "graphical",
    "teaser",
    "key",
    "toc",
    "precis",
    "editor",
    "video",
    "web",
    "capsule",
    "blurb",
    "plain-language",
)


def jats(position: int, article: Element, own: str = "") -> Entry:
    """The paper that a JATS `<article>` is, or why there is none."""
    meta = descend(article, "front", "article-meta")
    if meta is None:
        meta = first(fields(article), "front-stub", "article-meta")
    if meta is None:
        return Skipped(position, "the article has no <article-meta>: nothing says what it is", own)
    found = fields(meta)
    ids = {element.get("pub-id-type", ""): line(element) for element in found.get("article-id", ())}
    return assemble(
        position,
        arxiv=ids.get("arxiv", ""),
        doi=ids.get("doi", ""),
        url=_address(found),
        own=own or (f"pmid:{ids['pmid']}" if ids.get("pmid") else ids.get("publisher-id", "")),
        title=_title(fields(first(found, "title-group"))),
        abstract=_abstract(found),
        authors=_authors(found),
        categories=[line(word) for group in found.get("kwd-group", ()) for word in fields(group).get("kwd", ())],
        published=_published(found),
    )


def _address(found: Fields) -> str:
    links = (
        value
        for element in found.get("self-uri", ())
        for name, value in element.attrib.items()
        if name.endswith("href")
    )
    return next((link for link in links if link.startswith(("http://", "https://"))), "")


def _title(group: Fields) -> str:
    title = markup(first(group, "article-title")) or markup(first(group, "alt-title"))
    subtitle = markup(first(group, "subtitle"))
    return f"{title}: {subtitle}" if title and subtitle else title


def _abstract(found: Fields) -> str:
    for name in ("abstract", "trans-abstract"):
        for element in found.get(name, ()):
            if not element.get("abstract-type", "").lower().startswith(_NO_ABSTRACT) and markup(element):
                return markup(element)
    return ""


def _authors(found: Fields) -> Iterator[str]:
    for group in found.get("contrib-group", ()):
        for contributor in fields(group).get("contrib", ()):
            if contributor.get("contrib-type", "author") == "author":
                yield from _names(contributor)


def _names(contributor: Element) -> Iterator[str]:
    for element in contributor:
        if local(element) in ("name", "string-name"):
            yield personal_name(element, "given-names", "surname", "suffix")
        elif local(element) == "collab":
            yield markup(element)


def personal_name(element: Element, *parts: str) -> str:
    """A name put together from those of its `parts` that are there, or its whole text if none is."""
    found = fields(element)
    return " ".join(filter(None, (line(first(found, part)) for part in parts))) or line(element)


def _published(found: Fields) -> datetime | None:
    """The earliest of the dates that are given to the day, or to the month, or to the year."""
    dated = [(_parts(element), _date(element)) for element in found.get("pub-date", ())]
    known = [(parts, moment) for parts, moment in dated if moment is not None]
    return min((moment for parts, moment in known if parts == max(known, key=_precision)[0]), default=None)


def _precision(dated: tuple[int, datetime]) -> int:
    return dated[0]


def _parts(element: Element) -> int:
    found = fields(element)
    return sum(1 for name in ("year", "month", "day") if line(first(found, name))) or 3


def _date(element: Element) -> datetime | None:
    found = fields(element)
    written = date_of(*(line(first(found, name)) for name in ("year", "month", "day")))
    return written or parse_date(element.get("iso-8601-date", "") or line(first(found, "string-date")))
