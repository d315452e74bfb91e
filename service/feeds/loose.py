"""Papers out of records that name their fields any sensible way.

Exports of reference managers, catalogues and search services agree on what a paper has, not on
what it is called: "abstract", "Abstract Note", "summary" and "description" are one thing. Names are
compared without case, spaces and punctuation; of several that mean the same the first in the table
that is not empty counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, TypeGuard

from models.paper import Paper
from service.feeds.assemble import assemble
from service.feeds.dates import parse_date
from service.feeds.entries import Skipped
from service.feeds.identity import is_arxiv_category
from service.feeds.people import names

ALIASES: Mapping[str, tuple[str, ...]] = {
    "arxiv": ("arxivid", "arxiv", "eprint", "arxividentifier", "arxivnumber"),
    "own": ("id", "paperid", "identifier", "guid", "key", "citationkey", "uid", "uuid", "recordid", "articleid"),
    "doi": ("doi", "articledoi", "doiurl", "doilink"),
    "url": ("url", "link", "absurl", "landingpageurl", "htmlurl", "weburl", "pageurl", "entryurl", "href", "uri"),
    "title": ("title", "papertitle", "articletitle", "documenttitle", "primarytitle", "headline", "displayname"),
    "abstract": (
        *("abstract", "abstracttext", "abstractnote", "summary", "description"),
        *("contenttext", "contenthtml", "content"),
    ),
    "authors": ("authors", "author", "creators", "creator", "authornames", "authorlist", "zauthors", "contributors"),
    "primary": ("primarycategory", "primary"),
    "categories": ("categories", "category", "arxivcategories", "subjects", "subject", "fieldsofstudy"),
    "published": (
        *("published", "datepublished", "publisheddate", "publisheddatetime", "publishedat", "publicationdate"),
        *("pubdate", "date", "issued", "created", "createdat", "datecreated", "submitted", "submitteddate"),
        *("datesubmitted", "feeddate", "publicationyear", "publishedyear", "year"),
    ),
    "updated": (
        *("updated", "datemodified", "updatedat", "updateddate", "updatedate", "dateupdated", "lastupdated"),
        *("modified", "modifieddate", "lastmodified"),
    ),
    "comment": ("comment", "comments", "note", "notes"),
    "version": ("version",),
}
"""Our name of each field with the names others give it, squeezed, the best first."""

TEXT_NAMES = frozenset(ALIASES["title"] + ALIASES["abstract"])
"""Squeezed names that hold what is tagged: a table without any of them holds no papers."""

_FIRST_SECOND, _LAST_SECOND = 10**8, 4 * 10**9
# Search engines, repositories and JSON:API put the record one layer down.
_INSIDE = ("_source", "metadata", "attributes", "pids")
_VALUE_KEYS = ("value", "rendered", "text", "@value", "identifier")
_SQUEEZED_OUT = re.compile(r"[^a-z0-9]+")
_LABEL_KEYS = ("term", "name", "display_name", "subject", "label", "category", "value")
# What programs write into tables for a value that is not there. Formats of their own have other ways to say so:
# in those, a paper may be called "None".
_MISSING = frozenset(("", "nan", "none", "null", "n/a", "<na>", "nat"))
_DEEPEST = 4  # layers of lists and objects looked into; far more would be an attack on the stack


@lru_cache(maxsize=4096)
def squeezed(name: str) -> str:
    """A field name without case, spaces and punctuation: `"Abstract Note"` -> `"abstractnote"`."""
    return _SQUEEZED_OUT.sub("", name.lower())


def loose_paper(position: int, record: Mapping[str, Any]) -> Paper | Skipped:
    """The paper of a record with any sensible field names, or why it is none."""
    fields = _squeeze(record)
    title = _text(fields, "title") or _name(record, fields)
    return assemble(
        position,
        arxiv=_text(fields, "arxiv"),
        doi=_text(fields, "doi"),
        url=_text(fields, "url"),
        own=_text(fields, "own"),
        title=title,
        abstract=_text(fields, "abstract"),
        version=version_number(_first(fields, "version")),
        authors=names(_first(fields, "authors")),
        categories=[*labels(_first(fields, "primary")), *labels(_first(fields, "categories"))],
        published=moment(_first(fields, "published")),
        updated=moment(_first(fields, "updated")),
        comment=_text(fields, "comment"),
    )


def plain_text(value: object, depth: int = _DEEPEST) -> str:
    """The text of a field: itself, the first of a list, what an object calls its value, a number's digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple | Mapping) and depth:
        inside = [value.get(key) for key in _VALUE_KEYS] if isinstance(value, Mapping) else value[:20]
        return next(filter(None, (plain_text(item, depth - 1) for item in inside)), "")
    return str(value) if _is_number(value) else ""


def moment(value: object) -> datetime | None:
    """The moment a field names, as an aware UTC datetime, or None.

    Reads what `parse_date` reads, dates, and numbers that can only be seconds or milliseconds since
    1970 (those of 1973 to 2096).
    """
    if isinstance(value, date):
        return parse_date(value.isoformat())
    if _is_number(value) and value >= _FIRST_SECOND:
        seconds = value / 1000 if value > _LAST_SECOND else value
        return datetime.fromtimestamp(seconds, UTC) if _FIRST_SECOND <= seconds <= _LAST_SECOND else None
    return parse_date(plain_text(value).removesuffix(".0"))  # years in tables with gaps become fractions


def version_number(value: object) -> int | None:
    """A revision number from 1 to 999 out of `2`, `"2"` or `"v2"`, else None."""
    digits = plain_text(value).strip().lower().removeprefix("v").removesuffix(".0")
    return int(digits) if re.fullmatch(r"[1-9]\d{0,2}", digits, re.ASCII) else None


def labels(value: object) -> list[str]:
    """Category names out of a list, a list of objects, or one text that lists them.

    A text is taken apart at semicolons, bars or commas, else, if every word is an arXiv category
    (`cs.DC`, `hep-th`), at spaces: other subjects have names of several words.
    """
    if isinstance(value, list | tuple):
        return [label for item in value for label in ([_label(item)] if isinstance(item, Mapping) else _listed(item))]
    return _listed(value)


def _listed(value: object) -> list[str]:
    text = plain_text(value)
    sign = next((sign for sign in (";", "|", ",") if sign in text), None)
    if sign:
        return text.split(sign)
    words = text.split()
    return words if all(map(is_arxiv_category, words)) else [text]


def _label(item: Mapping[str, Any]) -> str:
    return next(filter(None, (plain_text(item.get(key)) for key in _LABEL_KEYS)), "")


def _squeeze(record: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for layer in (record, *(inner for key in _INSIDE if isinstance(inner := record.get(key), Mapping))):
        for key, value in layer.items():
            if not _is_missing(value):
                fields.setdefault(squeezed(str(key)), value)
    return fields


def _is_missing(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _MISSING
    return value is None or value == [] or (isinstance(value, float) and math.isnan(value))


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _first(fields: Mapping[str, Any], name: str) -> object:
    return next((fields[alias] for alias in ALIASES[name] if alias in fields), None)


def _text(fields: Mapping[str, Any], name: str) -> str:
    return next(filter(None, (plain_text(fields[alias]) for alias in ALIASES[name] if alias in fields)), "")


def _name(record: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
    # schema.org calls the title of a work its name; so is the name of a person or a journal called,
    # which is why there must be more to show that this is a work.
    return plain_text(fields.get("name")) if "@type" in record or _text(fields, "abstract") else ""
