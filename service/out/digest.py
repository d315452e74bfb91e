"""What came in, by theme: each paper once, no theme longer than asked for."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from models.bundle import ModelBundle
from service.out.names import ThemeNames
from service.out.sentences import evidence_sentence
from service.store import Query, Store, StoredPaper

NO_THEME = ""
"""Theme of the section of papers without one."""


@dataclass(frozen=True, slots=True)
class Item:
    """One paper of a digest.

    Attributes:
        probability: of the section's theme. others: labels of its other tags.
        evidence: a sentence of its abstract that says why, or "".
    """

    stored: StoredPaper
    probability: float
    others: tuple[str, ...] = ()
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The papers of one theme.

    Attributes:
        items: most probable first. total: how many there are, those left out for length too.
    """

    theme: str
    label: str
    group: str
    items: tuple[Item, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Digest:
    """What a digest says: `since` to `until`, both aware; `title` for its head; sections in the taxonomy's order."""

    title: str
    since: datetime
    until: datetime
    sections: tuple[Section, ...]

    @property
    def total(self) -> int:
        """Number of papers, each counted once."""
        return sum(section.total for section in self.sections)


@dataclass(frozen=True, slots=True)
class DigestWish:
    """What a digest is to hold.

    Attributes:
        query: which papers. themes: sections wanted, empty for all; a paper stands under its primary
            theme if that is wanted, else under the most probable one that is.
        cap: most papers shown of a theme. untagged: also show papers without a theme.
    """

    title: str
    query: Query
    since: datetime
    until: datetime
    themes: tuple[str, ...] = ()
    cap: int = 10
    untagged: bool = False


@dataclass(slots=True)
class _Pile:
    """The best papers of a theme so far; memory is bounded by the cap."""

    cap: int
    total: int = 0
    best: list[tuple[float, int, StoredPaper]] = field(default_factory=list)

    def add(self, probability: float, stored: StoredPaper) -> None:
        self.total += 1
        entry = (probability, -self.total, stored)  # of equals the first stays first
        if len(self.best) < self.cap:
            heapq.heappush(self.best, entry)
        else:
            heapq.heappushpop(self.best, entry)

    def items(self) -> Iterator[tuple[float, StoredPaper]]:
        for probability, _, stored in sorted(self.best, key=lambda entry: entry[:2], reverse=True):
            yield probability, stored


def digest_of(store: Store, wish: DigestWish, names: ThemeNames, bundle: ModelBundle | None = None) -> Digest:
    """The digest, with sentences of evidence for the papers shown where there is a bundle to ask."""
    piles: dict[str, _Pile] = {}
    wanted = frozenset(wish.themes)
    for stored in store.listing.iterate(wish.query):
        theme, probability = _place(stored, wanted)
        if theme or wish.untagged:
            piles.setdefault(theme, _Pile(wish.cap)).add(probability, stored)
    order = sorted(piles, key=lambda theme: (theme == NO_THEME, names.place(theme)))
    sections = (_section(theme, piles[theme], names) for theme in order)
    explained = tuple(section if bundle is None else _explained(section, bundle) for section in sections)
    return Digest(wish.title, wish.since, wish.until, explained)


def _place(stored: StoredPaper, wanted: frozenset[str]) -> tuple[str, float]:
    tagging = stored.tagging
    tags = [tag for tag in tagging.tags if not wanted or tag.theme in wanted] if tagging else []
    if not tags or tagging is None:
        return NO_THEME, 0.0
    best = next((tag for tag in tags if tag.theme == tagging.primary), tags[0])
    return best.theme, best.probability


def _section(theme: str, pile: _Pile, names: ThemeNames) -> Section:
    group = names.path(theme)[0] if theme else ""
    items = tuple(Item(stored, p, _others(stored, theme, names)) for p, stored in pile.items())
    label = names.label(theme) if theme else "Without a theme"
    return Section(theme, label, names.groups.get(group, ""), items, pile.total)


def _others(stored: StoredPaper, theme: str, names: ThemeNames) -> tuple[str, ...]:
    tags = stored.tagging.tags if stored.tagging else ()
    return tuple(names.label(tag.theme) for tag in tags if tag.theme != theme)


def _explained(section: Section, bundle: ModelBundle) -> Section:
    items = (
        replace(item, evidence=evidence_sentence(bundle, item.stored.paper, section.theme)) for item in section.items
    )
    return replace(section, items=tuple(items))
