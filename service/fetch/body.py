"""Response bodies under a size limit, decompressed as they arrive and never further than the limit."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from models.errors import FetchError

_PIECE = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS


class _Inflater(Protocol):
    """What `zlib.decompressobj` gives; its own type has no public name."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...
    def flush(self) -> bytes: ...


Collect = Callable[[Iterable[bytes]], bytes]
"""What becomes of a body's pieces, which it must take to their end: joined, or written to a file."""


def read_body(
    chunks: Iterable[bytes], encoding: str, max_bytes: int, collect: Collect = b"".join, *, remedy: str = ""
) -> bytes:
    """The whole body, decompressed; what `collect` makes of it.

    Args:
        chunks: the body as it comes off the wire; no more of it is taken once a limit is passed.
        encoding: the Content-Encoding header, "" for none. gzip and deflate (with the zlib header
            of RFC 9110 8.4.1.2, or raw as some servers send it) are understood.
        max_bytes: limit for the bytes on the wire and for the decompressed bytes, each.
        collect: takes the pieces; by default joins them.
        remedy: what to do about a larger body, told with the error.

    Raises:
        FetchError: larger than the limit, or an encoding that was not asked for.
        zlib.error: damaged compressed data.
        EOFError: compressed data that ends early.
    """
    then = f"; {remedy}" if remedy else ""
    wire = _limited(chunks, max_bytes, f"(as sent){then}")
    return collect(_limited(_decoder(encoding)(wire), max_bytes, f"(decompressed){then}"))


def _limited(chunks: Iterable[bytes], max_bytes: int, told: str) -> Iterator[bytes]:
    seen = 0
    for chunk in chunks:
        seen += len(chunk)
        if seen > max_bytes:
            raise FetchError(f"the body is larger than {max_bytes:,} bytes {told}")
        yield chunk


def _decoder(encoding: str) -> Callable[[Iterable[bytes]], Iterable[bytes]]:
    # No server needs to compress twice, and every layer multiplies what a bomb can do.
    names = [name for part in encoding.lower().split(",") if (name := part.strip()) not in ("", "identity")]
    if not names:
        return iter
    if len(names) > 1 or names[0] not in _DECODERS:
        raise FetchError(f"the body is encoded as {encoding[:60]!r}, but only gzip or deflate were asked for")
    return _DECODERS[names[0]]


def _gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of all gzip members in a row (RFC 1952 2.2); padding after the last one is ignored."""
    member: _Inflater | None = None
    for chunk in chunks:
        data = chunk
        while data:
            if member is None or member.eof:
                if member is not None and data[0] != 0x1F:
                    return
                member = zlib.decompressobj(_GZIP)
            yield from _inflated(member, data)
            data = member.unused_data
    yield from _finished(member)


def _inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    decoder: _Inflater | None = None
    for chunk in filter(None, chunks):
        decoder = decoder or zlib.decompressobj(zlib.MAX_WBITS if _is_zlib(chunk) else -zlib.MAX_WBITS)
        yield from _inflated(decoder, chunk)
    yield from _finished(decoder)


def _is_zlib(start: bytes) -> bool:
    # RFC 1950 2.2: method 8, and a check sum where the second byte has arrived too.
    return start[0] & 0x0F == 8 and (len(start) < 2 or int.from_bytes(start[:2]) % 31 == 0)


def _inflated(decoder: _Inflater, data: bytes) -> Iterator[bytes]:
    while data:
        yield decoder.decompress(data, _PIECE)
        data = decoder.unconsumed_tail


def _finished(decoder: _Inflater | None) -> Iterator[bytes]:
    """What the decoder still holds; an empty body is fine, one that breaks off is not."""
    if decoder is None:
        return
    yield decoder.flush()
    if not decoder.eof:
        raise EOFError("the compressed body ends early")


_DECODERS = {"gzip": _gunzip, "x-gzip": _gunzip, "deflate": _inflate}
