"""Text out of bytes for the formats that do not say how they are encoded.

A byte order mark decides; without one UTF-16 shows by its zero bytes and UTF-8 by being valid; what
is left is read as Windows-1252, which holds Latin-1 (https://encoding.spec.whatwg.org/#names-and-labels),
and a note says so. A byte that the encoding does not have becomes U+FFFD: one wrong letter, never
a lost entry.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from service.feeds.decompress import MAX_DOCUMENT_BYTES, too_long
from service.feeds.entries import MAX_ENTRY_BYTES, Note
from service.feeds.lookahead import look_ahead

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LAST_RESORT = "cp1252"
_PROBE_BYTES = 512


class Line(NamedTuple):
    """One line of a text.

    Attributes:
        number: 1-based place in the text.
        text: the line without its ending, or None if it is over `MAX_ENTRY_BYTES` and was passed over.
    """

    number: int
    text: str | None


def encoding_of(head: bytes) -> str:
    """The Python name of the encoding that a text beginning with `head` is most likely in."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    return _utf_16_without_mark(head[:_PROBE_BYTES]) or ("utf-8" if _is_utf_8(head) else _LAST_RESORT)


def decode(head: bytes) -> str:
    """The text of the beginning of a feed as `open_text` gives it; a character cut at the end is left out."""
    decoder = codecs.getincrementaldecoder(encoding_of(head))(errors="replace")
    return decoder.decode(head).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def open_text(stream: BinaryIO) -> io.TextIOWrapper:
    """The stream as text, every line ending made a line feed; its `encoding` is the one found."""
    head, stream = look_ahead(stream)
    return io.TextIOWrapper(stream, encoding=encoding_of(head), errors="replace", newline=None)


def rest_of(text: io.TextIOBase, what: str) -> str:
    """All text there is left, for formats that are read as a whole.

    Raises:
        FeedError: it is too long for that; the message names `what`.
    """
    rest = text.read(MAX_DOCUMENT_BYTES + 1)
    if len(rest) > MAX_DOCUMENT_BYTES:
        raise too_long(what)
    return rest


def doubts(text: io.TextIOWrapper) -> Iterator[Note]:
    """A note if the encoding of the text is a last resort, else nothing."""
    if text.encoding == _LAST_RESORT:
        yield Note("the text is not valid UTF-8: read as Windows-1252; convert it to UTF-8 if letters look wrong")


def lines(text: io.TextIOBase, after: int = 0) -> Iterator[Line]:
    """The lines of a text one by one, `after` read before; memory stays flat however long a line is."""
    number = after
    while line := text.readline(MAX_ENTRY_BYTES + 1):
        number += 1
        complete = line.endswith("\n") or len(line) <= MAX_ENTRY_BYTES
        if not complete:
            _pass_over_rest(text)
        yield Line(number, line.rstrip("\n") if complete and not is_too_large(line) else None)


def is_too_large(text: str) -> bool:
    """Whether the text takes more than `MAX_ENTRY_BYTES` in UTF-8."""
    if len(text) * 4 <= MAX_ENTRY_BYTES:  # no character takes more than four bytes: spares the encoding
        return False
    return len(text.encode("utf-8", "surrogatepass")) > MAX_ENTRY_BYTES


def _pass_over_rest(text: io.TextIOBase) -> None:
    while (more := text.readline(MAX_ENTRY_BYTES)) and not more.endswith("\n"):
        pass


def _is_utf_8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _utf_16_without_mark(probe: bytes) -> str:
    # Latin text in UTF-16 has a zero in every second byte: in which half tells the byte order.
    half = len(probe) // 2
    if half < 2:
        return ""
    if probe[0::2].count(0) > half * 0.6 and probe[1::2].count(0) < half * 0.1:
        return "utf-16-be"
    if probe[1::2].count(0) > half * 0.6 and probe[0::2].count(0) < half * 0.1:
        return "utf-16-le"
    return ""
