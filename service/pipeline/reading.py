"""Many feeds as one stream of papers: each paper once, bad entries and bad feeds reported and passed over."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from models.errors import FeedError, FetchError
from models.paper import Paper
from service.feeds import Announced, Entry, Note, Skipped, recognised
from service.feeds.entries import merged
from service.pipeline.seen import SeenIds
from service.pipeline.sources import Source

WINDOW = 1_000
"""Papers held back so that a newer version or a cross-list a little later is folded exactly."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said about a source.

    Attributes:
        source: its name.
        position: of the entry in it, from 1; 0 for the source as a whole.
        text: one line.
        kind: "skipped" (an entry), "unreadable" (a whole source) or "note".
        id: the entry's identifier where it could be read, else "".
    """

    source: str
    position: int
    text: str
    kind: str
    id: str = ""

    def __str__(self) -> str:
        place = f"{self.source}:{self.position}" if self.position else self.source
        return f"{place}: {self.text}{f' ({self.id})' if self.id else ''}"


@dataclass(slots=True)
class Counts:
    """What has been read so far.

    Attributes:
        papers: given out. duplicates: entries folded into one of them. skipped: bad entries.
        sources: begun. unreadable: of these. unreadable_named: of these, asked for by name.
        bytes_read: of sources whose size is known, as they lie on disk.
    """

    papers: int = 0
    duplicates: int = 0
    skipped: int = 0
    sources: int = 0
    unreadable: int = 0
    unreadable_named: int = 0
    bytes_read: int = 0


class PaperStream:
    """Papers of many sources in order, each id once; iterate it once.

    Within `window` papers folding is exact: the newest version is given, in the place of the first.
    Beyond it the first one given stands, and later ones are counted as duplicates; for that eight
    bytes a paper are kept, and nothing else grows with the length of the input.

    Args:
        sources: what to read. format: name of the format of all of them; None finds out for each.
        report: told of every skipped entry, unreadable source and note, as it is met.
        window: papers held back.

    Attributes:
        counts: what has been read so far.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        format: str | None = None,  # noqa: A002 (the word for it, on the command line too)
        *,
        report: Callable[[Remark], object],
        window: int = WINDOW,
    ) -> None:
        self.counts = Counts()
        self._sources = sources
        self._format = format
        self._report = report
        self._window = window

    def __iter__(self) -> Iterator[Paper]:
        for paper in self._folded(self._papers()):
            self.counts.papers += 1
            yield paper

    def _folded(self, papers: Iterator[Paper]) -> Iterator[Paper]:
        held: OrderedDict[str, Paper] = OrderedDict()
        given = SeenIds()
        for paper in papers:
            if paper.id in held:
                held[paper.id] = merged(held[paper.id], paper)
                self.counts.duplicates += 1
            elif paper.id in given:
                self.counts.duplicates += 1
            else:
                held[paper.id] = paper
            if len(held) > self._window:
                first, oldest = held.popitem(last=False)
                given.add(first)
                yield oldest
        yield from held.values()

    def _papers(self) -> Iterator[Paper]:
        for source in self._sources:
            self.counts.sources += 1
            try:
                yield from self._of(source)
            except (FeedError, FetchError, OSError) as error:
                self._unreadable(source, _said(source, error))

    def _of(self, source: Source) -> Iterator[Paper]:
        with source.open() as stream:
            before = self.counts.bytes_read
            for number, entry in enumerate(recognised(stream, self._format)[1]):
                if source.size and not number % 64:
                    self.counts.bytes_read = before + _position(stream, source.size)
                paper = self._checked(source, entry)
                if paper:
                    yield paper
            self.counts.bytes_read = before + (source.size or 0)

    def _checked(self, source: Source, entry: Entry) -> Paper | None:
        if isinstance(entry, Skipped):
            self.counts.skipped += 1
            self._report(Remark(source.name, entry.position, entry.reason, "skipped", entry.id))
            return None
        if isinstance(entry, Note):
            self._report(Remark(source.name, 0, entry.text, "note"))
            return None
        return None if isinstance(entry, Announced) else entry

    def _unreadable(self, source: Source, reason: str) -> None:
        self.counts.unreadable += 1
        self.counts.unreadable_named += source.named
        self._report(Remark(source.name, 0, reason, "unreadable"))


def _position(stream: BinaryIO, size: int) -> int:
    try:
        return min(stream.tell(), size)
    except (OSError, ValueError):
        return 0


def _said(source: Source, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return str(error).removeprefix(f"{source.name}: ")
