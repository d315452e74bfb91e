"""One condition of a query as a filter of the store."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.errors import InputError
from service.out.moments import period
from service.out.names import ThemeNames
from service.out.tokens import Token, fail
from service.store import PaperFilter


@dataclass(frozen=True, slots=True)
class Context:
    """What a query is read against: the themes there are, and the aware UTC time it is asked at."""

    names: ThemeNames
    now: datetime


@dataclass(frozen=True, slots=True)
class Bounds:
    """A condition on probability; what it is about is decided by its neighbours."""

    low: float | None = None
    high: float | None = None

    def filter(self) -> PaperFilter:
        """The bounds on a paper's most probable tag."""
        return PaperFilter(min_probability=self.low, max_probability=self.high)


def filter_of(token: Token, context: Context) -> PaperFilter | Bounds:
    """The filter a condition or some words stand for.

    Raises:
        InputError: an unknown condition, theme or group, or a value that does not fit; the place is named.
    """
    if token.kind == "words":
        return PaperFilter(text=_words("", token))
    read = _CONDITIONS.get(token.name)
    if read is None:
        return fail(token.position, f"there is no condition '{token.name}'{_near(token.name)}")
    try:
        return read(token, context)
    except InputError as error:
        return fail(token.position, str(error))


def _listed(token: Token) -> tuple[str, ...]:
    _only_colon(token)
    return (token.value,) if token.quoted else tuple(part for part in token.value.split(",") if part)


def _only_colon(token: Token) -> None:
    if token.sign not in (":", "="):
        raise InputError(f"'{token.name}' takes no {token.sign}: write {token.name}:{token.value}")


def _theme(token: Token, context: Context) -> PaperFilter:
    found = tuple(context.names.theme(name) for name in _listed(token))
    return PaperFilter(all_of=found) if len(found) == 1 else PaperFilter(any_of=found)


def _group(token: Token, context: Context) -> PaperFilter:
    return PaperFilter(any_of=tuple(t for name in _listed(token) for t in context.names.under_group(name)))


def _primary(token: Token, context: Context) -> PaperFilter:
    return PaperFilter(primary=context.names.under(_listed(token)))


def _words(field: str, token: Token) -> str:
    # A word that joins others in the store's own text queries is looked for as itself in quotes.
    plain = token.value if not token.quoted and token.value not in ("AND", "OR", "NOT") else f'"{token.value}"'
    return f"{field}:{plain}" if field else plain


def _text(field: str) -> Callable[[Token, Context], PaperFilter]:
    def read(token: Token, _context: Context) -> PaperFilter:
        _only_colon(token)
        return PaperFilter(text=_words(field, token))

    return read


def _list(field: str) -> Callable[[Token, Context], PaperFilter]:
    return lambda token, _context: PaperFilter(**{field: _listed(token)})  # type: ignore[arg-type]


def _since(token: Token, context: Context) -> PaperFilter:
    _only_colon(token)
    return PaperFilter(first_seen_from=period(token.value, context.now).start)


def _until(token: Token, context: Context) -> PaperFilter:
    _only_colon(token)
    return PaperFilter(first_seen_before=period(token.value, context.now).start)


def _date(field: str) -> Callable[[Token, Context], PaperFilter]:
    def read(token: Token, context: Context) -> PaperFilter:
        start, end = period(token.value, context.now)
        limits: dict[str, dict[str, Any]] = {
            ">=": {f"{field}_from": start},
            ">": {f"{field}_from": end},
            "<": {f"{field}_before": start},
            "<=": {f"{field}_before": end},
        }
        return PaperFilter(**limits.get(token.sign, {f"{field}_from": start, f"{field}_before": end}))

    return read


def _number(token: Token) -> tuple[float | None, float | None]:
    try:
        number = float(token.value)
    except ValueError:
        number = math.nan
    if not 0.0 <= number <= 1.0:
        raise InputError(f"'{token.value[:40]}' is no number from 0 to 1")
    return {
        ">=": (number, None),
        ">": (min(1.0, math.nextafter(number, 2.0)), None),
        "<=": (None, number),
        "<": (None, max(0.0, math.nextafter(number, -1.0))),
    }.get(token.sign, (number, number))


def _probability(token: Token, _context: Context) -> Bounds:
    return Bounds(*_number(token))


def _novelty(token: Token, _context: Context) -> PaperFilter:
    low, high = _number(token)
    return PaperFilter(min_novelty=low, max_novelty=high)


_FLAGS = ("tagged", "abstained", "withdrawn", "stale", "reviewed")


def _is(token: Token, _context: Context) -> PaperFilter:
    _only_colon(token)
    if token.value not in _FLAGS:
        raise InputError(f"'is:{token.value[:40]}' is unknown: use one of {', '.join(_FLAGS)}")
    return PaperFilter(**{token.value: True})  # type: ignore[arg-type]


_CONDITIONS: dict[str, Callable[[Token, Context], PaperFilter | Bounds]] = {
    "theme": _theme,
    "group": _group,
    "primary": _primary,
    "cat": _list("categories"),
    "category": _list("categories"),
    "text": _text(""),
    "title": _text("title"),
    "abstract": _text("abstract"),
    "author": _text("author"),
    "since": _since,
    "until": _until,
    "published": _date("published"),
    "updated": _date("updated"),
    "seen": _date("first_seen"),
    "changed": _date("changed"),
    "p": _probability,
    "probability": _probability,
    "novelty": _novelty,
    "source": _list("sources"),
    "bundle": _list("bundles"),
    "id": _list("ids"),
    "is": _is,
}


def _near(name: str) -> str:
    import difflib  # only errors need it

    near = difflib.get_close_matches(name, _CONDITIONS, n=1, cutoff=0.5)
    known = ", ".join(_CONDITIONS)
    return f"; did you mean '{near[0]}:'?" if near else f": known are {known}; put quotes around words with a colon"
