"""Real stores for the tests, on SQLite and on PostgreSQL, with a clock that only they move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy

from models.paper import Paper
from service.store import Store, StoredTag, StoredTagging

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


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


SUBJECTS = (
    ("Paged attention caches for long prompts", "We move key-value blocks between host and device memory.", "cs.DC"),
    (
        "Byzantine agreement with few signatures",
        "A consensus protocol whose leaders change without extra rounds.",
        "cs.CR",
    ),
    ("Federated averaging on ward tablets", "Hospitals train one model together and share no record.", "cs.LG"),
    ("Fusing kernels for sparse products", "A compiler pass merges GPU kernels and keeps occupancy high.", "cs.PF"),
    (
        "Routing tokens to experts evenly",
        "Mixture-of-experts training stalls when one expert gets all tokens.",
        "cs.LG",
    ),
)


def make_paper(number: int, **changes: object) -> Paper:
    """One of many invented papers; `number` decides everything."""
    title, abstract, category = SUBJECTS[number % len(SUBJECTS)]
    facts = {
        "id": f"arxiv:2603.{number:05d}",
        "title": f"{title}, part {number}",
        "abstract": abstract,
        "version": 1,
        "authors": ("Mira Öztürk", f"Jan Novák{number % 7}"),
        "categories": tuple(dict.fromkeys((category, "cs.DC", "math.OC" if number % 3 == 0 else "cs.OS"))),
        "published": START - timedelta(hours=number),
        "updated": START - timedelta(minutes=number * 7 % 997),
        "url": f"https://papers.example/abs/{number}",
    }
    return Paper(**{**facts, **changes})  # type: ignore[arg-type]


def make_tagging(paper: Paper, *tags: tuple[str, float], bundle: str = "themes-1", **changes: object) -> StoredTagging:
    """A tagging with the given themes, the first one primary; abstained where there is none."""
    facts = {
        "paper_id": paper.id,
        "version": paper.version,
        "bundle": bundle,
        "profile": "fast",
        "time": START,
        "tags": tuple(StoredTag(theme, probability) for theme, probability in tags),
        "primary": tags[0][0] if tags else "",
        "abstained": not tags,
        "reasons": () if tags else ("below-threshold",),
        "novelty": 0.25,
    }
    return StoredTagging(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.fixture
def new_memory(clock: Clock) -> Callable[[], Store]:
    """A function that opens an empty store in memory: quick enough for property tests."""
    return lambda: Store.open(":memory:", clock=clock)
