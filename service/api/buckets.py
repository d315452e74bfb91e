"""Where the levels of token buckets are kept: in this process, or in a file that several processes map.

A level is `(texts, moment)`: texts in the bucket, and the second (monotonic, of the machine) they were counted.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

Level = tuple[float, float]
Change = Callable[[Level | None], Level]

_CALLERS = 10_000
_SETS, _WAYS = 4096, 4
_SLOT = struct.Struct("<16sdd")
"""Digest of the caller, texts, moment. A caller may stand in any of the four slots of its set."""


class Buckets(Protocol):
    """Levels by caller."""

    def get(self, caller: str) -> Level | None:
        """The level, None for a caller who is new or was forgotten."""

    def update(self, caller: str, change: Change) -> None:
        """Replace a level by what `change` makes of it; nobody else changes it meanwhile."""


class OwnBuckets:
    """Levels in memory; those of the 10,000 callers who came last are kept."""

    def __init__(self) -> None:
        self._levels: OrderedDict[str, Level] = OrderedDict()

    def get(self, caller: str) -> Level | None:
        """As `Buckets.get`."""
        return self._levels.get(caller)

    def update(self, caller: str, change: Change) -> None:
        """As `Buckets.update`."""
        self._levels[caller] = change(self._levels.get(caller))
        self._levels.move_to_end(caller)
        if len(self._levels) > _CALLERS:
            self._levels.popitem(last=False)


class SharedBuckets:
    """Levels in a file of half a megabyte that every process of a server maps; one thread a process may use it.

    A new caller takes the slot of whoever in its set has not come for longest. A lock on the bytes
    of a set is let go by the system when its process ends.

    Args:
        path: of the file, which is made where there is none.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self._file, _SETS * _WAYS * _SLOT.size)
        self._levels = mmap.mmap(self._file, 0)

    def get(self, caller: str) -> Level | None:
        """As `Buckets.get`."""
        digest = _digest(caller)
        with self._held(digest) as place:
            return next((level for _, known, level in self._slots(place) if known == digest), None)

    def update(self, caller: str, change: Change) -> None:
        """As `Buckets.update`."""
        digest = _digest(caller)
        with self._held(digest) as place:
            slots = list(self._slots(place))
            own = next((slot for slot in slots if slot[1] == digest), None)
            offset, _, _ = own or min(slots, key=lambda slot: slot[2][1])
            _SLOT.pack_into(self._levels, offset, digest, *change(own[2] if own else None))

    def close(self) -> None:
        """Let go of the file."""
        self._levels.close()
        os.close(self._file)

    @contextmanager
    def _held(self, digest: bytes) -> Iterator[int]:
        length = _WAYS * _SLOT.size
        place = int.from_bytes(digest[:4]) % _SETS * length
        fcntl.lockf(self._file, fcntl.LOCK_EX, length, place)
        try:
            yield place
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, length, place)

    def _slots(self, place: int) -> Iterator[tuple[int, bytes, Level]]:
        for offset in range(place, place + _WAYS * _SLOT.size, _SLOT.size):
            digest, texts, moment = _SLOT.unpack_from(self._levels, offset)
            yield offset, digest, (texts, moment)


def _digest(caller: str) -> bytes:
    return hashlib.blake2b(caller.encode("utf-8", "surrogatepass"), digest_size=16).digest()
