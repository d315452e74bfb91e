"""Display names of authors, in order, out of the many ways records write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from service.feeds.identity import one_line

_WHOLE = ("name", "display_name", "displayName", "full_name", "fullName", "literal", "author_name")
_FIRST = ("given", "givenName", "given_name", "firstName", "first_name", "first", "forename")
_LAST = ("family", "familyName", "family_name", "lastName", "last_name", "last", "surname")
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv"))
_AND = re.compile(r",? (?:and|&) ")
_NESTED = ("author", "person", "person_or_org", "creator")


def names(value: object) -> list[str]:
    """Names out of a list of texts or objects, one object, or one text that lists several people."""
    if isinstance(value, str):
        return split_names(value)
    if isinstance(value, Mapping):
        return [person(value)]
    if isinstance(value, list | tuple):
        return [person(item) if isinstance(item, Mapping) else _text(item) for item in value]
    return []


def person(record: Mapping[str, Any]) -> str:
    """`"Ada Lovelace"` out of an object with her name in parts or whole, "" if it holds none."""
    inner = next((record[key] for key in _NESTED if isinstance(record.get(key), Mapping)), record)
    return _whole_name(record) or _whole_name(inner) or _text(record.get("raw_author_name"))


def split_names(text: str) -> list[str]:
    """The names in one text: parted by semicolons, bars or line ends, else by "and" and commas.

    A comma parts two people where both sides are whole names ("Ada Lovelace, Charles Babbage"); a
    surname before it ("Lovelace, Ada" or "van Rossum, Guido") belongs to the name after it.
    """
    sign = next((sign for sign in (";", "|", "\n") if sign in text), None)
    if sign:
        return [turned(part) for part in text.split(sign)]
    return [name for chunk in _AND.split(one_line(text)) for name in _by_commas(chunk)]


def _by_commas(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 1 and all(" " in part for part in parts) and not (len(parts) == 2 and _is_reversed(*parts)):
        return parts
    return [turned(text)] if len(parts) <= 3 else [text.strip()]


def _is_reversed(last: str, first: str) -> bool:
    initials = all(len(word.rstrip(".")) <= 1 for word in first.replace("-", " ").split())
    return last[:1].islower() or initials


def turned(name: str) -> str:
    """`"Ada Lovelace"` out of `"Lovelace, Ada"`, suffixes at the end; names without a comma as they are."""
    last, comma, rest = name.strip().partition(",")
    if not comma:
        return last
    first, suffix = _first_and_suffix(rest)
    return " ".join(filter(None, (first, last.strip(), suffix)))


def _first_and_suffix(rest: str) -> tuple[str, str]:
    # BibTeX puts the suffix between ("King, Jr., Martin Luther"), RIS after ("King, Martin Luther, Jr.").
    before, comma, after = (part.strip() for part in rest.partition(","))
    is_suffix = comma and before.rstrip(".").lower() in _SUFFIXES
    return (after, before) if is_suffix else (before, after)


def _whole_name(record: Mapping[str, Any]) -> str:
    first, last = _pick(record, _FIRST), _pick(record, _LAST)
    return f"{first} {last}".strip() if last else _pick(record, _WHOLE) or first


def _pick(record: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := _text(record.get(key)))), "")


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
