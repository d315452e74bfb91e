"""How far a run is, and how long it will take."""

from __future__ import annotations

from service.jobs.order import Told
from service.jobs.pace import Pace
from service.pipeline import Counts, Progress, Source


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def a_pace(*sizes: int | None) -> tuple[Pace, list[Told], Clock]:
    told: list[Told] = []
    clock = Clock()
    pace = Pace(told.append, clock=clock)
    pace.begin([Source("x", lambda: None, size) for size in sizes], {"name": "themes"})  # type: ignore[arg-type, return-value]
    return pace, told, clock


def test_the_rest_takes_as_long_as_its_bytes_took_so_far() -> None:
    pace, told, clock = a_pace(600, 400)
    pace.show(Progress(resumed=50, answered=10, seconds=1.0), Counts(bytes_read=500))
    assert (told[-1].papers, told[-1].eta_s, told[-1].bytes_total) == (60, None, 1000)
    clock.now += 10
    pace.show(Progress(resumed=50, answered=30, seconds=10.0), Counts(bytes_read=600, skipped=2, duplicates=1))
    last = told[-1]
    assert (last.papers, last.skipped, last.duplicates, last.bytes_read, last.papers_per_s) == (80, 2, 1, 600, 3.0)
    assert last.eta_s == 40.0, "100 bytes took 10 s, what an earlier run had read does not count"
    pace.finish(Counts(papers=120, bytes_read=1000))
    pace.end("done", "")
    assert (told[-1].papers, told[-1].eta_s, told[-1].ended) == (120, None, "done")


def test_nothing_is_told_too_often_and_nothing_is_guessed() -> None:
    pace, told, clock = a_pace(None)
    for number in range(100):
        clock.now += 0.01
        pace.show(Progress(answered=number, seconds=1.0), Counts())
    assert len(told) <= 6
    assert {one.eta_s for one in told} == {None}


def test_what_begins_again_counts_from_nothing() -> None:
    pace, told, _ = a_pace(100)
    pace.show(Progress(answered=5, seconds=1.0), Counts(bytes_read=50, skipped=1))
    pace.again()
    assert (told[-1].papers, told[-1].skipped, told[-1].bytes_read) == (0, 0, 0)
    assert told[-1].model == {"name": "themes"}
    assert told[-1].as_progress().keys() & {"ended", "error"} == set()
