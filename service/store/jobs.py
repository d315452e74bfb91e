"""Batch jobs that outlive the process: queued, claimed under a lease, finished once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, insert, or_, select, type_coerce, update

from models.errors import ConflictError, NotFoundError
from service.store.columns import to_ticks
from service.store.database import Database
from service.store.records import Job, JobState
from service.store.rows import Columns
from service.store.schema import jobs

LEASE_S = 60.0
"""How long a worker may stay silent before its job is given to another, in seconds."""
_ERROR_CHARS = 1_000


class Jobs:
    """Write and read access to jobs.

    A worker claims a job, beats while it works, and finishes or fails it. A worker that was killed
    beats no more: after its lease another claims the job and begins again. Beats and endings of a
    worker that lost its lease, or whose job was cancelled, are refused with `ConflictError`, which
    tells it to stop.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

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
        moment = self._database.clock()
        with self._database.write("jobs") as connection:
            there = _by_key(connection, owner, idempotency_key) if idempotency_key else None
            if there is None:
                row = _new(kind, place, dict(options), owner) | {"idempotency_key": idempotency_key or None}
                connection.execute(insert(jobs).values(row | {"created": moment, "updated": moment}))
                return _need(connection, row["id"])
        if (there.kind, there.input, dict(there.options)) != (kind, place, dict(options)):
            raise ConflictError(f"idempotency key {idempotency_key!r} was used for another request: use a new key")
        return there

    def get(self, job_id: str) -> Job:
        """The job with that id.

        Raises:
            NotFoundError: there is none.
        """
        with self._database.read() as connection:
            return _need(connection, job_id)

    def all(self, *, owner: str | None = None, state: JobState | None = None, limit: int = 100) -> tuple[Job, ...]:
        """Jobs, newest first, of one owner or state where asked for."""
        rows = select(jobs).order_by(jobs.c.created.desc(), jobs.c.id).limit(limit)
        rows = rows if owner is None else rows.where(jobs.c.owner == owner)
        rows = rows if state is None else rows.where(jobs.c.state == str(state))
        with self._database.read() as connection:
            return tuple(map(_job, connection.execute(rows).mappings()))

    def claim(self, worker: str, *, lease_s: float = LEASE_S) -> Job | None:
        """The oldest job that waits, or whose worker went silent, now running under `worker`; None if there is none."""
        moment = self._database.clock()
        silent = and_(jobs.c.state == "running", type_coerce(jobs.c.lease_until, BigInteger) < to_ticks(moment))
        waiting = (
            select(jobs.c.id).where(or_(jobs.c.state == "queued", silent)).order_by(jobs.c.created, jobs.c.id).limit(1)
        )
        with self._database.write("jobs") as connection:
            job_id = connection.scalar(waiting)
            if job_id is None:
                return None
            lease = moment + timedelta(seconds=lease_s)
            self._set(
                connection, jobs.c.id == job_id, state="running", worker=worker, lease_until=lease, done=0, error=""
            )
            return _need(connection, job_id)

    def beat(self, job_id: str, worker: str, *, done: int, total: int = 0, lease_s: float = LEASE_S) -> Job:
        """Note progress and hold the lease for another `lease_s` seconds.

        Raises:
            NotFoundError: there is no such job. ConflictError: it is not this worker's any more.
        """
        lease = self._database.clock() + timedelta(seconds=lease_s)
        return self._run(job_id, worker, done=done, total=total, lease_until=lease)

    def finish(self, job_id: str, worker: str, result: str) -> Job:
        """The job, done, with the path of its result. Raises like `beat`."""
        return self._run(job_id, worker, state="done", result=result)

    def fail(self, job_id: str, worker: str, error: str) -> Job:
        """The job, failed, with one line of reason. Raises like `beat`."""
        return self._run(job_id, worker, state="failed", error=error[:_ERROR_CHARS])

    def cancel(self, job_id: str) -> Job:
        """The job, cancelled; cancelling it again changes nothing.

        Raises:
            NotFoundError: there is no such job. ConflictError: it is done or failed already.
        """
        with self._database.write("jobs") as connection:
            job = _need(connection, job_id)
            if job.state in (JobState.DONE, JobState.FAILED):
                raise ConflictError(f"job {job_id} is {job.state} already: it cannot be cancelled")
            if job.state is not JobState.CANCELLED:
                self._set(connection, jobs.c.id == job_id, state="cancelled")
            return _need(connection, job_id)

    def _run(self, job_id: str, worker: str, **values: object) -> Job:
        with self._database.write("jobs") as connection:
            job = _need(connection, job_id)
            if job.state is not JobState.RUNNING or job.worker != worker:
                by = f" under {job.worker}" if job.state is JobState.RUNNING else ""
                raise ConflictError(f"job {job_id} is {job.state}{by}, not running under {worker}: stop working on it")
            self._set(connection, jobs.c.id == job_id, **values)
            return _need(connection, job_id)

    def _set(self, connection: Connection, which: ColumnElement[bool], **values: object) -> None:
        connection.execute(update(jobs).where(which).values({"updated": self._database.clock(), **values}))


def _new(kind: str, place: str, options: dict[str, Any], owner: str) -> dict[str, Any]:
    blank = {"state": "queued", "done": 0, "total": 0, "result": "", "error": "", "worker": "", "lease_until": None}
    return {"id": uuid.uuid4().hex, "kind": kind, "input": place, "options": options, "owner": owner, **blank}


def _by_key(connection: Connection, owner: str, key: str) -> Job | None:
    row = (
        connection.execute(select(jobs).where(jobs.c.owner == owner, jobs.c.idempotency_key == key)).mappings().first()
    )
    return None if row is None else _job(row)


def _need(connection: Connection, job_id: str) -> Job:
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().first()
    if row is None:
        raise NotFoundError(f"there is no job {job_id[:80]!r}")
    return _job(row)


def _job(row: Columns) -> Job:
    values = {field.name: row[field.name] for field in fields(Job)}
    return Job(**values | {"state": JobState(row["state"]), "idempotency_key": row["idempotency_key"] or ""})
