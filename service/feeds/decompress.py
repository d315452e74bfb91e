"""Feeds as they were before somebody compressed them: gzip and zstd, streaming, guarded.

A few kilobytes can unfold into terabytes, so that what comes out is watched while it comes out:

- more than `MAX_RATIO` times the compressed size (once past `FREE_BYTES`) is refused; text of
  papers shrinks 3 to 10 times, a listing of one repeated line perhaps 100 times;
- a zstd window over 128 MiB (what `zstd --long=27` writes, the most its own command opens
  unasked) is refused, since it would have to be held in memory;
- more than `MAX_LAYERS` compressions around each other are refused.

How much may come out in all is no concern of this module: readers of lines and rows need little
memory however long a dump is, and readers of whole documents stop at `MAX_DOCUMENT_BYTES`.
"""

from __future__ import annotations

import gzip
import io
import zlib
from typing import BinaryIO, Protocol

import zstandard

from models.errors import FeedError
from service.feeds.lookahead import PiecewiseReader, look_ahead, read_some, read_up_to

MAX_RATIO = 250
"""Most bytes that may come out for each compressed byte."""

FREE_BYTES = 8 << 20
"""Bytes that may come out before the ratio is looked at: short repetitive feeds are harmless."""

MAX_LAYERS = 3
"""Most compressions around one feed: servers do compress what is compressed already."""

MAX_DOCUMENT_BYTES = 256 << 20
"""Largest feed, decompressed, of a format that can only be read as a whole."""

_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_MAX_WINDOW_BYTES = 1 << 27
_ZSTD_INPUT_BYTES = 1 << 10  # 1 KiB of run-length blocks unfolds to 32 MiB, and a call gives all of it
_DAMAGE = (EOFError, OSError, zlib.error, zstandard.ZstdError)


def decompressed(stream: BinaryIO) -> io.BufferedReader:
    """A stream of the feed itself: gzip and zstd layers (of several members too) are taken off.

    What is not compressed comes back as it is. Reading from the result raises FeedError where the
    data is damaged, cut short, or unfolds beyond the limits of this module.

    Raises:
        FeedError: more than `MAX_LAYERS` layers.
    """
    head, current = look_ahead(stream)
    for _ in range(MAX_LAYERS):
        name = compression(head)
        if not name:
            return current
        head, current = look_ahead(io.BufferedReader(_Guarded(name, current)))
    if compression(head):
        raise FeedError(f"compressed more than {MAX_LAYERS} times over: unpack it once and try again")
    return current


def compression(head: bytes) -> str:
    """`"gzip"` or `"zstd"` by the magic number (RFC 1952, RFC 8878), or "" if it is neither."""
    if head.startswith(_GZIP):
        return "gzip"
    return "zstd" if head.startswith(_ZSTD) else ""


def whole(stream: BinaryIO, what: str) -> bytes:
    """All bytes of the stream, for formats that cannot be read piece by piece.

    Raises:
        FeedError: more than `MAX_DOCUMENT_BYTES`; the message names `what` and the way out.
    """
    data = read_up_to(stream, MAX_DOCUMENT_BYTES + 1)
    if len(data) > MAX_DOCUMENT_BYTES:
        raise too_long(what)
    return data


def too_long(what: str) -> FeedError:
    """The error to raise for a whole document over `MAX_DOCUMENT_BYTES`, naming `what` and the way out."""
    limit = MAX_DOCUMENT_BYTES >> 20
    return FeedError(f"{what} over {limit} MiB cannot be read as a whole: split it, or convert it to JSON Lines")


class _Readable(Protocol):
    def read1(self, size: int, /) -> bytes: ...


class _Counted(PiecewiseReader):
    """The compressed stream, counting what was taken out of it."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source = source
        self.taken = 0

    def next_piece(self, size: int) -> bytes:
        piece = read_some(self._source, size)
        self.taken += len(piece)
        return piece


class _Guarded(PiecewiseReader):
    """One layer taken off, with damage told as FeedError and the ratio watched."""

    def __init__(self, name: str, source: BinaryIO) -> None:
        super().__init__()
        self._name = name
        self._counted = _Counted(source)
        self._plain: _Readable = gzip.GzipFile(fileobj=self._counted) if name == "gzip" else _ZstdFrames(self._counted)
        self._given = 0
        self._damage: FeedError | None = None

    def next_piece(self, size: int) -> bytes:
        if self._damage:
            raise self._damage  # met again: who looked ahead stopped before it
        try:
            piece = self._plain.read1(size)
        except _DAMAGE as error:
            what = f"{self._name} data damaged or cut short after {self._given} bytes: {error}"
            self._damage = FeedError(what)
            raise self._damage from None
        self._given += len(piece)
        if self._given > FREE_BYTES and self._given > MAX_RATIO * self._counted.taken:
            raise FeedError(
                f"{self._name} data unfolds to more than {MAX_RATIO} times its size: refused as a decompression "
                "bomb; unpack it yourself if you trust it"
            )
        return piece


class _ZstdFrames:
    """All frames of a zstd stream; unlike zstandard's own stream reader it notices a missing end."""

    def __init__(self, source: BinaryIO | _Counted) -> None:
        self._source = source
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._pending = b""
        self._ready = memoryview(b"")

    def read1(self, size: int, /) -> bytes:
        while not self._ready:
            compressed = self._pending or self._source.read(_ZSTD_INPUT_BYTES)
            if not compressed:
                return self._end()
            self._ready = memoryview(self._unfold(compressed))
        piece, self._ready = bytes(self._ready[:size]), self._ready[size:]
        return piece

    def _unfold(self, compressed: bytes) -> bytes:
        frame = self._frame or self._decompressor.decompressobj()
        plain = frame.decompress(compressed)
        self._frame, self._pending = (None, frame.unused_data) if frame.eof else (frame, b"")
        return plain

    def _end(self) -> bytes:
        if self._frame is not None:
            raise EOFError("the last zstd frame has no end")
        return b""
