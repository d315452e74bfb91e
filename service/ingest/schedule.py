"""When sources are visited: durations as people write them, and what is due."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from models.errors import InputError
from service.store import Source

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(?:\d{1,9}[smhdw])+|\d{1,9}", re.IGNORECASE)
_PART = re.compile(r"(\d+)([smhdw])", re.IGNORECASE)
_EARLY = 0.1


def duration_s(text: str) -> int:
    """The seconds of a duration: "90s", "30m", "1h", "1h30m", "1d", "2w", or a bare number of seconds.

    Raises:
        InputError: not such a text, or zero.
    """
    bare = text.strip()
    if not _DURATION.fullmatch(bare):
        raise InputError(f"{text!r} is no duration: write for instance 30m, 1h, 1h30m, 1d or 1w")
    seconds = int(bare) if bare.isdigit() else sum(int(n) * _UNITS[unit.lower()] for n, unit in _PART.findall(bare))
    if seconds == 0:
        raise InputError(f"{text!r} is no time at all: write for instance 30m, 1h or 1d")
    return seconds


def duration_text(seconds: int) -> str:
    """The shortest text that `duration_s` reads as these seconds, with two units at most where that is exact."""
    for unit, size in sorted(_UNITS.items(), key=lambda item: -item[1]):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    parts, left = [], seconds
    for unit, size in sorted(_UNITS.items(), key=lambda item: -item[1]):
        if left >= size:
            parts.append(f"{left // size}{unit}")
            left %= size
    return "".join(parts) or "0s"


def due_sources(sources: Iterable[Source], moment: datetime, slack_s: float = 0.0) -> list[Source]:
    """The active sources to visit now, the one that waited longest first.

    A source in good health is due a tenth of its interval early, or `slack_s` seconds if that is
    more: a nightly run that began a minute later last night must not pass it over tonight. After a
    failure the whole pause is kept.
    """
    due = [source for source in sources if source.active and _is_due(source, moment, slack_s)]
    return sorted(due, key=lambda source: (source.next_due is not None, source.next_due or moment, source.url))


def _is_due(source: Source, moment: datetime, slack_s: float) -> bool:
    if source.next_due is None:
        return True
    early_s = 0.0 if source.failures else max(source.interval_s * _EARLY, slack_s)
    return source.next_due - timedelta(seconds=early_s) <= moment
