"""Real stores for the tests, on SQLite and on PostgreSQL, with a clock that only they move."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from service.store import Store
from service.store.database import Database
from service.store.migrate import LATEST
from service.store.schema import metadata
from tests.store.samples import START


@dataclass
class Clock:
    """A clock that stands still until told to move."""

    time: datetime = field(default=START)

    def __call__(self) -> datetime:
        return self.time

    def move(self, **by: float) -> datetime:
        self.time += timedelta(**by)
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres_place(new_postgres: Callable[[], str]) -> str:
    """URL of a PostgreSQL database with a store in it, for all tests."""
    url = new_postgres()
    Store.open(url).close()
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with an empty store in it, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "papers.db"
    Store.open(path).close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The place of an empty store, one kind of database after the other."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        return str(shutil.copy(template, tmp_path / "papers.db"))
    url = str(request.getfixturevalue("postgres_place"))
    empty(url)
    return url


def empty(url: str) -> None:
    """Take everything out of a PostgreSQL store; a database a test would take ten times as long."""
    database = Database(url)
    names = ", ".join([*(table.name for table in metadata.sorted_tables), "paper_search"])
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER USER")
        connection.exec_driver_sql(f"TRUNCATE {names}")
        connection.exec_driver_sql("ALTER TABLE audit ENABLE TRIGGER USER")
        connection.execute(text("UPDATE alembic_version SET version_num = :latest"), {"latest": LATEST})
    database.close()


@pytest.fixture
def store(place: str, clock: Clock) -> Iterator[Store]:
    with Store.open(place, clock=clock) as opened:
        yield opened


@pytest.fixture
def new_memory(clock: Clock) -> Callable[[], Store]:
    """A function that opens an empty store in memory: quick enough for property tests."""
    return lambda: Store.open(":memory:", clock=clock)
