"""Killed at any point, an ingest leaves whole batches, every acknowledged one among them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.store import Store
from tests.store.ingest import BATCH, ENCODER, batch_of

ROOT = Path(__file__).parents[2]


def kill_often(place: str, acknowledged: Path, times: int) -> None:
    """Start an ingest and kill it, `times` times, at moments that differ."""
    chance = random.Random(11)
    command = [sys.executable, "-m", "tests.store.ingest", place, str(acknowledged)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        for number in range(times):
            process.stdin.write("go\n")
            process.stdin.flush()
            child = int(process.stdout.readline())
            if number % 2:
                wait_for_more(acknowledged)
            time.sleep(chance.uniform(0.0, 0.3))
            os.kill(child, signal.SIGKILL)
            assert process.stdout.readline() == "ended\n"
        process.stdin.close()
        assert process.wait(timeout=180) == 0


def wait_for_more(acknowledged: Path) -> None:
    """Return once another batch was acknowledged: some kills must hit a process well under way."""
    before, deadline = size(acknowledged), time.monotonic() + 60
    while size(acknowledged) == before and time.monotonic() < deadline:
        time.sleep(0.002)


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def check_whole(store: Store, numbers: list[int]) -> None:
    """Every batch up to the last is there whole; only what followed the last acknowledgement may be missing."""
    assert store.check() == []
    by_category = store.listing.category_facet(limit=100_000)
    assert set(by_category.values()) == {BATCH}
    assert numbers == list(range(len(numbers)))
    assert {f"batch.{number}" for number in numbers} <= by_category.keys()
    assert len(by_category) - len(numbers) in (0, 1)
    tagged, vectors = store.listing.theme_facet().get("kv-cache", 0), 0
    for number in range(len(by_category)):
        papers = batch_of(number)
        there = len(store.vectors.load(ENCODER, [paper.digest for paper in papers]))
        assert there == len({paper.digest for paper in papers}) or (number not in numbers and there == 0)
        vectors += there
    assert tagged >= len(numbers) * BATCH and tagged % BATCH == 0


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_fifty_kills_lose_nothing(place, tmp_path):
    Store.open(place).close()
    acknowledged = tmp_path / "acknowledged"
    kill_often(place, acknowledged, 50)
    numbers = [int(line) for line in acknowledged.read_text().split()]
    assert len(numbers) >= 25
    with Store.open(place) as store:
        check_whole(store, numbers)


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_kills_of_a_client_lose_nothing_in_postgresql(place, tmp_path):
    acknowledged = tmp_path / "acknowledged"
    kill_often(place, acknowledged, 8)
    with Store.open(place) as store:
        check_whole(store, [int(line) for line in acknowledged.read_text().split()])


def test_the_store_is_killed_while_it_is_made(tmp_path):
    """The schema is there whole or not at all: the next opening makes it."""
    for number in range(5):
        place = tmp_path / f"{number}.db"
        command = [
            sys.executable,
            "-c",
            "import sys; from service.store import Store; Store.open(sys.argv[1])",
            str(place),
        ]
        with subprocess.Popen(command, cwd=ROOT) as process:
            deadline = time.monotonic() + 30
            while not place.exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)
            time.sleep(0.04 * number)
            process.kill()
        with Store.open(place) as store:
            assert store.check() == []
            assert store.papers.upsert(batch_of(0)).new == BATCH
