"""The beginning of a stream, read without losing it: feeds come through pipes that cannot seek."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from models.errors import FeedError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD_BYTES = 1 << 16
"""How much of a feed is looked at before its format is decided, in bytes."""

_BUFFER_BYTES = 1 << 18


class PiecewiseReader(io.RawIOBase):
    """Base of byte streams that know how to give their next piece; `io.BufferedReader` makes files of them."""

    def next_piece(self, size: int) -> bytes:
        """Up to `size` bytes, none only at the end."""
        raise NotImplementedError

    def readable(self) -> bool:
        """Always true: this is what makes it a stream to read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Number of bytes put into the buffer, 0 at the end."""
        target = memoryview(buffer)
        piece = self.next_piece(len(target))
        target[: len(piece)] = piece
        return len(piece)


class _Rejoined(PiecewiseReader):
    """A stream that gives `head` first and then what `rest` still holds; closing it leaves `rest` open."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._head = memoryview(head)
        self._rest = rest

    def next_piece(self, size: int) -> bytes:
        if not self._head:
            return read_some(self._rest, size)
        piece, self._head = bytes(self._head[:size]), self._head[size:]
        return piece


class UntilDamage(PiecewiseReader):
    """A stream that ends where another one is damaged.

    Attributes:
        damage: the reason, once it was met; None where the other stream really ended.
    """

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source = source
        self.damage: FeedError | None = None

    def next_piece(self, size: int) -> bytes:
        """Up to `size` bytes, none at the end and from the damage on."""
        if self.damage is None:
            try:
                return read_some(self._source, size)
            except FeedError as error:
                self.damage = error
        return b""


@contextmanager
def until_damage(stream: BinaryIO) -> Iterator[tuple[io.BufferedReader, UntilDamage]]:
    """What there is before damage, to be read like a whole feed, and the place that will know of the damage.

    Raises:
        FeedError: the damage, after the block, or in place of what was thought wrong because of it.
    """
    source = UntilDamage(stream)
    try:
        yield io.BufferedReader(source, _BUFFER_BYTES), source
    except FeedError as error:
        raise (source.damage or error) from None
    if source.damage is not None:
        raise source.damage


def look_ahead(stream: BinaryIO, size: int = HEAD_BYTES) -> tuple[bytes, io.BufferedReader]:
    """The first `size` bytes of the stream (fewer if it is shorter), and a stream that still has them.

    Only the returned stream may be read from then on; closing it does not close the given one.

    Raises:
        FeedError: the stream is compressed and damaged in its very first bytes.
    """
    pieces: list[bytes] = []
    missing = size
    while missing > 0 and (piece := _piece_before_damage(stream, missing, pieces)):
        pieces.append(piece)
        missing -= len(piece)
    head = b"".join(pieces)
    return head, io.BufferedReader(_Rejoined(head, stream), _BUFFER_BYTES)


def read_up_to(stream: BinaryIO, size: int) -> bytes:
    """The next `size` bytes, fewer only at the end of the stream: pipes return short reads."""
    pieces: list[bytes] = []
    missing = size
    while missing > 0 and (piece := read_some(stream, missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def read_some(stream: BinaryIO, size: int) -> bytes:
    """Up to `size` bytes out of one underlying read, none only at the end of the stream.

    A plain `read` of a buffered stream collects several underlying reads, and throws away what it
    has when the last of them meets damage.
    """
    piece: bytes = getattr(stream, "read1", stream.read)(size)
    return piece


def _piece_before_damage(stream: BinaryIO, size: int, so_far: list[bytes]) -> bytes:
    try:
        return read_some(stream, size)
    except FeedError:
        if so_far:
            return b""  # what came before the damage is worth reading; the next read meets it again
        raise
