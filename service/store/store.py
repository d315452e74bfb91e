"""One open paper store: the way in to everything it holds."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, func, select, text

from models.errors import ConflictError, StoreError, UnavailableError
from models.words import counted
from service.store.audit import Audit
from service.store.database import Clock, Database, now
from service.store.jobs import Jobs
from service.store.listing import Listing
from service.store.migrate import migrate
from service.store.papers import Papers
from service.store.queries import SavedQueries
from service.store.schema import contents, papers, taggings, tags
from service.store.sources import Sources
from service.store.taggings import Taggings
from service.store.vectors import Vectors
from service.store.verdicts import Verdicts


class Store:
    """An open store; a context manager that closes it. Safe to use from several threads.

    Every write is one transaction that is on disk when the call returns; a process that is killed
    at any point leaves whole batches and nothing else. Several processes may share a store. One
    kept in memory (`:memory:`) belongs to one thread.

    Attributes:
        papers: take papers in, get them by id, their versions and announcements.
        listing: pages by filter and order, counts, facets, iteration.
        taggings: save answers, their history, what to tag again, preview of a change.
        vectors: vectors by encoder and text digest, similar papers.
        sources: watched feeds and their health. verdicts: what people said. jobs: batch jobs.
        audit: who did what. queries: saved queries.
        name: the store's URL without its password.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.name = database.name
        self.papers = Papers(database)
        self.listing = Listing(database)
        self.taggings = Taggings(database)
        self.vectors = Vectors(database)
        self.sources = Sources(database)
        self.verdicts = Verdicts(database)
        self.jobs = Jobs(database)
        self.audit = Audit(database)
        self.queries = SavedQueries(database)

    @classmethod
    def open(cls, place: str | Path, *, clock: Clock = now) -> Store:
        """The store at a path, `:memory:`, `sqlite:///path` or `postgresql://user@host/name`.

        It is made where there is none, and its schema is brought up to date.

        Raises:
            StoreError: it cannot be opened, was made by a newer Paperwire, or is something else.
            UnavailableError: PostgreSQL is asked for and its driver is not installed.
        """
        database = Database(place, clock)
        try:
            migrate(database)
        except (StoreError, ConflictError):
            database.close()
            raise
        return cls(database)

    def close(self) -> None:
        """Let go of the database; the store cannot be used after that."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def optimize(self) -> None:
        """Tidy indexes and statistics; worth a call after a large ingest, harmless at any time."""
        with self._database.write() as connection:
            if self._database.is_sqlite:
                connection.exec_driver_sql("INSERT INTO paper_search (paper_search) VALUES ('optimize')")
            connection.exec_driver_sql("ANALYZE")

    def check(self) -> list[str]:
        """Every damage found, one line each; an empty list is a sound store. Reads all of it.

        The database's own checks, and that every paper has its text, its search row and the tags of
        its current tagging.
        """
        with self._database.read() as connection:
            problems = self._damage(connection) if self._database.is_sqlite else []
            return problems + self._gaps(connection)

    def backup(self, target: str | Path) -> Path:
        """The path of a compact copy of the whole store, made while it is in use.

        Raises:
            ConflictError: `target` is there. UnavailableError: a PostgreSQL store; use pg_dump.
        """
        path = Path(target)
        if not self._database.is_sqlite:
            raise UnavailableError("a PostgreSQL store is backed up with pg_dump")
        if path.exists():
            raise ConflictError(f"{path} is there already: choose another path")
        self._database.copy_to(path)
        return path

    def _damage(self, connection: Connection) -> list[str]:
        found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
        found += [
            f"{row[0]} row {row[1]} refers to nothing" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
        ]
        return found

    def _gaps(self, connection: Connection) -> list[str]:
        row = (
            "SELECT id FROM paper_search_docsize" if self._database.is_sqlite else "SELECT search_row FROM paper_search"
        )
        tagged = select(tags.c.paper).distinct()
        broken = {
            "without text": papers.c.pk.not_in(select(contents.c.paper)),
            "without a search row": papers.c.search_row.not_in(text(f"({row})")),
            "whose tagging is missing": (papers.c.tagging != 0) & papers.c.tagging.not_in(select(taggings.c.id)),
            "with tags and no tagging": (papers.c.tagging == 0) & papers.c.pk.in_(tagged),
            "whose tags are missing": (papers.c.probability >= 0) & papers.c.pk.not_in(tagged),
        }
        counts = {
            what: connection.scalar(select(func.count()).select_from(papers).where(wrong))
            for what, wrong in broken.items()
        }
        return [f"{counted(number, 'paper')} {what}" for what, number in counts.items() if number]
