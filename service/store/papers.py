"""Papers in: a batch is one transaction, and says what was new, updated or there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from models.errors import NotFoundError
from models.paper import Paper
from service.manners.withdrawn import withdrawal
from service.store import search
from service.store.database import Database, next_id
from service.store.intake import Known, change, chunks, folded, known_papers, taken
from service.store.listing import load
from service.store.records import Announcement, Change, Outcome, StoredPaper, Upserted
from service.store.rows import content_row
from service.store.schema import announcements, contents, paper_categories, papers, reports, taggings, tags


class Papers:
    """Write and read access to papers by id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def upsert(
        self, batch: Iterable[Paper], *, source: str = "", announced: Mapping[str, str] | None = None
    ) -> Upserted:
        """Take in a batch of papers; when this returns, all of it is on disk.

        A paper may come in any number of reports, versions and orders, in one batch or many: the
        store ends up the same (see `service.store.folding`). Papers that cannot be stored are
        left out and named; they never cost their neighbours.

        Args:
            batch: a few hundred to a few thousand papers are a good size.
            source: URL or name of the feed they came from, "" for none.
            announced: announce types by paper id ("new", "cross", "replace", "replace-cross").

        Raises:
            StoreError: the database refused; nothing of the batch was stored then.
        """
        described, refused = taken(batch)
        with self._database.write() as connection:
            known = known_papers(connection, list(described))
            entries = [folded(known.get(paper_id), reported) for paper_id, reported in described.items()]
            changes = self._save(connection, entries)
            if source:
                self._announce(connection, entries, source, announced or {})
        return Upserted(tuple(changes), tuple(refused))

    def withdraw(self, ids: Sequence[str], withdrawn: bool = True) -> int:
        """How many of the papers are newly marked as taken back by a source, or (False) as not.

        Papers whose own text says so are marked without this; for them False changes nothing.
        """
        changed = 0
        with self._database.write() as connection:
            for part in chunks(ids):
                for entry in known_papers(connection, part).values():
                    now = withdrawn or bool(withdrawal(entry.paper))
                    changed += now != entry.row["withdrawn"]
                    marks = {"taken_back": withdrawn, "withdrawn": now}
                    connection.execute(update(papers).where(papers.c.pk == entry.row["pk"]).values(marks))
            if changed:
                self._database.bump(connection, "papers")
        return changed

    def get(self, paper_id: str) -> StoredPaper:
        """The paper with that id.

        Raises:
            NotFoundError: there is none.
        """
        found = self.get_many([paper_id])
        if not found:
            raise NotFoundError(f"there is no paper {paper_id!r} in the store")
        return found[0]

    def get_many(self, ids: Sequence[str]) -> tuple[StoredPaper, ...]:
        """The papers with these ids, in the order given, unknown ids left out."""
        found: list[StoredPaper] = []
        with self._database.read() as connection:
            for part in chunks(ids):
                rows = connection.execute(select(papers.c.id, papers.c.pk).where(papers.c.id.in_(part)))
                pks: dict[str, int] = {row.id: row.pk for row in rows}
                found += load(connection, [pks[paper_id] for paper_id in dict.fromkeys(part) if paper_id in pks])
        return tuple(found)

    def versions(self, paper_id: str) -> tuple[Paper, ...]:
        """Every distinct report of a paper, oldest version first; one where all sources agree.

        Raises:
            NotFoundError: there is no such paper.
        """
        with self._database.read() as connection:
            known = known_papers(connection, [paper_id])
        if paper_id not in known:
            raise NotFoundError(f"there is no paper {paper_id!r} in the store")
        every = known[paper_id].reports.values()
        return tuple(
            sorted(every, key=lambda paper: (paper.version or 0, str(paper.updated), paper.title, paper.abstract))
        )

    def announcements(self, paper_id: str) -> tuple[Announcement, ...]:
        """Who announced a paper, first announcement first."""
        rows = select(announcements.c.source, announcements.c.kind, announcements.c.first_seen)
        rows = rows.join(papers, papers.c.pk == announcements.c.paper).where(papers.c.id == paper_id)
        order = (announcements.c.first_seen, announcements.c.source, announcements.c.kind)
        with self._database.read() as connection:
            found = connection.execute(rows.order_by(*order))
            return tuple(Announcement(row.source, row.kind, row.first_seen) for row in found)

    def revision(self) -> int:
        """A number that rises with every change to papers, taggings or verdicts: a cheap ETag."""
        with self._database.read() as connection:
            return self._database.count(connection, "papers")

    def _save(self, connection: Connection, entries: Sequence[Known]) -> list[Change]:
        changes = [change(entry) for entry in entries]
        self._stamp(connection, entries, changes)
        _index(connection, entries, self._database.is_sqlite)
        new = [entry for entry in entries if entry.was is None]
        moved = [entry for entry in entries if entry.moved]
        _insert(connection, new)
        _update(connection, moved)
        self._save_reports(connection, entries)
        if new or moved:
            self._database.bump(connection, "papers")
        return changes

    def _stamp(self, connection: Connection, entries: Sequence[Known], changes: Sequence[Change]) -> None:
        moment, pk = self._database.clock(), next_id(connection, papers, "pk")
        for entry, effect in zip(entries, changes, strict=True):
            if effect.outcome is not Outcome.DUPLICATE:
                entry.row["changed"] = moment
            if entry.was is None:
                entry.row |= {"pk": pk, "first_seen": moment}
                pk += 1

    def _save_reports(self, connection: Connection, entries: Sequence[Known]) -> None:
        rows = [
            {"paper": entry.row["pk"], "key": key, "record": paper.to_json()}
            for entry in entries
            for key, paper in entry.unsaved().items()
        ]
        if rows:
            connection.execute(self._database.upsert(reports, ["record"]), rows)

    def _announce(
        self, connection: Connection, entries: Sequence[Known], source: str, kinds: Mapping[str, str]
    ) -> None:
        moment = self._database.clock()
        rows = [
            {"paper": entry.row["pk"], "source": source, "kind": kinds.get(entry.paper.id, ""), "first_seen": moment}
            for entry in entries
        ]
        if rows:
            connection.execute(self._database.ignore(announcements), rows)


def _index(connection: Connection, entries: Sequence[Known], sqlite: bool) -> None:
    """Give papers whose searchable text is new a search row of their own."""
    first = next_id(connection, papers, "search_row")
    changed = [entry for entry in entries if entry.was is None or _searchable(entry.paper) != _searchable(entry.was)]
    replaced = [entry.row["search_row"] for entry in changed if entry.was is not None]
    for row, entry in enumerate(changed, first):
        entry.row["search_row"] = row
    search.index(connection, [(entry.row["search_row"], entry.paper) for entry in changed], replaced, sqlite)


def _searchable(paper: Paper) -> tuple[object, ...]:
    return paper.title, paper.abstract, paper.authors


def _insert(connection: Connection, new: Sequence[Known]) -> None:
    if new:
        connection.execute(insert(papers), [entry.row for entry in new])
        connection.execute(insert(contents), [content_row(entry.row["pk"], entry.paper) for entry in new])
        _insert_categories(connection, new)


def _insert_categories(connection: Connection, entries: Sequence[Known]) -> None:
    rows = [{"paper": entry.row["pk"], "category": name} for entry in entries for name in entry.paper.categories]
    if rows:
        connection.execute(insert(paper_categories), rows)


def _update(connection: Connection, moved: Sequence[Known]) -> None:
    if not moved:
        return
    _mark_stale(connection, moved)
    pks = [entry.row["pk"] for entry in moved]
    connection.execute(_SET_STATE, [_renamed(entry.row, _STATE) for entry in moved])
    wide = [content_row(entry.row["pk"], entry.paper) for entry in moved]
    connection.execute(_SET_CONTENT, [{"_pk": row.pop("paper"), **row} for row in wide])
    connection.execute(_SET_TAG_DATES, [_renamed(entry.row, _DATES) for entry in moved])
    for part in chunks(pks):
        connection.execute(delete(paper_categories).where(paper_categories.c.paper.in_(part)))
    _insert_categories(connection, moved)


def _mark_stale(connection: Connection, moved: Sequence[Known]) -> None:
    by_tagging = {entry.row["tagging"]: entry for entry in moved if entry.row["tagging"]}
    for part in chunks(list(by_tagging)):
        for tagged in connection.execute(select(taggings.c.id, taggings.c.digest).where(taggings.c.id.in_(part))):
            row = by_tagging[tagged.id].row
            row["stale"] = bytes(tagged.digest) != row["digest"]


def _renamed(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {"_pk": row["pk"], **{name: row[name] for name in names}}


_DATES = ("published", "updated")
_STATE = (*_DATES, "version", "digest", "changed", "withdrawn", "search_row", "stale")
_WIDE = tuple(column.name for column in contents.c if column.name != "paper")
_SET_STATE = update(papers).where(papers.c.pk == bindparam("_pk")).values({name: bindparam(name) for name in _STATE})
_SET_CONTENT = (
    update(contents).where(contents.c.paper == bindparam("_pk")).values({name: bindparam(name) for name in _WIDE})
)
_SET_TAG_DATES = update(tags).where(tags.c.paper == bindparam("_pk")).values({name: bindparam(name) for name in _DATES})
