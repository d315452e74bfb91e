"""Column types that mean the same in every database, and what stands for "unknown" in them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import JSON, BigInteger, Dialect, Integer, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB

UNKNOWN_TIME = -(2**62)
"""Stored for a time nobody knows; sorts before every real one."""
UNKNOWN_SCORE = -1.0
"""Stored for a probability or novelty nobody computed; real ones are in [0, 1]."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable_text(text: str) -> str:
    """The text without NUL characters and lone surrogates, which no database text can hold."""
    return _UNSTORABLE.sub("", text)


class StorableText(TypeDecorator[str]):
    """Text, in values and in conditions, as `storable_text`: a request cannot ask for more than can be there."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The text as it is stored and looked for."""
        return None if value is None else storable_text(value)


Id = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(JSONB, "postgresql")
Key = StorableText().with_variant(StorableText(collation="C"), "postgresql")
"""Text compared byte by byte in every database, so ranges and orders are the same in all."""


def to_ticks(moment: datetime | None) -> int:
    """Microseconds since 1970 of an aware datetime; `UNKNOWN_TIME` for None.

    Raises:
        ValueError: the datetime is naive.
    """
    if moment is None:
        return UNKNOWN_TIME
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone: the store takes aware datetimes only")
    return (moment - _EPOCH) // _TICK


def from_ticks(ticks: int) -> datetime | None:
    """The aware UTC datetime of `to_ticks`."""
    return None if ticks == UNKNOWN_TIME else _EPOCH + ticks * _TICK


class UtcTime(TypeDecorator[datetime]):
    """Aware datetimes as integers; None in and out is `UNKNOWN_TIME` inside, never NULL."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int:  # noqa: ARG002
        """Microseconds since 1970."""
        return to_ticks(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The datetime, or None where it is unknown (or an outer join found no row)."""
        return None if value is None else from_ticks(value)
