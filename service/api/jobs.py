"""POST /v1/jobs: dumps to tag in the background, looked after until their results are fetched."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from models.errors import ConflictError, NotFoundError
from service.api.body import read_query
from service.api.health import reply
from service.api.job_answers import job_out, job_path
from service.api.job_examples import JOB, PATH, URL
from service.api.job_files import file_response
from service.api.job_requests import create
from service.api.job_schemas import Dump, JobOfPath, JobOfUrl, JobOut, JobQuery, JobsOut, JobsQuery, SkippedOut
from service.api.operation import Answer, Body, Call, Operation
from service.jobs.folders import JobFolder, remove_job
from service.jobs.order import KIND, JobOptions
from service.store import Job, JobState

_NDJSON, _CSV = "application/x-ndjson", "text/csv"


async def jobs(call: Call) -> Response:
    """One page of the caller's jobs; of all jobs for an admin."""
    wish = read_query(call, JobsQuery)
    return reply(await asyncio.to_thread(_page, call, wish))


async def job(call: Call) -> Response:
    """How far a job is."""
    return reply(job_out(call, await asyncio.to_thread(_found, call)))


async def result(call: Call) -> Response:
    """The answers of a job that is done."""
    found = await asyncio.to_thread(_done, call)
    form = msgspec.convert(found.options, JobOptions).output
    path = _folder(call, found).result(form)
    media_type = f"{_CSV}; charset=utf-8" if form == "csv" else _NDJSON
    return await asyncio.to_thread(file_response, call, path, media_type, f"{found.id}.{form}")


async def skipped(call: Call) -> Response:
    """What a job that is done left out."""
    found = await asyncio.to_thread(_done, call)
    path = _folder(call, found).skipped
    return await asyncio.to_thread(file_response, call, path, _NDJSON, f"{found.id}.skipped.jsonl")


async def cancel(call: Call) -> Response:
    """The job, which is not done any further."""
    return reply(job_out(call, await asyncio.to_thread(_cancelled, call)))


async def delete(call: Call) -> Response:
    """Nothing: the job and its files are gone."""
    await asyncio.to_thread(_delete, call)
    return Response(status_code=204)


def _page(call: Call, wish: JobsQuery) -> JobsOut:
    store = call.service.library.find()
    if store is None:
        return JobsOut([], None, None)
    state = JobState(wish.state) if wish.state else None
    owner = None if _is_admin(call) else call.caller.id
    page = store.jobs.page(kind=KIND, owner=owner, state=state, limit=wish.limit, cursor=wish.cursor)
    asked = {"state": wish.state or "", "limit": str(wish.limit), "cursor": page.next}
    more = f"{job_path(call, '').rstrip('/')}?{urlencode({n: v for n, v in asked.items() if v})}"
    return JobsOut([job_out(call, one) for one in page.jobs], page.next or None, more if page.next else None)


def _found(call: Call) -> Job:
    """The job that is asked for; those of others are not there, but for admins."""
    job_id, store = call.request.path_params["id"], call.service.library.find()
    found = store.jobs.get(job_id) if store is not None else None
    if found is None or found.kind != KIND or not (_is_admin(call) or found.owner == call.caller.id):
        raise NotFoundError(f"there is no job {job_id[:80]!r}")
    return found


def _done(call: Call) -> Job:
    found = _found(call)
    if found.state is not JobState.DONE:
        why = f"it failed: {found.error}" if found.state is JobState.FAILED else f"it is {found.state}"
        raise ConflictError(f"job {found.id} has no result, {why}")
    return found


def _cancelled(call: Call) -> Job:
    before = _found(call)
    after = call.service.library.make().jobs.cancel(before.id)
    if before.state is JobState.QUEUED:  # else whoever is at it clears away behind itself
        remove_job(call.settings.jobs_place, before.id)
    return after


def _delete(call: Call) -> None:
    found = _found(call)
    call.service.library.make().jobs.remove(found.id)
    remove_job(call.settings.jobs_place, found.id)


def _is_admin(call: Call) -> bool:
    return "admin" in call.caller.scopes


def _folder(call: Call, found: Job) -> JobFolder:
    return JobFolder(call.settings.jobs_place / found.id)


_SECTION = "Jobs"
_WHICH = {"id": ("Id of a job.", "")}
_FILE = "The file, or the part that `Range` asks for."
_STATE = Answer(JobOut, "The job.", examples={"running": JOB})


OPERATIONS = (
    Operation(
        "POST",
        "/v1/jobs",
        create,
        "createJob",
        _SECTION,
        "Tag a dump in the background: the body itself, or JSON that names a path or an address",
        (Answer(JobOut, "The job is queued; `Location` is where to ask for it.", 202, examples={"running": JOB}),),
        query=JobQuery,
        body=Body(
            (JobOfPath, JobOfUrl),
            examples={"path": PATH, "url": URL},
            also=(Body(Dump, "application/octet-stream"),),
        ),
        computes=True,
        streams=True,
        keyed=True,
        refusals=(403, 408, 507),
    ),
    Operation(
        "GET",
        "/v1/jobs",
        jobs,
        "jobs",
        _SECTION,
        "One's own jobs, newest first, a page at a time; an admin's are all",
        (Answer(JobsOut, "A page.", examples={"page": {"jobs": [JOB], "next": None, "next_url": None}}),),
        query=JobsQuery,
        computes=True,
    ),
    Operation(
        "POST",
        "/v1/jobs/{id}:cancel",
        cancel,
        "cancelJob",
        _SECTION,
        "Do a job no further; cancelling it again changes nothing",
        (_STATE,),
        path_values=_WHICH,
        computes=True,
        conflicts=True,
    ),
    # After the one above, whose path fits this one's too: a router tells what is allowed by the first that fits.
    Operation(
        "GET", "/v1/jobs/{id}", job, "job", _SECTION, "How far a job is", (_STATE,), path_values=_WHICH, computes=True
    ),
    Operation(
        "GET",
        "/v1/jobs/{id}/result",
        result,
        "jobResult",
        _SECTION,
        "What a job that is done answered, one line or row a paper",
        (
            Answer(str, _FILE, media_type=_NDJSON),
            Answer(str, _FILE, media_type=_CSV),
            Answer(str, "A part.", 206, _NDJSON),
            Answer(str, "A part.", 206, _CSV),
        ),
        path_values=_WHICH,
        computes=True,
        conflicts=True,
        streams=True,
        refusals=(416,),
    ),
    Operation(
        "GET",
        "/v1/jobs/{id}/skipped",
        skipped,
        "jobSkipped",
        _SECTION,
        "Entries that a job left out, and why; one JSON object a line",
        (Answer(SkippedOut, _FILE, media_type=_NDJSON), Answer(str, "A part.", 206, _NDJSON)),
        path_values=_WHICH,
        computes=True,
        conflicts=True,
        streams=True,
        refusals=(416,),
    ),
    Operation(
        "DELETE",
        "/v1/jobs/{id}",
        delete,
        "deleteJob",
        _SECTION,
        "Forget a job and remove its files, whatever its state",
        (Answer(None, "It is gone.", 204),),
        path_values=_WHICH,
        computes=True,
    ),
)
