"""What a feed parser gives back: papers, entries it had to skip with the reason, and notes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from models.paper import Paper

MAX_ENTRY_BYTES = 1 << 20
"""Largest single entry accepted, in bytes of the decompressed feed; larger ones are skipped."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """One entry that could not become a paper.

    Attributes:
        position: 1-based place of the entry in the feed (line number for line formats).
        reason: one line naming what is wrong and, where there is one, the remedy.
        id: the entry's own identifier as far as it could be read, else "".
    """

    position: int
    reason: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A remark on the feed as a whole, not an entry of it.

    Attributes:
        text: one line, e.g. "the feed reports an error: ..." or "the feed is empty".
    """

    text: str


@dataclass(frozen=True, slots=True)
class Announced:
    """How the paper that comes next was announced.

    Attributes:
        id: that paper's id. kind: one of `ANNOUNCE_TYPES`.
    """

    id: str
    kind: str


ANNOUNCE_TYPES = ("new", "cross", "replace", "replace-cross")
"""arXiv's words: a first version, one cross-listed into the category, and later versions of the two."""

EMPTY = Note("empty result: the feed holds no entries")
"""What readers say of a feed that is whole and holds nothing."""

DELETED = "the repository marks this record as deleted"
"""Reason of skipped entries whose paper was taken back by its repository."""

Entry = Paper | Skipped | Note | Announced


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A whole feed, read.

    Attributes:
        format: name of the format in the registry, e.g. "arxiv-atom".
        papers: in feed order, one a paper id (versions and cross-lists folded, newest version kept).
        skipped: entries that could not be read.
        duplicates: how many entries were folded into another one.
        notes: remarks on the feed as a whole ("the feed reports an error: ...", "empty result").
    """

    format: str
    papers: tuple[Paper, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    duplicates: int = 0
    notes: tuple[str, ...] = field(default=())


def fold(entries: Iterable[Entry]) -> tuple[list[Paper], list[Skipped], int, list[str]]:
    """Papers one an id in first-seen order, the skipped entries, the number folded away, the notes.

    Of several entries with one id the newest version is kept (higher `version`, then later
    `updated`, then the first seen); categories are united in order, so a cross-list adds its own.
    Notes lose their repetitions, and how papers were announced is left out.
    """
    papers: dict[str, Paper] = {}
    skipped: list[Skipped] = []
    notes: dict[str, None] = {}
    folded = 0
    for entry in entries:
        if isinstance(entry, Note):
            notes[entry.text] = None
        elif isinstance(entry, Skipped):
            skipped.append(entry)
        elif isinstance(entry, Announced):
            continue
        elif entry.id in papers:
            papers[entry.id] = merged(papers[entry.id], entry)
            folded += 1
        else:
            papers[entry.id] = entry
    return list(papers.values()), skipped, folded, list(notes)


def merged(first: Paper, second: Paper) -> Paper:
    """The newer of two descriptions of one paper, with the categories of both and no text lost."""
    newer, older = (second, first) if _age(second) > _age(first) else (first, second)
    categories = tuple(dict.fromkeys(newer.categories + older.categories))
    title, abstract = newer.title or older.title, newer.abstract or older.abstract
    return replace(newer, title=title, abstract=abstract, categories=categories)


def _age(paper: Paper) -> tuple[int, float]:
    return paper.version or 0, paper.updated.timestamp() if paper.updated else 0.0
