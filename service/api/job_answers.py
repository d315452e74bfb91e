"""Jobs as the API shows them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from service.api.job_schemas import JobInputOut, JobLinks, JobOut, JobProgressOut, Phase
from service.api.operation import Call
from service.jobs.order import JobOptions, Told
from service.schemas import ModelOut
from service.store import Job, JobState
from service.store.job_lists import ENDED


def job_out(call: Call, job: Job) -> JobOut:
    """A job for the one who asks."""
    options = msgspec.convert(job.options, JobOptions)
    told = msgspec.convert(dict(job.progress), Told)
    keep = timedelta(seconds=call.settings.jobs_keep_s)
    shown: dict[str, Any] = msgspec.to_builtins(options.tag)
    return JobOut(
        id=job.id,
        state=job.state.value,
        input=JobInputOut(options.origin, job.input),
        format=options.format,
        output=options.output,
        options=shown,
        owner=job.owner,
        model=ModelOut(**told.model) if told.model else None,
        progress=_progress(job, told),
        error=job.error or None,
        created=job.created,
        updated=job.updated,
        expires=job.updated + keep if job.state in ENDED else None,
        links=_links(call, job),
    )


def job_path(call: Call, job_id: str) -> str:
    """The job's address on this server."""
    return f"{call.request.scope.get('root_path', '')}/v1/jobs/{job_id}"


def _progress(job: Job, told: Told) -> JobProgressOut:
    running = job.state is JobState.RUNNING
    idle: Phase = "ended" if job.state in ENDED else "waiting"
    return JobProgressOut(
        phase=told.phase if running else idle,
        papers=told.papers,
        skipped=told.skipped,
        duplicates=told.duplicates,
        bytes_read=told.bytes_read,
        bytes_total=told.bytes_total,
        papers_per_s=told.papers_per_s,
        eta_s=told.eta_s if running else None,
    )


def _links(call: Call, job: Job) -> JobLinks:
    here, done = job_path(call, job.id), job.state is JobState.DONE
    return JobLinks(here, f"{here}/result" if done else None, f"{here}/skipped" if done else None)
