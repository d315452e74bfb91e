"""Works in Crossref's UNIXREF and UNIXSD: https://www.crossref.org/documentation/schema-library/."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element

from service.feeds.assemble import assemble
from service.feeds.dates import date_of
from service.feeds.entries import Entry, Skipped
from service.feeds.jats import personal_name
from service.feeds.xml_tree import Fields, descend, fields, first, line, local, markup

# What is a paper, the most particular first: a chapter comes with the book it is in.
_WORKS = (
    "journal_article",
    "conference_paper",
    "posted_content",
    "content_item",
    "dissertation",
    "report-paper_metadata",
    "book_metadata",
    "book_series_metadata",
)


def crossref(position: int, record: Element, own: str = "") -> Entry:
    """The paper that a Crossref record holds, or why there is none."""
    inside = {local(element): element for element in reversed(list(record.iter()))}
    work = next((inside[name] for name in _WORKS if name in inside), None)
    if work is None:
        kinds = [name for name in ("journal", "database", "standard", "sa_component", "peer_review") if name in inside]
        return Skipped(position, f"the record describes a {kinds[0] if kinds else 'work'}, not a paper", own)
    found = fields(work)
    titles = fields(first(found, "titles"))
    title, subtitle = markup(first(titles, "title")), markup(first(titles, "subtitle"))
    return assemble(
        position,
        doi=line(descend(work, "doi_data", "doi")),
        url=line(descend(work, "doi_data", "resource")),
        own=own,
        title=f"{title}: {subtitle}" if title and subtitle else title,
        abstract=next(filter(None, map(markup, found.get("abstract", ()))), ""),
        authors=_authors(found),
        published=_published(found),
    )


def _authors(found: Fields) -> Iterator[str]:
    for person in first(found, "contributors") or ():
        if person.get("contributor_role", "author") != "author":
            continue
        if local(person) == "person_name":
            yield personal_name(person, "given_name", "surname", "suffix")
        elif local(person) == "organization":
            yield line(person)


def _published(found: Fields) -> datetime | None:
    dates = [*found.get("publication_date", ()), *found.get("posted_date", ()), *found.get("approval_date", ())]
    moments = (date_of(*(line(descend(date, part)) for part in ("year", "month", "day"))) for date in dates)
    return min(filter(None, moments), default=None)
