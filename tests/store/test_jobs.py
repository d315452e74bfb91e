"""Jobs: each done once, whatever dies on the way."""

from __future__ import annotations

import threading

import pytest

from models.errors import ConflictError, NotFoundError
from service.store import JobState, Store
from tests.store.samples import START


def test_a_job_goes_from_queue_to_result(store, clock):
    job = store.jobs.create("tag", "dump.jsonl", {"profile": "fast", "top": 3}, owner="ana")
    assert (job.state, job.input, job.options, job.owner, job.created) == (
        JobState.QUEUED,
        "dump.jsonl",
        {"profile": "fast", "top": 3},
        "ana",
        START,
    )
    claimed = store.jobs.claim("w1")
    assert (claimed.id, claimed.state, claimed.worker) == (job.id, JobState.RUNNING, "w1")
    assert store.jobs.claim("w2") is None
    clock.move(seconds=5)
    beat = store.jobs.beat(job.id, "w1", done=40, total=100)
    assert (beat.done, beat.total, (beat.updated - START).seconds) == (40, 100, 5)
    done = store.jobs.finish(job.id, "w1", "out.jsonl")
    assert (done.state, done.result) == (JobState.DONE, "out.jsonl")
    assert store.jobs.get(job.id) == done


def test_the_oldest_job_is_claimed_first(store, clock):
    first = store.jobs.create("tag", "1", {})
    clock.move(seconds=1)
    store.jobs.create("tag", "2", {})
    assert store.jobs.claim("w").id == first.id


def test_a_job_of_a_dead_worker_is_taken_over_and_the_dead_may_not_end_it(store, clock):
    job = store.jobs.create("tag", "x", {})
    store.jobs.claim("w1", lease_s=30)
    clock.move(seconds=29)
    assert store.jobs.claim("w2") is None
    store.jobs.beat(job.id, "w1", done=7, lease_s=30)
    clock.move(seconds=31)
    again = store.jobs.claim("w2")
    assert (again.worker, again.done) == ("w2", 0)
    for action in (lambda: store.jobs.beat(job.id, "w1", done=9), lambda: store.jobs.finish(job.id, "w1", "out")):
        with pytest.raises(ConflictError, match="under w2"):
            action()
    assert store.jobs.fail(job.id, "w2", "bad line 3").error == "bad line 3"


def test_cancelling_stops_the_worker_and_is_idempotent(store):
    job = store.jobs.create("tag", "x", {})
    store.jobs.claim("w1")
    assert store.jobs.cancel(job.id).state is JobState.CANCELLED
    assert store.jobs.cancel(job.id).state is JobState.CANCELLED
    with pytest.raises(ConflictError, match="cancelled"):
        store.jobs.beat(job.id, "w1", done=1)
    assert store.jobs.claim("w2") is None


def test_a_job_that_is_over_cannot_be_cancelled(store):
    job = store.jobs.create("tag", "x", {})
    store.jobs.claim("w1")
    store.jobs.finish(job.id, "w1", "out")
    with pytest.raises(ConflictError, match="done already"):
        store.jobs.cancel(job.id)


def test_an_idempotency_key_stands_for_one_request_of_one_owner(store):
    first = store.jobs.create("tag", "x", {"a": 1}, owner="ana", idempotency_key="k")
    assert store.jobs.create("tag", "x", {"a": 1}, owner="ana", idempotency_key="k") == first
    assert store.jobs.create("tag", "x", {"a": 1}, owner="bo", idempotency_key="k").id != first.id
    assert store.jobs.create("tag", "x", {"a": 1}, owner="ana").id != first.id
    with pytest.raises(ConflictError, match="another request"):
        store.jobs.create("tag", "y", {"a": 1}, owner="ana", idempotency_key="k")


def test_lists_are_newest_first_and_filtered(store, clock):
    ids = []
    for owner in ("ana", "bo", "ana"):
        ids.append(store.jobs.create("tag", "x", {}, owner=owner).id)
        clock.move(seconds=1)
    assert [job.id for job in store.jobs.all()] == ids[::-1]
    assert [job.id for job in store.jobs.all(owner="ana")] == [ids[2], ids[0]]
    assert len(store.jobs.all(limit=1)) == 1
    store.jobs.claim("w")
    assert [job.id for job in store.jobs.all(state=JobState.RUNNING)] == [ids[0]]


def test_two_workers_never_claim_one_job(place):
    with Store.open(place) as store:
        wanted = {store.jobs.create("tag", str(n), {}).id for n in range(20)}
        claimed: list[str] = []

        def work(name: str) -> None:
            while job := store.jobs.claim(name):
                claimed.append(job.id)

        threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(claimed) == sorted(wanted)


def test_unknown_jobs_are_named(store):
    for action in (store.jobs.get, store.jobs.cancel, lambda name: store.jobs.beat(name, "w", done=1)):
        with pytest.raises(NotFoundError, match="nope"):
            action("nope")
