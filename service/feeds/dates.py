"""Moments in time out of the ways feeds write them; shared by every format.

What cannot be read is None, never a guess: "03/04/2015" may be March or April and stays unread.
A missing or impossible month or day is the first; a time without a zone is UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST = 80  # characters; longer text is not a date, and no pattern here should see it
_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MONTHS = {name: place for place, name in enumerate(_NAMES.split("|"), start=1)}
_MONTH = rf"(?P<month>{_NAMES})[a-z]{{0,6}}\.?"
_YEAR = r"(?P<year>1[5-9]\d\d|20\d\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_LONG_MONTH = re.compile(rf"\b{_MONTH}", re.IGNORECASE)

# RFC 822 section 5.1 with the four-digit years of RFC 1123, and C's asctime; both in RSS feeds.
_RFC_822 = re.compile(
    r"^(?:[a-z]{3,9},?\s+)?(?:\d{1,2}[ -][a-z]{3}[ -]\d{2,4}|[a-z]{3}\s+\d{1,2}\s+\d\d:\d\d)", re.IGNORECASE
)
# The profile of ISO 8601 in https://www.w3.org/TR/NOTE-datetime, cut where a part is missing or odd.
_ISO_START = re.compile(rf"^{_YEAR}(?:[-/.](?P<month>\d{{1,2}})(?:[-/.](?P<day>\d{{1,2}}))?)?(?!\d)")
_WRITTEN = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:[a-z]{{3,9}},?\s+)?{_DAY}[\s-]{_MONTH},?[\s-]{_YEAR}\b",
        rf"^(?:[a-z]{{3,9}},?\s+)?{_MONTH}\s{_DAY},?\s{_YEAR}\b",
        rf"^{_YEAR}[\s-]{_MONTH}(?:[\s-]{_DAY})?\b",
        rf"^{_MONTH}[\s,-]{{1,2}}{_YEAR}\b",
        rf"^(?P<month>\d{{1,2}})[/.-](?P<day>1[3-9]|2\d|3[01])[/.-]{_YEAR}\b",
        rf"^(?P<day>1[3-9]|2\d|3[01])[/.-](?P<month>\d{{1,2}})[/.-]{_YEAR}\b",
        rf"^\D{{0,20}}{_YEAR}\D{{0,20}}$",
    )
)


def parse_date(text: str) -> datetime | None:
    """The moment `text` names, aware and in UTC, or None where it names none for certain.

    Reads ISO 8601 (whole or cut short), RFC 822 with two- or four-digit years and named zones,
    asctime, and English dates as people write them ("May 2021", "2021 May 15", "15 May 2021").
    Never raises.
    """
    wording = " ".join(text.split())
    if not wording or len(wording) > _LONGEST:
        return None
    for reading in _READINGS:
        moment = reading(wording)
        if moment is not None:
            return moment
    return None


def date_of(year: str, month: str = "", day: str = "") -> datetime | None:
    """Midnight UTC of a date that comes in parts, as publishers write it, or None without a year.

    `month` is a number or an English name; a month or day that cannot be read counts as missing.
    """
    whole = _number(year)
    number = _MONTHS.get(month.strip()[:3].lower()) or _number(month) or 1
    for part in ((number, _number(day) or 1), (number, 1), (1, 1)):
        moment = _midnight(whole, *part)
        if moment is not None:
            return moment
    return None


def _from_iso(text: str) -> datetime | None:
    try:
        return _utc(datetime.fromisoformat(text))
    except ValueError:
        return None


def _from_rfc_822(text: str) -> datetime | None:
    short = _LONG_MONTH.sub(lambda match: match["month"], text)
    if not _RFC_822.match(short):
        return None
    try:
        return _utc(parsedate_to_datetime(short))
    except (ValueError, TypeError, OverflowError):
        return None


def _from_iso_start(text: str) -> datetime | None:
    match = _ISO_START.match(text)
    return date_of(match["year"], match["month"] or "", match["day"] or "") if match else None


def _from_words(text: str) -> datetime | None:
    for pattern in _WRITTEN:
        match = pattern.match(text)
        if match:
            part = match.groupdict()
            return date_of(part["year"], part.get("month") or "", part.get("day") or "")
    return None


_READINGS: tuple[Callable[[str], datetime | None], ...] = (_from_iso, _from_rfc_822, _from_words, _from_iso_start)


def _utc(moment: datetime) -> datetime | None:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:  # the first and the last day there is, in another zone
        return None


def _midnight(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None


def _number(text: str) -> int:
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 4 else 0
