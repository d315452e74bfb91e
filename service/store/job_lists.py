"""Jobs read: one by its id, pages of them, how many there are, which are over."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, or_, select

from models.errors import NotFoundError
from service.store.columns import from_ticks, to_ticks
from service.store.cursors import packed, unpacked
from service.store.database import Database
from service.store.records import Job, JobState
from service.store.rows import Columns
from service.store.schema import jobs

ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
"""States that a job never leaves."""


class JobPage(NamedTuple):
    """Jobs, newest first, and the cursor of the page after this one, "" at the end."""

    jobs: tuple[Job, ...]
    next: str


class JobLists:
    """Read access to jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, job_id: str) -> Job:
        """The job with that id.

        Raises:
            NotFoundError: there is none.
        """
        with self._database.read() as connection:
            return need(connection, job_id)

    def is_wanted(self, job_id: str) -> bool:
        """Whether there is such a job, and it was not cancelled."""
        wanted = select(jobs.c.id).where(jobs.c.id == job_id, jobs.c.state != str(JobState.CANCELLED))
        with self._database.read() as connection:
            return connection.scalar(wanted) is not None

    def by_key(self, owner: str, key: str) -> Job | None:
        """The job that an owner's idempotency key stands for, or None."""
        with self._database.read() as connection:
            return keyed(connection, owner, key)

    def page(
        self,
        *,
        kind: str | None = None,
        owner: str | None = None,
        state: JobState | None = None,
        limit: int = 100,
        cursor: str = "",
    ) -> JobPage:
        """A page of the jobs of one kind, owner or state where asked for.

        Raises:
            InputError: no cursor of ours.
        """
        rows = select(jobs).order_by(jobs.c.created.desc(), jobs.c.id.desc()).limit(limit + 1)
        for column, wanted in ((jobs.c.kind, kind), (jobs.c.owner, owner), (jobs.c.state, state and str(state))):
            rows = rows if wanted is None else rows.where(column == wanted)
        if cursor:
            moment, last = unpacked(cursor, _place)
            rows = rows.where(or_(jobs.c.created < moment, and_(jobs.c.created == moment, jobs.c.id < last)))
        with self._database.read() as connection:
            found = tuple(map(job_of, connection.execute(rows).mappings()))
        return JobPage(found[:limit], _cursor(found[limit - 1]) if len(found) > limit else "")

    def counts(self, kind: str) -> Mapping[JobState, int]:
        """How many jobs of a kind are in each state, zeros included."""
        rows = select(jobs.c.state, func.count()).where(jobs.c.kind == kind).group_by(jobs.c.state)
        with self._database.read() as connection:
            found: dict[str, int] = {row[0]: row[1] for row in connection.execute(rows)}
        return {state: found.get(str(state), 0) for state in JobState}

    def over(self, before: datetime, *, limit: int = 100) -> tuple[str, ...]:
        """Ids of jobs that ended before a moment, and of those whose sender went silent; oldest first."""
        ended = and_(jobs.c.state.in_(map(str, ENDED)), jobs.c.updated < before)
        lost = and_(jobs.c.state == "receiving", jobs.c.lease_until < self._database.clock())
        rows = select(jobs.c.id).where(or_(ended, lost)).order_by(jobs.c.created).limit(limit)
        with self._database.read() as connection:
            return tuple(connection.scalars(rows))

    def left(self) -> tuple[str, ...]:
        """Ids of cancelled jobs whose worker went silent before it could clear away their files."""
        left = and_(jobs.c.state == str(JobState.CANCELLED), jobs.c.lease_until < self._database.clock())
        with self._database.read() as connection:
            return tuple(connection.scalars(select(jobs.c.id).where(left)))

    def known(self, ids: Collection[str]) -> frozenset[str]:
        """Those of the ids that jobs have."""
        with self._database.read() as connection:
            return frozenset(connection.scalars(select(jobs.c.id).where(jobs.c.id.in_(list(ids)))))


def need(connection: Connection, job_id: str) -> Job:
    """The job with that id.

    Raises:
        NotFoundError: there is none.
    """
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().first()
    if row is None:
        raise NotFoundError(f"there is no job {job_id[:80]!r}")
    return job_of(row)


def keyed(connection: Connection, owner: str, key: str) -> Job | None:
    """The job that an owner's idempotency key stands for, or None; "" stands for none."""
    if not key:
        return None
    found = select(jobs).where(jobs.c.owner == owner, jobs.c.idempotency_key == key)
    row = connection.execute(found).mappings().first()
    return None if row is None else job_of(row)


def job_of(row: Columns) -> Job:
    """The job of a row."""
    values = {field.name: row[field.name] for field in fields(Job)}
    return Job(**values | {"state": JobState(row["state"]), "idempotency_key": row["idempotency_key"] or ""})


def _cursor(job: Job) -> str:
    return packed([to_ticks(job.created), job.id])


def _place(record: Any) -> tuple[datetime, str]:
    ticks, job_id = record
    moment = from_ticks(ticks)
    if not isinstance(ticks, int) or not isinstance(job_id, str) or moment is None:
        raise ValueError(record)
    return moment, job_id
