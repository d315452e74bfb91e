"""What a paper is: identity, text, and its JSON form."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

from models.errors import InputError
from models.text import clean

# https://info.arxiv.org/help/arxiv_identifier.html
_NEW_ARXIV = r"\d{4}\.\d{4,5}"
_OLD_ARXIV = r"[a-z][a-z-]{1,15}(?:\.[A-Za-z-]{2,16})?/\d{7}"
_ARXIV = re.compile(
    r"^(?:https?://(?:[a-z0-9-]+\.)?arxiv\.org/(?:abs|pdf|html|e-print|ps)/|oai:arxiv\.org:|arxiv:|doi:10\.48550/arxiv\.|"
    r"https?://(?:dx\.)?doi\.org/10\.48550/arxiv\.|10\.48550/arxiv\.)?"
    rf"(?P<id>{_NEW_ARXIV}|{_OLD_ARXIV})(?:v(?P<version>\d{{1,3}}))?(?:\.pdf)?/?$",
    re.IGNORECASE,
)


def arxiv_id(reference: str) -> tuple[str, int | None] | None:
    """`("arxiv:2603.09122", 2)` out of any way to write an arXiv reference, else None.

    Understands bare ids, `arXiv:...`, `oai:arXiv.org:...`, abs/pdf/html URLs and arXiv DOIs. Old
    ids keep their archive and lose the subject class (`math.GT/0309136` -> `arxiv:math/0309136`),
    as arXiv itself identifies them. The version is None where the reference names none.
    """
    match = _ARXIV.match(reference.strip())
    if match is None:
        return None
    archive, slash, number = match["id"].lower().rpartition("/")
    bare = f"{archive.split('.')[0]}/{number}" if slash else number
    return f"arxiv:{bare}", int(match["version"]) if match["version"] else None


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper as some feed described it; markup is kept as it came.

    Attributes:
        id: source-qualified, version-less, old arXiv archives kept: `arxiv:2603.09122`,
            `arxiv:quant-ph/0201082`, `doi:10.1000/xyz`, `url:https://...`, or the caller's own.
        title, abstract: as published, LaTeX and HTML included; one may be empty.
        version: 1-based revision where the source says, else None.
        authors: display names in order. categories: primary first, e.g. `("cs.DC", "cs.LG")`.
        published, updated: aware UTC datetimes of first and of this version, or None.
        url: landing page. comment, doi: as published, "" where absent.
    """

    id: str
    title: str = ""
    abstract: str = ""
    version: int | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    url: str = ""
    comment: str = ""
    doi: str = ""

    @property
    def text(self) -> str:
        """Exactly what every encoder sees: cleaned title, a full stop, cleaned abstract."""
        title, abstract = clean(self.title), clean(self.abstract)
        return f"{title}. {abstract}" if title and abstract else title or abstract

    @property
    def digest(self) -> str:
        """sha256 of `text` in hex: vectors are cached by it, never identity."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict; empty fields are left out, times are ISO 8601 in UTC."""
        out: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, datetime):
                value = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
            elif isinstance(value, tuple):
                value = list(value)
            if value not in (None, "", []):
                out[field.name] = value
        return out

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Paper:
        """The paper of a `to_json` dict; unknown keys are ignored.

        Raises:
            InputError: a field of the wrong type, or no id, or neither title nor abstract as a
                field at all; the message names the field.
        """
        paper_id = _string(record, "id")
        if not paper_id:
            raise InputError("field 'id' is missing or empty: give every paper an id")
        return cls(
            id=paper_id,
            title=_string(record, "title"),
            abstract=_string(record, "abstract"),
            version=_version(record.get("version")),
            authors=_strings(record, "authors"),
            categories=_strings(record, "categories"),
            published=_time(record, "published"),
            updated=_time(record, "updated"),
            url=_string(record, "url"),
            comment=_string(record, "comment"),
            doi=_string(record, "doi"),
        )


def _string(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f"field '{name}' is {type(value).__name__}, expected a string")
    return value


def _strings(record: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = record.get(name)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,) if value else ()
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise InputError(f"field '{name}' must be a list of strings")
    return tuple(value)


def _version(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"field 'version' is {value!r}, expected a whole number from 1")
    return value


def _time(record: Mapping[str, Any], name: str) -> datetime | None:
    value = record.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    elif isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise InputError(f"field '{name}' is {value!r}, expected an ISO 8601 date or time") from None
    else:
        raise InputError(f"field '{name}' is {type(value).__name__}, expected an ISO 8601 string")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
