"""A store, a small real tagger, and the misbehaving server of the fetch tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.bundle import ModelBundle
from models.tagging import TagOptions
from service.fetch import Fetcher
from service.ingest import Desk, Tagger
from service.store import Store
from tests.fetch.conftest import make_fetcher, server, time_  # noqa: F401 (fixtures)

START = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)  # a Wednesday


class Clock:
    """A clock that stands still until told to move."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def move(self, **by: float) -> datetime:
        self.time += timedelta(**by)
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[Store]:
    with Store.open(":memory:", clock=clock) as opened:
        yield opened


@pytest.fixture(scope="session")
def loaded(tiny_bundle: Path) -> ModelBundle:
    return ModelBundle.load(tiny_bundle)


@pytest.fixture(scope="session")
def tagger(loaded: ModelBundle) -> Tagger:
    return Tagger.of(loaded, TagOptions(profile="fast"))


@pytest.fixture
def desk(store: Store, tagger: Tagger, make_fetcher: Callable[..., Fetcher], clock: Clock) -> Desk:  # noqa: F811
    """A desk without patience for retries; `desk.reports` is what it was told."""
    return Desk(store, tagger, make_fetcher(retries=0), clock=clock)
