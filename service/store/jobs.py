"""Batch jobs that outlive the process: queued, claimed under a lease, finished once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update

from models.errors import ConflictError
from service.store.job_lists import ENDED, JobLists, keyed, need
from service.store.records import Job, JobState
from service.store.schema import jobs

LEASE_S = 60.0
"""How long a worker may stay silent before its job is given to another, in seconds."""
_ERROR_CHARS = 1_000


class Jobs(JobLists):
    """Write and read access to jobs.

    A worker claims a job, beats while it works, and finishes, fails or releases it. A worker that was
    killed beats no more: after its lease another claims the job. Beats and endings of a worker that
    lost its lease, or whose job was cancelled, are refused with `ConflictError`, which tells it to stop.

    A job whose input has yet to arrive begins as "receiving", under the lease of whoever takes it in.
    """

    def create(
        self,
        kind: str,
        place: str,
        options: Mapping[str, Any],
        *,
        owner: str = "",
        idempotency_key: str = "",
    ) -> Job:
        """A new queued job; the job that an owner's idempotency key already stands for, where it does.

        `place` is the path or URL of the input.

        Raises:
            ConflictError: the key was used with another kind, input or options.
        """
        with self._database.write("jobs") as connection:
            there = keyed(connection, owner, idempotency_key)
            if there is None:
                row = _new(kind, place, dict(options), owner, idempotency_key)
                return self._insert(connection, row)
        _check_same(there, kind, place, options)
        return there

    def begin(
        self,
        kind: str,
        place: str,
        options: Mapping[str, Any],
        worker: str,
        state: Literal[JobState.RECEIVING, JobState.RUNNING],
        *,
        owner: str = "",
        idempotency_key: str = "",
        lease_s: float = LEASE_S,
    ) -> Job:
        """A new job that is under way already, by this worker; or the one that the key stands for.

        The latter is this worker's too where its own worker went silent; otherwise it has another
        worker, or another state. `place` is "" where it is not known yet, and then not compared.

        Raises:
            ConflictError: the key was used with another kind, input or options.
        """
        moment = self._database.clock()
        ours = {"state": str(state), "worker": worker, "lease_until": moment + timedelta(seconds=lease_s)}
        with self._database.write("jobs") as connection:
            there = keyed(connection, owner, idempotency_key)
            if there is None:
                return self._insert(connection, _new(kind, place, dict(options), owner, idempotency_key) | ours)
            _check_same(there, kind, place or there.input, options)
            if there.state is state and there.lease_until is not None and there.lease_until < moment:
                self._set(connection, jobs.c.id == there.id, **ours)
            return need(connection, there.id)

    def received(self, job_id: str, worker: str, place: str, progress: Mapping[str, Any]) -> Job:
        """The job, queued now that its input is there. Raises like `beat`."""
        held = {"state": "queued", "input": place, "progress": dict(progress), "worker": "", "lease_until": None}
        return self._run(job_id, worker, held, JobState.RECEIVING)

    def claim(self, worker: str, *, kind: str = "tag", lease_s: float = LEASE_S) -> Job | None:
        """The oldest job that waits, or whose worker went silent, now running under `worker`; None if there is none."""
        moment = self._database.clock()
        silent = and_(jobs.c.state == "running", jobs.c.lease_until < moment)
        takeable = and_(jobs.c.kind == kind, or_(jobs.c.state == "queued", silent))
        waiting = select(jobs.c.id).where(takeable).order_by(jobs.c.created, jobs.c.id).limit(1)
        with self._database.read() as connection:  # most looks find nothing, and should keep no writer waiting
            if connection.scalar(waiting) is None:
                return None
        with self._database.write("jobs") as connection:
            job_id = connection.scalar(waiting)
            if job_id is None:
                return None
            lease = moment + timedelta(seconds=lease_s)
            self._set(
                connection, jobs.c.id == job_id, state="running", worker=worker, lease_until=lease, done=0, error=""
            )
            return need(connection, job_id)

    def beat(
        self,
        job_id: str,
        worker: str,
        *,
        done: int,
        total: int = 0,
        progress: Mapping[str, Any] | None = None,
        lease_s: float = LEASE_S,
        state: Literal[JobState.RECEIVING, JobState.RUNNING] = JobState.RUNNING,
    ) -> Job:
        """Note progress and hold the lease for another `lease_s` seconds.

        Raises:
            NotFoundError: there is no such job. ConflictError: it is not this worker's any more.
        """
        lease = self._database.clock() + timedelta(seconds=lease_s)
        told = {} if progress is None else {"progress": dict(progress)}
        return self._run(job_id, worker, {"done": done, "total": total, "lease_until": lease, **told}, state)

    def release(self, job_id: str, worker: str) -> Job:
        """The job, queued again for whoever comes next. Raises like `beat`."""
        return self._run(job_id, worker, {"state": "queued", "worker": "", "lease_until": None})

    def finish(self, job_id: str, worker: str, result: str) -> Job:
        """The job, done, with the path of its result. Raises like `beat`."""
        return self._run(job_id, worker, {"state": "done", "result": result})

    def fail(self, job_id: str, worker: str, error: str) -> Job:
        """The job, failed, with one line of reason. Raises like `beat`."""
        return self._run(job_id, worker, {"state": "failed", "error": error[:_ERROR_CHARS]})

    def cancel(self, job_id: str) -> Job:
        """The job, cancelled; cancelling it again changes nothing.

        Raises:
            NotFoundError: there is no such job. ConflictError: it is done or failed already.
        """
        with self._database.write("jobs") as connection:
            job = need(connection, job_id)
            if job.state in (JobState.DONE, JobState.FAILED):
                raise ConflictError(f"job {job_id} is {job.state} already: it cannot be cancelled")
            if job.state is not JobState.CANCELLED:
                self._set(connection, jobs.c.id == job_id, state="cancelled")
            return need(connection, job_id)

    def remove(self, job_id: str, *, worker: str | None = None) -> bool:
        """Whether there was such a job, which is forgotten now, whatever its state; of this worker, where named."""
        which = jobs.c.id == job_id
        which = which if worker is None else and_(which, jobs.c.worker == worker, jobs.c.state.not_in(map(str, ENDED)))
        with self._database.write("jobs") as connection:
            return bool(connection.execute(delete(jobs).where(which)).rowcount)

    def _run(self, job_id: str, worker: str, values: Mapping[str, object], wanted: JobState = JobState.RUNNING) -> Job:
        with self._database.write("jobs") as connection:
            job = need(connection, job_id)
            if job.state is not wanted or job.worker != worker:
                by = f" under {job.worker}" if job.state is wanted else ""
                raise ConflictError(f"job {job_id} is {job.state}{by}, not {wanted} under {worker}: stop working on it")
            self._set(connection, jobs.c.id == job_id, **values)
            return need(connection, job_id)

    def _insert(self, connection: Connection, row: dict[str, Any]) -> Job:
        moment = self._database.clock()
        connection.execute(insert(jobs).values(row | {"created": moment, "updated": moment}))
        return need(connection, row["id"])

    def _set(self, connection: Connection, which: ColumnElement[bool], **values: object) -> None:
        connection.execute(update(jobs).where(which).values({"updated": self._database.clock(), **values}))


def _new(kind: str, place: str, options: dict[str, Any], owner: str, key: str) -> dict[str, Any]:
    blank = {"state": "queued", "done": 0, "total": 0, "result": "", "error": "", "worker": "", "lease_until": None}
    who = {"owner": owner, "idempotency_key": key or None}
    return {"id": uuid.uuid4().hex, "kind": kind, "input": place, "options": options, "progress": {}, **who, **blank}


def _check_same(there: Job, kind: str, place: str, options: Mapping[str, Any]) -> None:
    if (there.kind, there.input, dict(there.options)) != (kind, place, dict(options)):
        raise ConflictError(
            f"idempotency key {there.idempotency_key!r} was used for another request: use a new key for this one"
        )
