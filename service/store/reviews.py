"""What the single verdicts on a paper come to: which themes are settled, what is shown, what is learnt. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from service.store.records import Judgement, StoredTag, StoredTagging

OTHERS = "any other"
"""Stands in a verdict for every theme its person says nothing about; rejecting it calls the paper's tags complete.

No theme can have this id: ids hold no white space.
"""
PERSON = "person"
"""Source of a tag that people gave."""


class Word(NamedTuple):
    """One verdict on a paper at hand."""

    theme: str
    who: str
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Review:
    """What people agree on about one paper.

    Attributes:
        settled: theme -> accepted or not, where more people say one than the other.
        open: themes with a tie, or about which people are only unsure.
        complete: somebody called the tags complete: a theme nobody mentioned does not fit.
        labels: the themes accepted, by id, once the paper is known as a whole; else None.
    """

    settled: Mapping[str, bool]
    open: frozenset[str] = frozenset()
    complete: bool = False
    labels: tuple[str, ...] | None = None

    def denies(self, theme: str) -> bool:
        """Whether people say that a theme does not fit, be it by silence on a complete paper."""
        return not self.settled.get(theme, not self.complete or theme in self.open)


def review(words: Iterable[Word], answers: Iterable[Collection[str]] = ()) -> Review:
    """What verdicts on one paper come to.

    A paper is known as a whole once somebody called its tags complete, or once every tag of one of
    the model's answers is settled, and no theme is left open. Who called them complete rejects
    every theme that others mention and they do not.

    Args:
        words: one a person and theme. answers: themes of each answer that a model gave about the paper.
    """
    said: dict[str, dict[str, Judgement]] = defaultdict(dict)
    for word in words:
        said[word.theme][word.who] = word.judgement
    sure = {who for who, judgement in said.pop(OTHERS, {}).items() if judgement is Judgement.REJECT}
    leads = {theme: _lead(by_person, sure) for theme, by_person in said.items()}
    settled = {theme: lead > 0 for theme, lead in leads.items() if lead}
    undecided = frozenset(leads) - frozenset(settled)
    whole = bool(sure) or any(answer and settled.keys() >= set(answer) for answer in answers)
    labels = tuple(sorted(theme for theme, fits in settled.items() if fits))
    return Review(settled, undecided, bool(sure), labels if whole and not undecided else None)


def corrected(tagging: StoredTagging, found: Review | None) -> StoredTagging:
    """The answer as people corrected it: what they accept is a tag of theirs, what they reject is none."""
    if found is None:
        return tagging
    kept = [_confirmed(tag, found) for tag in tagging.tags if not found.denies(tag.theme)]
    there = {tag.theme for tag in kept}
    added = [StoredTag(theme, 1.0, PERSON) for theme, fits in sorted(found.settled.items()) if fits]
    tags = sorted([*kept, *(tag for tag in added if tag.theme not in there)], key=lambda tag: -tag.probability)
    primary = tagging.primary if tagging.primary in there else next((tag.theme for tag in tags), "")
    return replace(tagging, tags=tuple(tags), primary=primary, abstained=tagging.abstained and not tags)


def _lead(by_person: Mapping[str, Judgement], sure: Collection[str]) -> int:
    votes = Counter(by_person.values())
    return votes[Judgement.ACCEPT] - votes[Judgement.REJECT] - len(set(sure) - set(by_person))


def _confirmed(tag: StoredTag, found: Review) -> StoredTag:
    return StoredTag(tag.theme, 1.0, PERSON) if found.settled.get(tag.theme) else tag
