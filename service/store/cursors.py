"""Places in a listing: the sort key and the number of the last paper shown, as a short opaque text."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from enum import StrEnum

from models.errors import InputError


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
    """A cursor for the page after `place`: URL-safe, without padding."""
    record = json.dumps([str(sort), int(descending), place.key, place.pk], separators=(",", ":"))
    return base64.urlsafe_b64encode(record.encode()).decode().rstrip("=")


def read_cursor(cursor: str, sort: Sort, descending: bool) -> Place | None:
    """The place a cursor stands for, None for "".

    Raises:
        InputError: no cursor of this store, or one of a listing in another order.
    """
    if not cursor:
        return None
    try:
        record = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        made_for, direction, key, pk = record
        place = Place(_number(key), int(_number(pk)))
    except (ValueError, TypeError, RecursionError, OverflowError):
        raise InputError(f"the cursor {cursor[:40]!r} is damaged: start again without a cursor") from None
    if made_for != sort or direction != int(descending) or (sort.is_time and not isinstance(place.key, int)):
        raise InputError("the cursor belongs to a listing in another order: start again without a cursor")
    return place


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**63:
        raise ValueError(value)
    return value
