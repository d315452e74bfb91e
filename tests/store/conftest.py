"""Real stores for the tests, on SQLite and on PostgreSQL, with a clock that only they move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy

from service.store import Store
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
def postgres_template(new_postgres: Callable[..., str]) -> str:
    """Name of a PostgreSQL database with an empty store in it, to be copied."""
    url = new_postgres()
    Store.open(url).close()
    return str(sqlalchemy.make_url(url).database)


@pytest.fixture(params=["sqlite", "postgresql"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """A function that gives the place of a new store, one kind of database after the other."""
    if request.param == "sqlite":
        numbers = iter(range(1000))
        return lambda: str(tmp_path / f"papers{next(numbers)}.db")
    new_postgres = request.getfixturevalue("new_postgres")
    template = request.getfixturevalue("postgres_template")
    return lambda: str(new_postgres(template))


@pytest.fixture
def place(new_place: Callable[[], str]) -> str:
    return new_place()


@pytest.fixture
def store(place: str, clock: Clock) -> Iterator[Store]:
    with Store.open(place, clock=clock) as opened:
        yield opened


@pytest.fixture
def new_memory(clock: Clock) -> Callable[[], Store]:
    """A function that opens an empty store in memory: quick enough for property tests."""
    return lambda: Store.open(":memory:", clock=clock)
