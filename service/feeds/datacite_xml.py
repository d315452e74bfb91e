"""Resources in DataCite's metadata schema, versions 2 to 4: https://schema.datacite.org/."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element

from service.feeds.assemble import assemble
from service.feeds.datacite import NO_PAPER
from service.feeds.dates import parse_date
from service.feeds.entries import Entry, Skipped
from service.feeds.jats import personal_name
from service.feeds.xml_tree import Fields, descend, fields, first, line, local, markup


def datacite(position: int, record: Element, own: str = "") -> Entry:
    """The paper that a `<resource>`, or what is around one, describes, or why there is none."""
    resource = next((element for element in record.iter() if local(element) == "resource"), record)
    found = fields(resource)
    identifier = line(first(found, "identifier")) or own
    kind = first(found, "resourceType")
    general = kind.get("resourceTypeGeneral", "") if kind is not None else ""
    if general in NO_PAPER:
        return Skipped(position, f"DataCite calls this a {general}, not a text", identifier)
    return assemble(
        position,
        arxiv=next(
            (line(other) for other in _children(found, "alternateIdentifiers") if "arxiv" in line(other).lower()), ""
        ),
        doi=identifier,
        own=own or identifier,
        title=_title(found),
        abstract=_abstract(found),
        authors=_authors(found),
        categories=map(line, _children(found, "subjects")),
        published=_dated(found, "Issued", "Available", "Submitted", "Created")
        or parse_date(line(first(found, "publicationYear"))),
        updated=_dated(found, "Updated"),
    )


def _children(found: Fields, name: str) -> list[Element]:
    element = first(found, name)
    return list(element) if element is not None else []


def _title(found: Fields) -> str:
    titles = [(title.get("titleType", ""), markup(title)) for title in _children(found, "titles")]
    main = next((wording for kind, wording in titles if wording and not kind), "")
    subtitle = next((wording for kind, wording in titles if wording and kind == "Subtitle"), "")
    return f"{main}: {subtitle}" if main and subtitle else main or next((wording for _, wording in titles), "")


def _abstract(found: Fields) -> str:
    said = [(one.get("descriptionType", ""), markup(one)) for one in _children(found, "descriptions")]
    return next((wording for kind, wording in said if kind == "Abstract" and wording), "") or next(
        (wording for kind, wording in said if kind == "Other" and wording), ""
    )


def _authors(found: Fields) -> Iterator[str]:
    for creator in _children(found, "creators"):
        if descend(creator, "familyName") is not None:
            yield personal_name(creator, "givenName", "familyName")
        else:
            yield line(descend(creator, "creatorName"))


def _dated(found: Fields, *kinds: str) -> datetime | None:
    """The first date of the first of these kinds that can be read."""
    dates = [(date.get("dateType", ""), parse_date(line(date))) for date in _children(found, "dates")]
    return next((moment for kind in kinds for known, moment in dates if known == kind and moment), None)
