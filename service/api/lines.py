"""Lines out of chunks of bytes, each of bounded length, in bounded memory."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """A line: its number from 1, and its bytes without the line break, or None where it was too long."""

    number: int
    raw: bytes | None


class LineSplitter:
    r"""Cuts chunks at `\n`; blank lines are counted and left out.

    Args:
        most: longest line in bytes; of a longer one nothing is kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._parts: list[bytes] = []
        self._length = 0
        self._number = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that this chunk completes."""
        *ends, rest = chunk.split(b"\n")
        lines = [line for end in ends if (line := self._complete(end)) is not None]
        self._keep(rest)
        return lines

    def finish(self) -> list[Line]:
        """The last line, where it has no line break."""
        line = self._complete(b"") if self._length else None
        return [line] if line is not None else []

    def _complete(self, end: bytes) -> Line | None:
        self._keep(end)
        self._number += 1
        too_long = self._length > self._most
        raw = b"".join(self._parts)
        self._parts.clear()
        self._length = 0
        if too_long:
            return Line(self._number, None)
        return Line(self._number, raw) if raw.strip() else None

    def _keep(self, part: bytes) -> None:
        self._length += len(part)
        if self._length > self._most:
            self._parts.clear()
        elif part:
            self._parts.append(part)
