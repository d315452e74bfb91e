"""Taggings: every answer is kept, the current one is quick to reach; which papers need a new one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select

from models.errors import InputError
from service.store.columns import UNKNOWN_SCORE
from service.store.corrections import reviews_of, show
from service.store.database import Database, next_id
from service.store.filters import EVERYTHING, Dialect, Query, condition
from service.store.intake import chunks
from service.store.listing import batches
from service.store.records import Gain, Refused, StoredPaper, StoredTagging, TagChanges
from service.store.reviews import Review, corrected
from service.store.rows import tagging_of
from service.store.schema import papers, taggings

_EXAMPLES = 5


class Need(StrEnum):
    """Why a paper should be tagged (again)."""

    UNTAGGED = "untagged"
    """It never was."""
    CHANGED = "changed"
    """Its text is another one than was tagged, for example in version 2."""
    OLD_BUNDLE = "old-bundle"
    """Another bundle than the live one tagged it."""


ALL_NEEDS = frozenset(Need)


class Taggings:
    """Write and read access to taggings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, batch: Iterable[StoredTagging]) -> tuple[Refused, ...]:
        """Keep these taggings and make each the current one of its paper; all on disk on return.

        Gives back the taggings of papers that the store does not have; the others are saved. A
        tagging of a text that was replaced meanwhile is kept, and its paper stays `stale`. Saving
        the current answer again, be it at another time, changes nothing.

        Raises:
            InputError: a tagging without a bundle, two tags of one theme, a probability or novelty
                outside [0, 1], a primary theme that is no tag; nothing is saved then.
        """
        wanted = {tagging.paper_id: _checked(tagging) for tagging in batch}
        with self._database.write() as connection:
            rows = _paper_rows(connection, list(wanted))
            current = _current(connection, rows)
            fresh = [
                (rows[name], tagging)
                for name, tagging in wanted.items()
                if name in rows and not _same(tagging, rows[name], current.get(name))
            ]
            if fresh:
                _write(connection, fresh, next_id(connection, taggings))
                self._database.bump(connection, "papers")
        return tuple(
            Refused(name[:80], "the store has no such paper: add it first") for name in wanted if name not in rows
        )

    def history(self, paper_id: str) -> tuple[StoredTagging, ...]:
        """All taggings of a paper, newest first; empty for an unknown paper."""
        rows = select(taggings).join(papers, papers.c.pk == taggings.c.paper).where(papers.c.id == paper_id)
        with self._database.read() as connection:
            found = connection.execute(rows.order_by(taggings.c.id.desc())).mappings()
            return tuple(tagging_of(row, paper_id) for row in found)

    def outdated(
        self, bundle: str, *, needs: Iterable[Need] = ALL_NEEDS, query: Query = EVERYTHING, batch: int = 500
    ) -> Iterator[tuple[StoredPaper, ...]]:
        """Batches of the papers that the live `bundle` should tag, in the order the store met them.

        Each batch is a read of its own. Papers whose new tagging is saved no longer count, so a
        re-tag that was stopped half-way goes on where it stopped.
        """
        wanted = self._needing(bundle, needs, query)
        return batches(self._database, lambda _: wanted, batch)

    def count_outdated(self, bundle: str, *, needs: Iterable[Need] = ALL_NEEDS, query: Query = EVERYTHING) -> int:
        """How many papers `outdated` would give."""
        rows = select(func.count()).select_from(papers).where(self._needing(bundle, needs, query))
        with self._database.read() as connection:
            return connection.scalar(rows) or 0

    def bundles(self) -> dict[str, int]:
        """Papers by bundle of their current tagging; untagged papers under ""."""
        rows = select(papers.c.bundle, func.count()).group_by(papers.c.bundle).order_by(papers.c.bundle)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(rows)}

    def preview(self, batch: Iterable[StoredTagging], examples: int = _EXAMPLES) -> TagChanges:
        """What saving these taggings would change of what is shown; nothing is saved.

        Unknown papers count as having no tags. `examples` is the most paper ids kept for each
        theme and direction, first come first kept.
        """
        tally = _Tally(examples)
        for part in chunks(list(batch)):
            with self._database.read() as connection:
                rows = _paper_rows(connection, [tagging.paper_id for tagging in part])
                current = _current(connection, rows)
                reviews = reviews_of(connection, [row["pk"] for row in rows.values()])
            for tagging in part:
                before, found = current.get(tagging.paper_id), reviews.get(_pk(rows, tagging))
                tally.add(tagging.paper_id, _shown(before, found), _shown(tagging, found))
        return tally.changes()

    def _needing(self, bundle: str, needs: Iterable[Need], query: Query) -> ColumnElement[bool]:
        conditions = {
            Need.UNTAGGED: papers.c.bundle == "",
            Need.CHANGED: papers.c.stale,
            Need.OLD_BUNDLE: papers.c.bundle.not_in(("", bundle)),
        }
        wanted = [conditions[need] for need in sorted(set(needs))]
        if not wanted:
            raise InputError("no need was named: expected at least one of untagged, changed, old-bundle")
        return and_(or_(*wanted), condition(query, Dialect(self._database.is_sqlite)))


class _Tally:
    def __init__(self, examples: int) -> None:
        self._examples = examples
        self._changed = self._unchanged = 0
        self._counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        self._ids: dict[tuple[bool, str], list[str]] = defaultdict(list)

    def add(self, paper_id: str, before: frozenset[str], after: frozenset[str]) -> None:
        self._changed += before != after
        self._unchanged += before == after
        for added, themes in ((True, after - before), (False, before - after)):
            for theme in themes:
                self._counts[added][theme] += 1
                if len(self._ids[added, theme]) < self._examples:
                    self._ids[added, theme].append(paper_id)

    def changes(self) -> TagChanges:
        themes = sorted(set(self._counts[True]) | set(self._counts[False]))
        return TagChanges(self._changed, self._unchanged, {theme: self._gain(theme) for theme in themes})

    def _gain(self, theme: str) -> Gain:
        added, removed = self._counts[True][theme], self._counts[False][theme]
        return Gain(added, removed, tuple(self._ids[True, theme]), tuple(self._ids[False, theme]))


def _pk(rows: Mapping[str, Mapping[str, Any]], tagging: StoredTagging) -> int:
    return int(rows[tagging.paper_id]["pk"]) if tagging.paper_id in rows else 0


def _shown(tagging: StoredTagging | None, found: Review | None) -> frozenset[str]:
    return _themes(None if tagging is None else corrected(tagging, found))


def _themes(tagging: StoredTagging | None) -> frozenset[str]:
    return frozenset(tag.theme for tag in tagging.tags) if tagging else frozenset()


def _checked(tagging: StoredTagging) -> StoredTagging:
    scores = [tag.probability for tag in tagging.tags]
    scores += [] if tagging.novelty is None else [tagging.novelty]
    problems = {
        "it names no bundle": not tagging.bundle,
        "its time has no time zone": tagging.time.tzinfo is None,
        "two of its tags have one theme": len(_themes(tagging)) < len(tagging.tags),
        "a probability or its novelty is outside [0, 1]": not all(0.0 <= score <= 1.0 for score in scores),
        f"its primary theme {tagging.primary!r} is no tag": bool(tagging.primary)
        and tagging.primary not in _themes(tagging),
    }
    found = [problem for problem, is_so in problems.items() if is_so]
    if found:
        raise InputError(f"the tagging of {tagging.paper_id!r} cannot be stored: {'; '.join(found)}", details=found)
    return tagging


def _paper_rows(connection: Connection, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for part in chunks(ids):
        rows = connection.execute(select(papers).where(papers.c.id.in_(part))).mappings()
        found |= {row["id"]: dict(row) for row in rows}
    return found


def _current(connection: Connection, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, StoredTagging]:
    names = {row["tagging"]: name for name, row in rows.items() if row["tagging"]}
    found: dict[str, StoredTagging] = {}
    for part in chunks(list(names)):
        for row in connection.execute(select(taggings).where(taggings.c.id.in_(part))).mappings():
            found[names[row["id"]]] = tagging_of(row, names[row["id"]])
    return found


def _same(new: StoredTagging, row: Mapping[str, Any], current: StoredTagging | None) -> bool:
    # The same answer given again later is not a new one.
    return current is not None and _row(0, row, replace(new, time=current.time)) == _row(0, row, current)


def _write(connection: Connection, fresh: Sequence[tuple[Mapping[str, Any], StoredTagging]], first: int) -> None:
    rows = [_row(number, paper, tagging) for number, (paper, tagging) in enumerate(fresh, first)]
    connection.execute(insert(taggings), rows)
    show(connection, [(paper, row) for row, (paper, _) in zip(rows, fresh, strict=True)])


def _row(number: int, paper: Mapping[str, Any], tagging: StoredTagging) -> dict[str, Any]:
    return {
        "id": number,
        "paper": paper["pk"],
        "version": tagging.version or 0,
        "digest": bytes.fromhex(tagging.digest) if tagging.digest else bytes(paper["digest"]),
        "bundle": tagging.bundle,
        "profile": tagging.profile,
        "time": tagging.time,
        "primary_theme": tagging.primary,
        "abstained": tagging.abstained,
        "reasons": list(tagging.reasons),
        "novelty": UNKNOWN_SCORE if tagging.novelty is None else float(tagging.novelty),
        "tags": [[tag.theme, float(tag.probability), tag.source] for tag in tagging.tags],
    }
