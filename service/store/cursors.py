"""Places in a listing: the sort key and the number of the last paper shown, as a short opaque text."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from models.errors import InputError

T = TypeVar("T")


class Sort(StrEnum):
    """What a listing is ordered by; RELEVANCE needs a text query."""

    PUBLISHED = "published"
    UPDATED = "updated"
    FIRST_SEEN = "first_seen"
    PROBABILITY = "probability"
    NOVELTY = "novelty"
    RELEVANCE = "relevance"

    @property
    def is_time(self) -> bool:
        """True where keys are times, False where they are numbers."""
        return self in {Sort.PUBLISHED, Sort.UPDATED, Sort.FIRST_SEEN}


@dataclass(frozen=True, slots=True)
class Place:
    """The last paper of a page: `key` in ticks or as a number, `pk` the paper's row number."""

    key: float
    pk: int


def write_cursor(place: Place, sort: Sort, descending: bool) -> str:
    """A cursor for the page after `place`."""
    return packed([str(sort), int(descending), place.key, place.pk])


def read_cursor(cursor: str, sort: Sort, descending: bool) -> Place | None:
    """The place a cursor stands for, None for "".

    Raises:
        InputError: no cursor of this store, or one of a listing in another order.
    """
    if not cursor:
        return None
    made_for, direction, place = unpacked(cursor, _place)
    if made_for != sort or direction != int(descending) or (sort.is_time and not isinstance(place.key, int)):
        raise InputError("the cursor belongs to a listing in another order: start again without a cursor")
    return place


def packed(record: list[Any]) -> str:
    """A JSON record as a cursor: URL-safe, without padding."""
    return base64.urlsafe_b64encode(json.dumps(record, separators=(",", ":")).encode()).decode().rstrip("=")


def unpacked(cursor: str, read: Callable[[Any], T]) -> T:
    """What `read` makes of the record of a cursor.

    Args:
        read: raises ValueError, TypeError or OverflowError for a record that is none of its own.

    Raises:
        InputError: no cursor of ours.
    """
    try:
        return read(json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)))
    except (ValueError, TypeError, RecursionError, OverflowError):
        raise InputError(f"the cursor {cursor[:40]!r} is damaged: start again without a cursor") from None


def _place(record: Any) -> tuple[Any, Any, Place]:
    made_for, direction, key, pk = record
    return made_for, direction, Place(_number(key), int(_number(pk)))


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**63:
        raise ValueError(value)
    return value
