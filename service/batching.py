"""What waits for the model, in lanes: texts of one kind of work, one bundle and like length.

A batch comes from one lane, the one whose first text waits longest, so a short text is never
computed together with a book, and no lane starves. Nothing here runs or waits: see `engine`.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

BUCKETS = (400, 2_400, 10_000)
"""Upper bounds of the length buckets in characters: titles, abstracts, long abstracts, the rest."""
BATCH_CHARACTERS = 131_072
"""A batch ends at so many characters, whatever its number of texts."""


class Waiting(Protocol):
    """What can stand in a lane."""

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""


T = TypeVar("T", bound=Waiting)

Key = tuple[Hashable, int, int]
"""Of a lane: kind of work and bundle, most items of a batch, length bucket."""


def bucket_of(characters: int) -> int:
    """Number of the length bucket, from 0 for the shortest texts."""
    return sum(characters > bound for bound in BUCKETS)


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """One text in a lane: the item, its characters, its place in the order of arrival, its time in seconds."""

    item: T
    characters: int
    arrival: int
    time: float


class Lanes(Generic[T]):
    """Lanes of waiting items; not thread-safe, its owner holds a lock."""

    def __init__(self) -> None:
        self._lanes: dict[Key, deque[Entry[T]]] = {}
        self._arrivals = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, key: Hashable, item: T, characters: int, time: float, most: int = sys.maxsize) -> None:
        """Stand an item in the lane of its key and length; `most` items of it go into a batch."""
        self._arrivals += 1
        self._count += 1
        lane = self._lanes.setdefault((key, most, bucket_of(characters)), deque())
        lane.append(Entry(item, characters, self._arrivals, time))

    def oldest(self) -> float | None:
        """Time of the item that waits longest, or None."""
        heads = [lane[0].time for lane in self._lanes.values()]
        return min(heads) if heads else None

    def fills(self, texts: int) -> bool:
        """Whether the lane that comes next holds a whole batch of at most `texts`."""
        if not self._lanes:
            return False
        key = self._next()
        return len(self._lanes[key]) >= min(texts, key[1])

    def _next(self) -> Key:
        return min(self._lanes, key=lambda k: self._lanes[k][0].arrival)

    def take(self, texts: int) -> list[Entry[T]]:
        """The next batch, in order of arrival; empty only when nothing waits.

        It holds at most `texts` items, fewer where its lane says so, and unless it is a single one, at most
        BATCH_CHARACTERS.
        Cancelled items are dropped.
        """
        batch: list[Entry[T]] = []
        while self._lanes and not batch:
            key = self._next()
            batch = self._cut(self._lanes[key], min(texts, key[1]))
            if not self._lanes[key]:
                del self._lanes[key]
        return batch

    def _cut(self, lane: deque[Entry[T]], texts: int) -> list[Entry[T]]:
        batch: list[Entry[T]] = []
        room = BATCH_CHARACTERS
        while lane and len(batch) < texts and (not batch or lane[0].characters <= room):
            entry = lane.popleft()
            self._count -= 1
            if not entry.item.cancelled:
                batch.append(entry)
                room -= entry.characters
        return batch
