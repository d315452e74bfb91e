"""What people said about themes on papers; what nobody said stays unknown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, select

from models.errors import InputError
from service.store.columns import storable_text
from service.store.corrections import reviews_of, show_again
from service.store.database import Database
from service.store.intake import chunks
from service.store.records import Judgement, Refused, Verdict
from service.store.reviews import Review
from service.store.rows import Columns
from service.store.schema import papers, verdicts

_READ = 5_000
_Name = tuple[str, str, str]  # paper id, theme, person


class Verdicts:
    """Write and read access to verdicts; listings show tags as people corrected them at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, batch: Iterable[Verdict]) -> tuple[int, tuple[Refused, ...]]:
        """How many verdicts were new or changed, and those on papers the store does not have.

        One person has one word on a theme of a paper: a later one replaces it, the same one again
        changes nothing, not even its time. Of several on one theme in a batch the last counts.

        Raises:
            InputError: a verdict without theme or person; nothing is saved then.
        """
        wanted = _by_name(batch)
        with self._database.write() as connection:
            pks = _pks(connection, [paper_id for paper_id, _, _ in wanted])
            changed = self._write(connection, pks, wanted)
            self._follow(connection, [pks[verdict.paper_id] for verdict in changed])
        unknown = dict.fromkeys(paper_id for paper_id, _, _ in wanted if paper_id not in pks)
        return len(changed), tuple(Refused(name[:80], "the store has no such paper: add it first") for name in unknown)

    def replace(self, whole: Mapping[tuple[str, str], Iterable[Verdict]]) -> int:
        """How many verdicts changed, now that this is all that these people say about these papers.

        Args:
            whole: by paper id and person, what that person says about it; papers that are not there are passed over.

        Raises:
            InputError: a verdict on another paper, of another person, or without a theme; nothing changes then.
        """
        wanted = {pair: _by_name(batch) for pair, batch in whole.items()}
        if any((paper, who) != pair for pair, named in wanted.items() for paper, _, who in named):
            raise InputError("a verdict stands under another paper or person than its own")
        with self._database.write() as connection:
            pks = _pks(connection, [paper for paper, _ in wanted])
            gone = [pk for pair, named in wanted.items() for pk in self._trim(connection, pks, pair, named)]
            changed = self._write(
                connection, pks, {name: one for named in wanted.values() for name, one in named.items()}
            )
            self._follow(connection, [*gone, *(pks[verdict.paper_id] for verdict in changed)])
        return len(gone) + len(changed)

    def take_back(self, paper_id: str, theme: str, who: str) -> bool:
        """True where that person had said something about the theme; it is unknown again now."""
        with self._database.write() as connection:
            pk = _pks(connection, [paper_id]).get(paper_id, 0)
            wanted = (verdicts.c.paper == pk, verdicts.c.theme == theme, verdicts.c.who == who)
            gone = self._remove(connection, *wanted)
            self._follow(connection, gone)
        return bool(gone)

    def forget(self, who: str) -> int:
        """How many verdicts of a person there were, on whatever papers; all are taken back."""
        with self._database.write() as connection:
            gone = self._remove(connection, verdicts.c.who == who)
            self._follow(connection, gone)
        return len(gone)

    def of(self, paper_id: str) -> tuple[Verdict, ...]:
        """All verdicts on a paper, by theme and person."""
        rows = _select().where(papers.c.id == paper_id).order_by(verdicts.c.theme, verdicts.c.who)
        with self._database.read() as connection:
            return tuple(map(_verdict, connection.execute(rows).mappings()))

    def since(self, moment: datetime | None = None) -> Iterator[Verdict]:
        """Verdicts given or changed at or after `moment` (None: all), by paper, theme and person."""
        rows = _select() if moment is None else _select().where(verdicts.c.time >= moment)
        rows = rows.order_by(verdicts.c.paper, verdicts.c.theme, verdicts.c.who)
        with self._database.read() as connection:
            found = connection.execute(rows).mappings()
            while part := found.fetchmany(_READ):
                yield from map(_verdict, part)

    def reviews(self, ids: Sequence[str] | None = None) -> dict[str, Review]:
        """What people agree on, by paper id, in the order the store met the papers.

        Args:
            ids: of these papers only; None for all. Papers that nobody judged are left out.
        """
        with self._database.read() as connection:
            names = {pk: name for name, pk in (_judged(connection) if ids is None else _pks(connection, ids)).items()}
            found = reviews_of(connection, sorted(names))
        return {names[pk]: found[pk] for pk in sorted(found)}

    def settled(self) -> dict[str, dict[str, bool]]:
        """Paper id -> theme -> accepted or not, by majority; ties, "unsure" alone and silence are left out."""
        return {name: dict(found.settled) for name, found in self.reviews().items() if found.settled}

    def _write(self, connection: Connection, pks: Mapping[str, int], wanted: Mapping[_Name, Verdict]) -> list[Verdict]:
        """The verdicts that were new or other than what is there."""
        there = _there(connection, pks)
        changed = [
            verdict
            for name, verdict in wanted.items()
            if verdict.paper_id in pks and there.get(name) != (verdict.judgement, verdict.note)
        ]
        if changed:
            now = self._database.clock()
            rows = [_row(pks[verdict.paper_id], verdict, now) for verdict in changed]
            connection.execute(self._database.upsert(verdicts, ["judgement", "note", "time"]), rows)
        return changed

    def _trim(
        self, connection: Connection, pks: Mapping[str, int], pair: tuple[str, str], named: Collection[_Name]
    ) -> list[int]:
        """As `_remove`, of what a person said about a paper and says no more."""
        (paper, who), left = pair, [theme for _, theme, _ in named]
        here = (verdicts.c.paper == pks.get(paper, 0), verdicts.c.who == who)
        return self._remove(connection, *here, verdicts.c.theme.not_in(left))

    def _remove(self, connection: Connection, *wanted: ColumnElement[bool]) -> list[int]:
        """Row number of the paper of each verdict that was removed."""
        gone: list[int] = list(connection.scalars(select(verdicts.c.paper).where(*wanted)))
        if gone:
            connection.execute(delete(verdicts).where(*wanted))
        return gone

    def _follow(self, connection: Connection, pks: Sequence[int]) -> None:
        if pks:
            show_again(connection, list(dict.fromkeys(pks)))
            self._database.bump(connection, "papers")


def _by_name(batch: Iterable[Verdict]) -> dict[_Name, Verdict]:
    return {(verdict.paper_id, verdict.theme, verdict.who): _checked(verdict) for verdict in batch}


def _checked(verdict: Verdict) -> Verdict:
    if not verdict.theme or not verdict.who:
        raise InputError(
            f"the verdict on {verdict.paper_id!r} needs both a theme ({verdict.theme!r}) and a person ({verdict.who!r})"
        )
    note = storable_text(verdict.note)
    return verdict if note == verdict.note else replace(verdict, note=note)


def _pks(connection: Connection, ids: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(list(dict.fromkeys(ids))):
        rows = connection.execute(select(papers.c.id, papers.c.pk).where(papers.c.id.in_(part)))
        found |= {row.id: row.pk for row in rows}
    return found


def _judged(connection: Connection) -> dict[str, int]:
    rows = select(papers.c.id, papers.c.pk).where(papers.c.pk.in_(select(verdicts.c.paper)))
    return {row.id: row.pk for row in connection.execute(rows)}


def _there(connection: Connection, pks: Mapping[str, int]) -> dict[_Name, tuple[str, str]]:
    names = {pk: paper_id for paper_id, pk in pks.items()}
    found: dict[_Name, tuple[str, str]] = {}
    for part in chunks(list(names)):
        for row in connection.execute(select(verdicts).where(verdicts.c.paper.in_(part))):
            found[names[row.paper], row.theme, row.who] = (row.judgement, row.note)
    return found


def _row(pk: int, verdict: Verdict, now: datetime) -> dict[str, Any]:
    return {
        "paper": pk,
        "theme": verdict.theme,
        "who": verdict.who,
        "judgement": str(verdict.judgement),
        "note": verdict.note,
        "time": verdict.time or now,
    }


def _select() -> Select[Any]:
    columns = (verdicts.c.theme, verdicts.c.judgement, verdicts.c.who, verdicts.c.note, verdicts.c.time)
    return select(papers.c.id.label("paper_id"), *columns).join(papers, papers.c.pk == verdicts.c.paper)


def _verdict(row: Columns) -> Verdict:
    return Verdict(row["paper_id"], row["theme"], Judgement(row["judgement"]), row["who"], row["note"], row["time"])
