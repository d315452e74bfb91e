"""What people said about themes on papers; what nobody said stays unknown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, select

from models.errors import InputError
from service.store.database import Database
from service.store.intake import chunks
from service.store.records import Judgement, Refused, Verdict
from service.store.rows import Columns
from service.store.schema import papers, verdicts

_READ = 5_000


class Verdicts:
    """Write and read access to verdicts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, batch: Iterable[Verdict]) -> tuple[int, tuple[Refused, ...]]:
        """How many verdicts were new or changed, and those on papers the store does not have.

        One person has one word on a theme of a paper: a later one replaces it, the same one again
        changes nothing, not even its time. Of several on one theme in a batch the last counts.

        Raises:
            InputError: a verdict without theme or person; nothing is saved then.
        """
        wanted = {(verdict.paper_id, verdict.theme, verdict.who): _checked(verdict) for verdict in batch}
        with self._database.write() as connection:
            pks = _pks(connection, [paper_id for paper_id, _, _ in wanted])
            there = _there(connection, pks)
            rows = [
                self._row(pks[verdict.paper_id], verdict)
                for name, verdict in wanted.items()
                if verdict.paper_id in pks and there.get(name) != (verdict.judgement, verdict.note)
            ]
            if rows:
                connection.execute(self._database.upsert(verdicts, ["judgement", "note", "time"]), rows)
                self._database.bump(connection, "papers")
        unknown = dict.fromkeys(paper_id for paper_id, _, _ in wanted if paper_id not in pks)
        return len(rows), tuple(Refused(name[:80], "the store has no such paper: add it first") for name in unknown)

    def take_back(self, paper_id: str, theme: str, who: str) -> bool:
        """True where that person had said something about the theme; it is unknown again now."""
        with self._database.write() as connection:
            pk = _pks(connection, [paper_id]).get(paper_id, 0)
            gone = delete(verdicts).where(verdicts.c.paper == pk, verdicts.c.theme == theme, verdicts.c.who == who)
            found = connection.execute(gone).rowcount > 0
            if found:
                self._database.bump(connection, "papers")
        return found

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

    def settled(self) -> dict[str, dict[str, bool]]:
        """Paper id -> theme -> accepted or not, by majority; ties, "unsure" alone and silence are left out."""
        votes: dict[tuple[str, str], Counter[Judgement]] = defaultdict(Counter)
        for verdict in self.since():
            votes[verdict.paper_id, verdict.theme][verdict.judgement] += 1
        found: dict[str, dict[str, bool]] = defaultdict(dict)
        for (paper_id, theme), counts in votes.items():
            lead = counts[Judgement.ACCEPT] - counts[Judgement.REJECT]
            if lead:
                found[paper_id][theme] = lead > 0
        return dict(found)

    def _row(self, pk: int, verdict: Verdict) -> dict[str, Any]:
        return {
            "paper": pk,
            "theme": verdict.theme,
            "who": verdict.who,
            "judgement": str(verdict.judgement),
            "note": verdict.note,
            "time": verdict.time or self._database.clock(),
        }


def _checked(verdict: Verdict) -> Verdict:
    if not verdict.theme or not verdict.who:
        raise InputError(
            f"the verdict on {verdict.paper_id!r} needs both a theme ({verdict.theme!r}) and a person ({verdict.who!r})"
        )
    return verdict


def _pks(connection: Connection, ids: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(list(dict.fromkeys(ids))):
        rows = connection.execute(select(papers.c.id, papers.c.pk).where(papers.c.id.in_(part)))
        found |= {row.id: row.pk for row in rows}
    return found


def _there(connection: Connection, pks: dict[str, int]) -> dict[tuple[str, str, str], tuple[str, str]]:
    names = {pk: paper_id for paper_id, pk in pks.items()}
    found: dict[tuple[str, str, str], tuple[str, str]] = {}
    for part in chunks(list(names)):
        for row in connection.execute(select(verdicts).where(verdicts.c.paper.in_(part))):
            found[names[row.paper], row.theme, row.who] = (row.judgement, row.note)
    return found


def _select() -> Select[Any]:
    columns = (verdicts.c.theme, verdicts.c.judgement, verdicts.c.who, verdicts.c.note, verdicts.c.time)
    return select(papers.c.id.label("paper_id"), *columns).join(papers, papers.c.pk == verdicts.c.paper)


def _verdict(row: Columns) -> Verdict:
    return Verdict(row["paper_id"], row["theme"], Judgement(row["judgement"]), row["who"], row["note"], row["time"])
