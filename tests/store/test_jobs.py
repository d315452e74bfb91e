"""Jobs: each done once, whatever dies on the way."""

from __future__ import annotations

import threading

import pytest

from models.errors import ConflictError, InputError, NotFoundError
from service.store import JobState, Store
from service.store.database import Database
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


def test_pages_are_newest_first_and_filtered(store, clock):
    ids = []
    for owner in ("ana", "bo", "ana"):
        ids.append(store.jobs.create("tag", "x", {}, owner=owner).id)
        clock.move(seconds=1)
    store.jobs.create("request", "x", {}, owner="ana")
    assert [job.id for job in store.jobs.page(kind="tag").jobs] == ids[::-1]
    assert [job.id for job in store.jobs.page(kind="tag", owner="ana").jobs] == [ids[2], ids[0]]
    store.jobs.claim("w")
    assert [job.id for job in store.jobs.page(state=JobState.RUNNING).jobs] == [ids[0]]
    assert store.jobs.counts("tag") == dict.fromkeys(JobState, 0) | {JobState.RUNNING: 1, JobState.QUEUED: 2}


def test_pages_meet_every_job_once_even_of_one_moment(store, clock):
    ids = {store.jobs.create("tag", "x", {}).id for _ in range(5)}
    clock.move(seconds=1)
    newest = store.jobs.create("tag", "x", {}).id
    found, cursor = [], ""
    while page := store.jobs.page(limit=2, cursor=cursor):
        found += [job.id for job in page.jobs]
        cursor = page.next
        if not cursor:
            break
    assert found[0] == newest
    assert sorted(found) == sorted(ids | {newest})
    for wrong in ("nope", "bm9wZQ", "WzEsMV0", "W251bGwsICJhIl0"):
        with pytest.raises(InputError, match="start again without a cursor"):
            store.jobs.page(cursor=wrong)


def test_an_input_arrives_under_a_lease(store, clock):
    state = JobState.RECEIVING
    job = store.jobs.begin("tag", "", {}, "w1", state, owner="ana", idempotency_key="k", lease_s=30)
    assert (job.state, job.worker) == (state, "w1")
    assert store.jobs.claim("w2") is None
    assert store.jobs.begin("tag", "", {}, "w2", state, owner="ana", idempotency_key="k").worker == "w1"
    clock.move(seconds=29)
    store.jobs.beat(job.id, "w1", done=0, lease_s=30, state=state)
    assert store.jobs.over(clock.time) == ()
    queued = store.jobs.received(job.id, "w1", "digest", {"bytes_total": 7})
    assert (queued.state, queued.input, queued.progress, queued.worker) == ("queued", "digest", {"bytes_total": 7}, "")
    again = store.jobs.begin("tag", "", {}, "w3", state, owner="ana", idempotency_key="k")
    assert again == queued
    with pytest.raises(ConflictError, match="another request"):
        store.jobs.begin("tag", "", {"top": 1}, "w3", state, owner="ana", idempotency_key="k")


def test_an_input_whose_sender_is_gone_is_begun_again_or_forgotten(store, clock):
    state = JobState.RECEIVING
    job = store.jobs.begin("tag", "", {}, "w1", state, owner="ana", idempotency_key="k", lease_s=30)
    other = store.jobs.begin("tag", "", {}, "w1", state, owner="ana", lease_s=30)
    clock.move(seconds=31)
    again = store.jobs.begin("tag", "", {}, "w2", state, owner="ana", idempotency_key="k", lease_s=30)
    assert (again.id, again.worker) == (job.id, "w2")
    with pytest.raises(ConflictError, match="under w2"):
        store.jobs.received(job.id, "w1", "digest", {})
    assert store.jobs.over(clock.time) == (other.id,)
    assert not store.jobs.remove(job.id, worker="w1")
    assert store.jobs.remove(job.id, worker="w2")
    assert not store.jobs.remove(job.id)


def test_a_request_that_is_answered_is_not_done_again(store, clock):
    state = JobState.RUNNING
    first = store.jobs.begin("request", "POST /x", {}, "w1", state, owner="ana", idempotency_key="k", lease_s=30)
    assert first.worker == "w1"
    assert store.jobs.claim("w2") is None, "requests are nobody's to claim"
    store.jobs.finish(first.id, "w1", "answer")
    again = store.jobs.begin("request", "POST /x", {}, "w2", state, owner="ana", idempotency_key="k")
    assert (again.state, again.result) == (JobState.DONE, "answer")
    with pytest.raises(ConflictError, match="another request"):
        store.jobs.begin("request", "POST /y", {}, "w2", state, owner="ana", idempotency_key="k")


def test_a_released_job_waits_again(store):
    job = store.jobs.create("tag", "x", {})
    store.jobs.claim("w1")
    store.jobs.beat(job.id, "w1", done=3, progress={"skipped": 1})
    assert (store.jobs.release(job.id, "w1").state, store.jobs.get(job.id).progress) == ("queued", {"skipped": 1})
    assert store.jobs.claim("w2").id == job.id
    with pytest.raises(ConflictError, match="under w2"):
        store.jobs.release(job.id, "w1")


def test_what_ended_long_ago_is_over(store, clock):
    done, failed, cancelled, queued = (store.jobs.create("tag", str(n), {}).id for n in range(4))
    for _ in range(2):
        store.jobs.claim("w")
    running = {job.id for job in store.jobs.page(state=JobState.RUNNING).jobs}
    for job_id in running:
        store.jobs.finish(job_id, "w", "out")
    store.jobs.cancel(next(job.id for job in store.jobs.page(state=JobState.QUEUED).jobs))
    assert store.jobs.over(clock.time) == ()
    clock.move(seconds=10)
    assert len(store.jobs.over(clock.time)) == 3
    assert store.jobs.known([done, failed, cancelled, queued, "f" * 32]) == {done, failed, cancelled, queued}


def test_cancelled_jobs_are_left_once_their_worker_is_silent(store, clock):
    job = store.jobs.create("tag", "x", {})
    store.jobs.claim("w", lease_s=30)
    other = store.jobs.create("tag", "y", {})
    assert store.jobs.is_wanted(job.id)
    store.jobs.cancel(job.id)
    assert not store.jobs.is_wanted(job.id)
    assert not store.jobs.is_wanted("f" * 32)
    assert store.jobs.left() == (), "its worker clears away behind itself"
    store.jobs.claim("w", lease_s=30)
    clock.move(seconds=31)
    assert store.jobs.left() == (job.id,)
    assert store.jobs.is_wanted(other.id), "what is not cancelled may be taken over"


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


def test_jobs_of_a_store_of_the_first_schema_are_kept(place):
    with Store.open(place) as store:
        job = store.jobs.create("tag", "x", {"top": 1})
    database = Database(place)
    with database.write("schema") as connection:
        for line in (
            "DROP INDEX jobs_by_created",
            "ALTER TABLE jobs DROP COLUMN progress",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            connection.exec_driver_sql(line)
    database.close()
    with Store.open(place) as store:
        assert store.jobs.get(job.id) == job
        assert store.check() == []
