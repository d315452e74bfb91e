"""Papers described in Dublin Core, as every OAI-PMH repository must and OSTI does: https://www.dublincore.org/schemas/.

The fifteen elements say little about themselves, so their values are told apart by what they look
like: of several descriptions the longest is the abstract (the others are degrees, supervisors and
addresses of thumbnails); of several dates the earliest is when the paper came out (the others are
when a repository received it), as of several identifiers one may be a DOI and one a web page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element

from models.paper import arxiv_id
from service.feeds.assemble import assemble
from service.feeds.dates import parse_date
from service.feeds.entries import Entry
from service.feeds.identity import bare_doi, is_arxiv_category
from service.feeds.xml_tree import Fields, fields, markup, texts

_ADDRESS = re.compile(r"^https?://\S+$", re.IGNORECASE)
_PAGE = re.compile(r"^https?://[^/\s]+/\S*\w\S*$", re.IGNORECASE)  # the address of a repository names no paper
_ABSENT = frozenset(["n/a", "na", "none", "null", "-", "no abstract", "no abstract available", "not available"])
_COMMENT = re.compile(r"^Comments?:\s*", re.IGNORECASE)  # arXiv sends its comments as a second description
_OSTI_AUTHOR_NOTES = re.compile(r"\s*(?:Email:\s*\S+|\(ORCID:?[^()]*\)|\[[^\[\]]*\])[,\s]*", re.IGNORECASE)


def dublin_core(position: int, element: Element, own: str = "") -> Entry:
    """The paper that the children of `element` describe, or why there is none.

    `own` is the record's identifier in its repository.
    """
    found = fields(element)
    names = [*texts(found, "identifier"), *texts(found, "doi"), *texts(found, "identifier-citation")]
    descriptions = [markup(one) for one in found.get("description", ())]
    moments = sorted(filter(None, map(parse_date, texts(found, "date"))))
    arxiv = next((name for name in (own, *names) if "arxiv" in name.lower() and arxiv_id(name)), "")
    return assemble(
        position,
        arxiv=arxiv,
        doi=next(filter(None, map(bare_doi, names)), ""),
        url=next(filter(_PAGE.match, names), ""),
        own=own or next(iter(names), ""),
        title=next(filter(None, map(markup, found.get("title", ()))), ""),
        abstract=_abstract(descriptions),
        authors=_authors(found),
        categories=_categories(found),
        published=moments[0] if moments else None,
        updated=moments[-1] if moments and arxiv else None,  # arXiv lists the days of its versions
        comment=next((_COMMENT.sub("", one) for one in descriptions if _COMMENT.match(one)), ""),
    )


def _abstract(descriptions: Iterable[str]) -> str:
    said = (one for one in descriptions if not _ADDRESS.match(one) and not _COMMENT.match(one))
    return max((one for one in said if one.lower().strip(" .") not in _ABSENT), key=len, default="")


def _authors(found: Fields) -> list[str]:
    # OSTI puts all names into one creator, between semicolons, each with notes.
    return [
        _OSTI_AUTHOR_NOTES.sub("", name).strip(" ,")
        for creators in texts(found, "creator")
        for name in creators.split(";")
    ]


def _categories(found: Fields) -> list[str]:
    subjects = [part for subject in texts(found, "subject") for part in subject.split(";")]
    return [subject for subject in subjects if is_arxiv_category(subject.strip())] or subjects
