"""Dates as people write them in queries and options: `2026-03-02`, `2026-03`, `7d`, `today`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from models.errors import InputError

_AGO = re.compile(r"(\d{1,5})\s?(m|min|h|d|w)", re.IGNORECASE)
_UNITS = {
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_YEAR = re.compile(r"(\d{4})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


class Period(NamedTuple):
    """A stretch of time, `end` not in it; for a moment both are the same. Aware, in UTC."""

    start: datetime
    end: datetime


def period(words: str, now: datetime) -> Period:
    """What the words stand for: a year, month or day in UTC, a moment of ISO 8601, or so long ago.

    `30m`, `12h`, `7d`, `2w` count back from `now`; `today` and `yesterday` are days in UTC.

    Raises:
        InputError: they are none of these.
    """
    text = words.strip().lower()
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            moment = now - int(ago[1]) * _UNITS[ago[2]]
            return Period(moment, moment)
        return _day(text, now) or _calendar(text) or _moment(text)
    except (ValueError, OverflowError):
        raise InputError(f"{words[:40]!r} is no date: write 2026-03-02, 2026-03, 7d, 12h, today or yesterday") from None


def _day(text: str, now: datetime) -> Period | None:
    back = {"today": 0, "yesterday": 1}.get(text)
    if back is None:
        return None
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=back)
    return Period(midnight, midnight + timedelta(days=1))


def _calendar(text: str) -> Period | None:
    if match := _YEAR.fullmatch(text):
        return Period(_midnight(int(match[1])), _midnight(int(match[1]) + 1))
    if match := _MONTH.fullmatch(text):
        year, month = int(match[1]), int(match[2])
        return Period(_midnight(year, month), _midnight(year + month // 12, month % 12 + 1))
    if match := _DAY.fullmatch(text):
        day = _midnight(*map(int, match.groups()))
        return Period(day, day + timedelta(days=1))
    return None


def _moment(text: str) -> Period:
    moment = datetime.fromisoformat(text.upper())
    aware = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Period(aware, aware)


def _midnight(year: int, month: int = 1, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)
