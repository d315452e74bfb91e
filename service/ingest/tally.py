"""What became of the entries of a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from service.store import StoredPaper, StoredTagging

MAX_RETAGS = 50
"""Papers tagged again that are told one by one; the others are only counted."""


@dataclass(frozen=True, slots=True)
class Retag:
    """A paper that was tagged before and again now.

    Attributes:
        id: the paper. old_version, version: those tagged, None where unknown.
        added, removed: theme ids that it has now, or has no longer, in order of probability.
    """

    id: str
    old_version: int | None
    version: int | None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __str__(self) -> str:
        before, now = _version(self.old_version), _version(self.version)
        which = "its text changed" if before == now else f"{before} became {now}"
        signs = [f"+{theme}" for theme in self.added] + [f"-{theme}" for theme in self.removed]
        return f"{self.id}: {which}, tagged again: {' '.join(signs) or 'the same tags'}"


@dataclass(slots=True)
class Tally:
    """Counts of one source, or of several.

    Attributes:
        new, updated, duplicate: papers as the store took them; entries folded into another one of
            the same batch are duplicates too.
        skipped: entries that could not become, or be stored as, a paper.
        withdrawn: papers marked as taken back, among the new and updated or by a deleted record.
        tagged: papers tagged. retagged: of these, tagged before under another text or version.
        retags: the first `MAX_RETAGS` of them.
    """

    new: int = 0
    updated: int = 0
    duplicate: int = 0
    skipped: int = 0
    withdrawn: int = 0
    tagged: int = 0
    retagged: int = 0
    retags: list[Retag] = field(default_factory=list)

    @property
    def entries(self) -> int:
        """Papers and skipped entries read."""
        return self.new + self.updated + self.duplicate + self.skipped

    def add(self, other: Tally) -> None:
        """Count the other's entries too."""
        for item in fields(self):
            if item.name != "retags":
                setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))
        self.retags += other.retags[: MAX_RETAGS - len(self.retags)]

    def count_tagged(self, before: Sequence[StoredPaper], answers: Sequence[StoredTagging]) -> None:
        """Count papers that were just tagged, given as they were before."""
        self.tagged += len(answers)
        for paper, answer in zip(before, answers, strict=True):
            if paper.tagging is not None:
                self.retagged += 1
                if len(self.retags) < MAX_RETAGS:
                    self.retags.append(compared(paper.tagging, answer))

    def summary(self) -> str:
        """One line: what was new, updated, there already, skipped; further counts where there are any."""
        parts = [f"{self.new:,} new", f"{self.updated:,} updated"]
        parts += [f"{self.duplicate:,} duplicate", f"{self.skipped:,} skipped"]
        parts += [f"{self.withdrawn:,} withdrawn"] if self.withdrawn else []
        parts += [f"{self.retagged:,} tagged again"] if self.retagged else []
        return ", ".join(parts)


def compared(old: StoredTagging, new: StoredTagging) -> Retag:
    """What a new tagging of a paper changes."""
    before, after = [tag.theme for tag in old.tags], [tag.theme for tag in new.tags]
    added = tuple(theme for theme in after if theme not in before)
    removed = tuple(theme for theme in before if theme not in after)
    return Retag(new.paper_id, old.version, new.version, added, removed)


def _version(number: int | None) -> str:
    return f"v{number}" if number else "an unknown version"
