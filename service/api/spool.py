"""A bounded queue of bytes: a little in memory, much on disk, then it makes its writer wait."""

from __future__ import annotations

import asyncio
import tempfile
from collections import deque
from typing import BinaryIO, cast

MEMORY_BYTES = 1_048_576
_READ_BYTES = 262_144


class Spool:
    """First in, first out, for one writer and one reader of one event loop.

    A client that sends its whole request before it reads an answer would stop forever if answers
    could only wait in memory; on disk they wait for it.

    Args:
        disk_bytes: most bytes on disk; 0 keeps none there.
    """

    def __init__(self, disk_bytes: int) -> None:
        self._disk_bytes = disk_bytes
        self._memory: deque[bytes] = deque()
        self._held = 0
        self._file: BinaryIO | None = None
        self._read_at = self._written_to = 0
        self._ended = False
        self._changed = asyncio.Condition()

    async def put(self, data: bytes) -> None:
        """Append; waits while memory and disk are full."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._fits_memory() or self._fits_disk(len(data)))
            if self._fits_memory():
                self._memory.append(data)
                self._held += len(data)
            else:
                await asyncio.to_thread(self._append, data)
            self._changed.notify_all()

    async def end(self) -> None:
        """Say that nothing follows."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def get(self) -> bytes:
        """The next bytes, joined; empty at the end."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._memory) or self._on_disk() > 0 or self._ended)
            data = b"".join(self._memory)
            self._memory.clear()
            self._held = 0
            if not data and self._on_disk():
                data = await asyncio.to_thread(self._take)
            self._changed.notify_all()
            return data

    def close(self) -> None:
        """Give the disk's bytes back."""
        if self._file is not None:
            self._file.close()

    def _on_disk(self) -> int:
        return self._written_to - self._read_at

    def _fits_memory(self) -> bool:
        # Once something is on disk, everything that follows goes there, or it would overtake.
        return self._held < MEMORY_BYTES and not self._on_disk()

    def _fits_disk(self, count: int) -> bool:
        return self._written_to + count <= self._disk_bytes

    def _append(self, data: bytes) -> None:
        if self._file is None:
            self._file = cast(BinaryIO, tempfile.TemporaryFile(prefix="paperwire-"))  # noqa: SIM115 - closed by `close`
        self._file.seek(self._written_to)
        self._file.write(data)
        self._written_to += len(data)

    def _take(self) -> bytes:
        file = cast(BinaryIO, self._file)
        file.seek(self._read_at)
        data = file.read(_READ_BYTES)
        self._read_at += len(data)
        if self._read_at == self._written_to:
            file.truncate(0)
            self._read_at = self._written_to = 0
        return data
