"""The engine: batches across callers, order, admission, cancelling, swapping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier, Event
from typing import Any, ClassVar

import pytest

from models.bundle import ModelBundle
from models.errors import ThemeError, UnavailableError
from models.paper import Paper
from models.tagging import Profile, TagOptions
from service.batching import BATCH_CHARACTERS, Lanes, bucket_of
from service.engine import THREADS, BatchReport, Engine, Limits, OverloadedError
from service.work import AT_ONCE

FAST = TagOptions("fast")


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> ModelBundle:
    return ModelBundle.load(tiny_bundle)


def papers(count: int, start: int = 0) -> list[Paper]:
    return [
        Paper(f"p{n}", f"Study number {n} of replicated logs", "We elect leaders and replicate logs. " * (1 + n % 5))
        for n in range(start, start + count)
    ]


@asynccontextmanager
async def running(bundle: ModelBundle, **limits: Any) -> AsyncIterator[tuple[Engine, list[BatchReport]]]:
    reports: list[BatchReport] = []
    engine = Engine(bundle, Limits(**limits), on_batch=reports.append)
    engine.start()
    engine.warm()
    try:
        yield engine, reports
    finally:
        engine.close()


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 60))


@dataclass(frozen=True)
class Gate:
    """Work that waits for a signal: what a slow model looks like to the engine."""

    kind: ClassVar[str] = "gate"
    at_once: ClassVar[int] = 256
    open: Event
    begun: Event

    def run(self, bundle: ModelBundle, papers: Sequence[Paper]) -> list[str]:
        self.begun.set()
        assert self.open.wait(30)
        return [paper.id for paper in papers]


@asynccontextmanager
async def occupied(engine: Engine) -> AsyncIterator[None]:
    """Within, every thread of the engine is busy; at the end they are let go and have ended."""
    gates = [Gate(Event(), Event()) for _ in range(THREADS)]
    busy = [asyncio.create_task(engine.run(gate, papers(1))) for gate in gates]
    try:
        for gate in gates:
            assert await asyncio.to_thread(gate.begun.wait, 30)
        yield
    finally:
        for gate in gates:
            gate.open.set()
        await asyncio.gather(*busy)


@dataclass(frozen=True)
class Picky:
    """Work that breaks on one paper."""

    kind: ClassVar[str] = "picky"
    at_once: ClassVar[int] = 256

    def run(self, bundle: ModelBundle, papers: Sequence[Paper]) -> list[str]:
        if any(paper.id == "bad" for paper in papers):
            raise ZeroDivisionError("bad")
        return [paper.id for paper in papers]


def test_callers_share_batches_and_get_their_own_answers(bundle: ModelBundle) -> None:
    async def scenario() -> None:
        async with running(bundle, batch_texts=16, batch_wait_ms=5000) as (engine, reports):
            calls = [engine.tag(papers(2, start=10 * n), FAST) for n in range(8)]
            answers = await asyncio.gather(*calls)
            expected = [bundle.tag(papers(2, start=10 * n), FAST) for n in range(8)]
            assert answers == expected
            assert sum(report.texts for report in reports) == 16
            assert len(reports) <= 2

    run(scenario)


def test_a_long_call_keeps_order_and_lets_others_in_between(bundle: ModelBundle) -> None:
    async def scenario() -> None:
        async with running(bundle, batch_texts=4, batch_wait_ms=0) as (engine, _):
            finished: list[str] = []

            async def call(name: str, count: int) -> list[str]:
                answers = await engine.tag(papers(count), FAST)
                finished.append(name)
                return [answer.id for answer in answers]

            long = asyncio.create_task(call("long", 120))
            await asyncio.sleep(0)
            assert await call("short", 1) == ["p0"]
            assert await long == [f"p{n}" for n in range(120)]
            assert finished == ["short", "long"]
            assert engine.admitted == 0

    run(scenario)


def test_admission_counts_texts_and_says_when_to_come_again(bundle: ModelBundle) -> None:
    async def scenario() -> None:
        async with running(bundle, queue_texts=10) as (engine, _):
            gate = Gate(Event(), Event())
            first = asyncio.create_task(engine.run(gate, papers(8)))
            await asyncio.sleep(0)
            with pytest.raises(OverloadedError, match="try again in") as caught:
                await engine.tag(papers(3), FAST)
            assert caught.value.retry_after_s >= 1
            waiting = asyncio.create_task(engine.room(3))
            await asyncio.sleep(0.01)
            assert not waiting.done()
            gate.open.set()
            assert await first == [f"p{n}" for n in range(8)]
            await waiting
            assert len(await engine.tag(papers(3), FAST)) == 3

    run(scenario)


def test_cancelled_calls_are_never_computed(bundle: ModelBundle) -> None:
    async def scenario() -> None:
        async with running(bundle, batch_wait_ms=0) as (engine, reports):
            async with occupied(engine):
                dropped = asyncio.create_task(engine.tag(papers(5), FAST))
                await asyncio.sleep(0.01)
                dropped.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await dropped
                assert engine.admitted == THREADS
            await engine.tag(papers(2), TagOptions("accurate"))
            assert sum(report.texts for report in reports) == THREADS + 2

    run(scenario)


def test_where_the_encoder_reads_all_few_texts_are_computed_at_a_time(bundle: ModelBundle) -> None:
    async def scenario() -> None:
        async with running(bundle, batch_wait_ms=50) as (engine, reports):
            profiles: tuple[Profile, ...] = ("accurate", "fast")
            for profile in profiles:
                reports.clear()
                assert len(await engine.tag(papers(20), TagOptions(profile))) == 20
                assert max(report.texts for report in reports) <= AT_ONCE[profile]
                assert len(reports) == (5 if profile == "accurate" else 1)

    run(scenario)


@dataclass(frozen=True)
class Meeting:
    """Work whose batches can end only when two are computed at a time."""

    kind: ClassVar[str] = "meeting"
    at_once: ClassVar[int] = 4
    barrier: Barrier

    def run(self, bundle: ModelBundle, papers: Sequence[Paper]) -> list[str]:
        self.barrier.wait(30)
        return [paper.id for paper in papers]


def test_one_call_keeps_both_threads_busy(bundle: ModelBundle) -> None:
    async def scenario() -> None:
        async with running(bundle) as (engine, _):
            assert await engine.run(Meeting(Barrier(THREADS)), papers(8)) == [f"p{n}" for n in range(8)]

    run(scenario)


def test_a_full_batch_does_not_wait(bundle: ModelBundle) -> None:
    async def scenario() -> None:
        async with running(bundle, batch_wait_ms=25_000) as (engine, _):
            assert len(await engine.tag(papers(8), TagOptions("accurate"))) == 8

    run(scenario)


def test_a_slow_call_does_not_hold_up_others(bundle: ModelBundle) -> None:
    async def scenario() -> None:
        async with running(bundle) as (engine, _):
            gate = Gate(Event(), Event())
            slow = asyncio.create_task(engine.run(gate, papers(1)))
            await asyncio.to_thread(gate.begun.wait, 30)
            assert len(await engine.tag(papers(3), FAST)) == 3
            assert not slow.done()
            gate.open.set()
            await slow

    run(scenario)


def test_one_text_that_breaks_the_model_costs_no_other(bundle: ModelBundle, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with running(bundle, batch_wait_ms=200) as (engine, _):
            calls = [engine.run(Picky(), [Paper(name, "title")]) for name in ("good", "bad", "fine")]
            good, bad, fine = await asyncio.gather(*calls, return_exceptions=True)
            assert (good, fine) == (["good"], ["fine"])
            assert isinstance(bad, ZeroDivisionError)

    run(scenario)
    assert "could not be computed" in caplog.text


def test_errors_of_options_reach_their_caller_alone(bundle: ModelBundle) -> None:
    async def scenario() -> None:
        async with running(bundle, batch_wait_ms=50) as (engine, _):
            wrong = engine.tag(papers(1), TagOptions("fast", include=("no-such-theme",)))
            right = engine.tag(papers(1), FAST)
            first, second = await asyncio.gather(wrong, right, return_exceptions=True)
            assert isinstance(first, ThemeError)
            assert isinstance(second, list)

    run(scenario)


def test_a_swap_serves_old_calls_with_the_old_bundle(bundle: ModelBundle, tiny_bundle: Path) -> None:
    other = ModelBundle(tiny_bundle, {**bundle.manifest, "version": "other"}, "f" * 64)

    async def scenario() -> None:
        async with running(bundle, batch_wait_ms=0) as (engine, _):
            async with occupied(engine):
                before = asyncio.create_task(engine.tag(papers(40), FAST))
                await asyncio.sleep(0.01)
                engine.warm(other)
                assert engine.swap(other) is bundle
                after = asyncio.create_task(engine.tag(papers(3), FAST))
            assert {answer.model.version for answer in await before} == {bundle.name.version}
            assert {answer.model.version for answer in await after} == {"other"}

    run(scenario)


def test_not_ready_before_warming_and_after_closing(bundle: ModelBundle) -> None:
    async def scenario() -> None:
        engine = Engine(bundle)
        engine.start()
        with pytest.raises(UnavailableError, match="not ready"):
            await engine.tag(papers(1), FAST)
        engine.warm()
        assert len(await engine.tag(papers(1), FAST)) == 1
        engine.close()
        with pytest.raises(UnavailableError, match="not ready"):
            await engine.tag(papers(1), FAST)

    run(scenario)


def test_closing_finishes_what_waits(bundle: ModelBundle) -> None:
    async def scenario() -> None:
        async with running(bundle, batch_texts=4, batch_wait_ms=500) as (engine, _):
            call = asyncio.create_task(engine.tag(papers(3), FAST))
            await asyncio.sleep(0)
            await asyncio.to_thread(engine.close)
            assert len(await call) == 3

    run(scenario)


def test_a_long_call_is_answered_or_refused_when_the_engine_closes(bundle: ModelBundle) -> None:
    async def scenario() -> None:
        async with running(bundle, batch_texts=4, batch_wait_ms=0) as (engine, _):
            call = asyncio.create_task(engine.tag(papers(40), FAST))
            await asyncio.sleep(0)
            await asyncio.to_thread(engine.close)
            try:
                assert len(await call) == 40
            except UnavailableError as error:
                assert "ending" in str(error)
            assert engine.admitted == 0

    run(scenario)


def test_scores_and_vectors(bundle: ModelBundle) -> None:
    async def scenario() -> None:
        async with running(bundle) as (engine, _):
            rows = await engine.score(papers(2), "fast")
            assert rows[0].shape == (len(bundle.taxonomy),)
            vectors = await engine.embed(["leader election", "leader election"])
            assert vectors[0].tokens > 2
            assert abs(float((vectors[0].vector ** 2).sum()) - 1.0) < 1e-3
            assert (vectors[0].vector == vectors[1].vector).all()

    run(scenario)


class _Free:
    cancelled = False


class _Gone:
    cancelled = True


def test_lanes_part_lengths_and_serve_the_oldest_first() -> None:
    lanes: Lanes[Any] = Lanes()
    short, long, late = _Free(), _Free(), _Free()
    lanes.put("key", long, 5_000, 1.0)
    lanes.put("key", short, 50, 2.0)
    lanes.put("key", _Gone(), 60, 2.0)
    lanes.put("other", late, 50, 3.0)
    assert lanes.oldest() == 1.0
    assert [[entry.item for entry in lanes.take(8)] for _ in range(3)] == [[long], [short], [late]]
    assert lanes.take(8) == []
    assert len(lanes) == 0


def test_a_batch_of_books_is_cut_by_characters() -> None:
    lanes: Lanes[Any] = Lanes()
    for _ in range(5):
        lanes.put("key", _Free(), BATCH_CHARACTERS // 2, 0.0)
    lanes.put("key", _Free(), BATCH_CHARACTERS * 3, 0.0)
    assert [len(lanes.take(8)) for _ in range(4)] == [2, 2, 1, 1]
    assert [bucket_of(n) for n in (0, 400, 401, 2_401, 10_001)] == [0, 0, 1, 2, 3]


def test_a_lane_of_cancelled_items_gives_way_to_the_next() -> None:
    lanes: Lanes[Any] = Lanes()
    lanes.put("a", _Gone(), 10, 0.0)
    free = _Free()
    lanes.put("b", free, 10, 1.0)
    assert [entry.item for entry in lanes.take(4)] == [free]
