"""One open database: connections, transactions, and the two dialects' differences in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Insert,
    StaticPool,
    Table,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from models.errors import ConflictError, StoreError, UnavailableError
from service.store.rows import dumps
from service.store.schema import counters

Clock = Callable[[], datetime]
Row = Mapping[str, Any]
_BUSY_MS = 30_000
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a batch that was acknowledged survives a power cut too
    f"PRAGMA busy_timeout = {_BUSY_MS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -32000",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
)
# Writers of one family queue up in PostgreSQL as all writers do in SQLite, so that row numbers
# become visible in rising order; families do not wait for each other.
_LOCKS = {
    "papers": 7_211_001,
    "vectors": 7_211_002,
    "jobs": 7_211_003,
    "audit": 7_211_004,
    "schema": 7_211_005,
    "sources": 7_211_006,
}


def now() -> datetime:
    """The current aware UTC time."""
    return datetime.now(UTC)


def store_url(place: str | Path) -> URL:
    """The database URL of a path, `:memory:`, `sqlite:///...` or `postgresql://...`.

    Raises:
        StoreError: a URL of another kind of database.
    """
    text = str(place)
    if text == ":memory:":
        return URL.create("sqlite")
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser()))
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreError(
            "the store URL cannot be read: use a path, sqlite:///path or postgresql://user@host/name"
        ) from None
    if url.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite":
        return url
    raise StoreError(f"the store does not support {url.drivername} databases: use SQLite or PostgreSQL")


class Database:
    """A pool of connections to one store.

    Attributes:
        engine: the SQLAlchemy engine. clock: what "now" is; tests pass their own.
        name: the URL without its password, for messages.
    """

    def __init__(self, place: str | Path, clock: Clock = now) -> None:
        url = store_url(place)
        self.name = url.render_as_string(hide_password=True)
        self.clock = clock
        self.engine = _engine(url, self.name)
        self._writing = self.engine.execution_options(paperwire_writes=True)

    @property
    def is_sqlite(self) -> bool:
        """True on SQLite, False on PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection in a transaction of its own: one consistent view of the store.

        Raises:
            StoreError: the database refused.
        """
        with _translated(self.name), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, *families: str) -> Iterator[Connection]:
        """A connection in a write transaction, on disk when the block ends, undone if it raises.

        `families` name the tables written, "papers" if none is given; writers of a family run one
        after the other.

        Raises:
            StoreError: the database refused. ConflictError: a row of that identity is there.
        """
        with _translated(self.name), self._writing.connect() as connection, connection.begin():
            if not self.is_sqlite:
                for lock in sorted(_LOCKS[family] for family in families or ("papers",)):  # all in one order
                    connection.execute(select(func.pg_advisory_xact_lock(lock)))
            yield connection

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An insert of this dialect, with `on_conflict_do_nothing` and `on_conflict_do_update`."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def upsert(self, table: Table, columns: Sequence[str]) -> Insert:
        """An insert that replaces `columns` of the row where the primary key is there."""
        statement = self.insert(table)
        new = {name: statement.excluded[name] for name in columns}
        return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=new)

    def ignore(self, table: Table) -> Insert:
        """An insert that leaves rows alone whose primary key is there."""
        return self.insert(table).on_conflict_do_nothing(index_elements=list(table.primary_key.columns))

    def bump(self, connection: Connection, name: str) -> None:
        """Count one change under that name, in the caller's transaction."""
        statement = self.insert(counters).values(name=name, value=1)
        more = statement.on_conflict_do_update(index_elements=[counters.c.name], set_={"value": counters.c.value + 1})
        connection.execute(more)

    def count(self, connection: Connection, name: str) -> int:
        """How often `bump` was called with that name."""
        return connection.scalar(select(counters.c.value).where(counters.c.name == name)) or 0

    def copy_to(self, path: Path) -> None:
        """Write a compact copy of a SQLite database to `path`, which appears once it is whole.

        Raises:
            StoreError: the copy cannot be written.
        """
        part = path.with_name(f".{path.name}.{uuid4().hex}")
        with _translated(self.name):
            connection = self.engine.raw_connection()
            try:
                connection.cursor().execute("VACUUM INTO ?", (str(part),))
                part.replace(path)
            except self.engine.dialect.loaded_dbapi.Error as error:
                raise DBAPIError("VACUUM INTO", {}, error) from error
            finally:
                part.unlink(missing_ok=True)
                connection.close()

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def next_id(connection: Connection, table: Table, column: str = "id") -> int:
    """The number after the largest one; safe inside `Database.write` of the table's family."""
    return int(connection.scalar(select(func.coalesce(func.max(table.c[column]), 0))) or 0) + 1


def _engine(url: URL, name: str) -> Engine:
    options: dict[str, Any] = {"json_serializer": dumps}
    if url.drivername == "sqlite":
        _make_folder(url, name)
        if not url.database:
            options |= {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    else:
        options |= {"pool_pre_ping": True}
    try:
        engine = create_engine(url, **options)
    except ModuleNotFoundError:
        raise UnavailableError("PostgreSQL needs its driver: pip install 'paperwire[postgres]'") from None
    if url.drivername == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def _make_folder(url: URL, name: str) -> None:
    if url.database and not url.database.startswith("file:"):
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the folder of {name} cannot be made: {error.strerror}") from None


def _prepare(connection: DBAPIConnection, _record: object) -> None:
    # The driver must not begin transactions by itself: DDL would then run outside of them.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    # A writer asks for the write lock at once: a reader that turns writer later cannot wait for it.
    writes = connection.get_execution_options().get("paperwire_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise ConflictError(f"{name} refuses the write: {_line(error)}") from error
    except DBAPIError as error:
        raise StoreError(f"{name} failed: {_line(error)}{_remedy(_line(error))}") from error
    except SQLAlchemyError as error:
        raise StoreError(f"{name} failed: {error}") from error


def _line(error: DBAPIError) -> str:
    return next(iter(str(error.orig).splitlines()), type(error.orig).__name__)


def _remedy(line: str) -> str:
    remedies = {
        "locked": f": another process has been writing for over {_BUSY_MS // 1000} s; try again",
        "not a database": ": choose another path, or restore a backup",
        "malformed": ": restore a backup",
        "disk is full": ": free some space",
        "readonly": ": make the file and its folder writable",
        "unable to open": ": check that the folder exists and is writable",
    }
    return next((remedy for words, remedy in remedies.items() if words in line), "")
