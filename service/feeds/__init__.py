"""Feeds in any of the known formats to papers: bytes in, entries out, nothing fetched or stored.

    parse(data)               a whole feed at once, folded to one entry a paper
    iter_entries(stream)      entry by entry, with flat memory for lines, rows and listings
    recognised(stream)        the same, with the name of the format
    sniff(head), FORMATS      which format it is, which there are

gzip and zstd are taken off by themselves.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from models.errors import FeedError
from models.paper import Paper
from service.feeds.decompress import compression, decompressed
from service.feeds.entries import MAX_ENTRY_BYTES, Announced, Entry, Note, ParsedFeed, Skipped, fold
from service.feeds.lookahead import HEAD_BYTES, look_ahead, read_up_to
from service.feeds.registry import FORMATS, Format, reader
from service.feeds.sniff import sniff

__all__ = [
    "FORMATS",
    "MAX_ENTRY_BYTES",
    "Announced",
    "Entry",
    "Format",
    "Note",
    "ParsedFeed",
    "Skipped",
    "iter_entries",
    "parse",
    "recognised",
    "sniff",
]


def parse(data: bytes, format: str | None = None) -> ParsedFeed:  # noqa: A002 (the word for it, on the command line too)
    """A whole feed, one entry a paper; bad entries are among `skipped`, each with its reason.

    With `format` given nothing in `data` raises: bytes that are not of that format at all come back
    as a feed without papers and one skipped entry that says why.

    Raises:
        FeedError: no `format` given and the data is of none that is known, or damaged from its
            first byte; or `format` names none.
    """
    if format is not None:
        reader(format)  # a name that does not exist is the caller's mistake, not the feed's
    try:
        name, entries = recognised(io.BytesIO(data), format)
        papers, skipped, duplicates, notes = fold(entries)
    except FeedError as error:
        if format is None:
            raise
        return ParsedFeed(format, skipped=(Skipped(1, str(error)),))
    return ParsedFeed(name, tuple(papers), tuple(skipped), duplicates, tuple(notes))


def iter_entries(stream: BinaryIO, format: str | None = None) -> Iterator[Entry]:  # noqa: A002
    """The entries of a feed one by one and not folded: papers, skipped entries, notes, how papers were announced.

    Damage that ends a feed early (a download cut short) becomes one more `Skipped` if anything came
    before it. The stream is read but not closed.

    Raises:
        FeedError: as `parse`; at once if the format is not known, else with the first entry.
    """
    return recognised(stream, format)[1]


def recognised(stream: BinaryIO, format: str | None = None) -> tuple[str, Iterator[Entry]]:  # noqa: A002
    """The name of a feed's format, and its entries as from `iter_entries`.

    Raises:
        FeedError: as `iter_entries`.
    """
    start = stream.tell() if stream.seekable() else None
    head, source = look_ahead(stream)
    packed = bool(compression(head))
    head, source = look_ahead(decompressed(source))
    name = format or _sniffed(head, source)
    entries = reader(name).read_stream
    if FORMATS[name].seeks and start is not None and not packed:
        stream.seek(start)
        return name, _until_damage(entries(stream))
    return name, _until_damage(entries(source))


def _sniffed(head: bytes, source: BinaryIO) -> str:
    try:
        return sniff(head)
    except FeedError:
        read_up_to(source, HEAD_BYTES + 1)  # raises the better reason if the head is all there was before damage
        raise


def _until_damage(entries: Iterator[Entry]) -> Iterator[Entry]:
    count = 0
    try:
        for entry in entries:
            count += isinstance(entry, Paper | Skipped)
            yield entry
    except FeedError as error:
        if not count:
            raise
        yield Skipped(count + 1, str(error))
