"""What POST /v1/jobs is asked for: checked at once, so that a job that cannot succeed is never queued."""

from __future__ import annotations

import asyncio
import ipaddress

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from models.calibration import parse_promise
from models.errors import ConflictError, FetchError, InputError
from models.words import counted
from service.api.body import check_media_type, decode, invalid, read_body, read_query
from service.api.errors import JSON, Fault, RefusalError
from service.api.idempotency import key_of, reused
from service.api.job_answers import job_out, job_path
from service.api.job_schemas import JobIn, JobQuery
from service.api.job_uploads import Upload
from service.api.operation import Call
from service.api.tagging import check_names
from service.feeds import FORMATS
from service.fetch.addresses import refusal, target
from service.fetch.policy import FetchPolicy
from service.jobs.allowed import find_allowed
from service.jobs.folders import used_bytes
from service.jobs.order import KIND, JobOptions, Origin
from service.schemas import options_of
from service.store import Job, JobState, Store

_JOB = msgspec.json.Decoder(JobIn)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SEND_DUMP = (
    "JSON here names a dump by 'path' or 'url'; send a dump itself as another media type, JSON too: "
    "`curl --data-binary @dump -H 'Content-Type: application/octet-stream'`"
)
_BUSY_S = "60"


async def create(call: Call) -> Response:
    """A job for a dump in the body, on the server's disk, or elsewhere."""
    query, key = read_query(call, JobQuery), key_of(call)
    media_type = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type.startswith("multipart/"):
        message = (
            "send the dump itself as the body, not as a form: `curl --data-binary @dump`, or `curl -X POST -T dump`"
        )
        raise RefusalError(415, "unsupported-media-type", message)
    if media_type == JSON:
        async with asyncio.timeout(call.settings.request_timeout_s):
            job = await _of_a_name(call, query, key)
    else:
        options = _options(call, JobIn(), query, "upload")
        store = await asyncio.to_thread(_store_with_room, call, key)
        job = await Upload(call, store, options, key).job()
    call.service.foreman.look()
    body = job_out(call, job)
    headers = {"Location": job_path(call, job.id)}
    return Response(msgspec.json.encode(body), 202, headers, JSON)


async def _of_a_name(call: Call, query: JobQuery, key: str) -> Job:
    body = await _named(call)
    if (body.path is UNSET) == (body.url is UNSET):
        raise invalid(
            [Fault("", "name one input: give 'path' or 'url', or send the dump itself as another media type")]
        )
    options = _options(call, body, query, "path" if body.url is UNSET else "url")
    return await asyncio.to_thread(_queued, call, body, options, key)


async def _named(call: Call) -> JobIn:
    """What the body says, which must not be a dump: the hint goes with every error that a dump would meet."""
    raw = b""
    try:
        check_media_type(call, JSON)
        raw = await read_body(call)
        return decode(_JOB, raw)
    except RefusalError as error:
        if _names_a_dump(raw):
            raise
        faults = (Fault("", _SEND_DUMP), *error.faults)
        message = f"{error}. {_SEND_DUMP}"
        raise RefusalError(error.status, error.slug, message, faults=faults, headers=error.headers) from None


def _names_a_dump(raw: bytes) -> bool:
    """Whether a body that was refused means to name one."""
    try:
        return not {"path", "url"}.isdisjoint(_FIELDS.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _queued(call: Call, body: JobIn, options: JobOptions, key: str) -> Job:
    place = _url(call, body.url) if body.url is not UNSET else _path(call, str(body.path))
    store = _store_with_room(call, key)
    try:
        return store.jobs.create(KIND, place, options.as_json(), owner=call.caller.id, idempotency_key=key)
    except ConflictError as error:
        raise reused(error) from None


def _options(call: Call, body: JobIn, query: JobQuery, origin: Origin) -> JobOptions:
    for given in (query, body):
        check_names(given, call)
    tag = options_of(body, query, call.settings.profile)
    parse_promise(tag.promise)
    form = body.output if body.output is not UNSET else query.output
    name = body.format if body.format is not UNSET else query.format
    if name is not UNSET and name not in FORMATS:
        raise invalid([Fault("format", f"{name[:40]!r} is none of {', '.join(FORMATS)}")])
    return JobOptions(origin, tag, "jsonl" if form is UNSET else form, None if name is UNSET else name)


def _path(call: Call, given: str) -> str:
    roots = call.settings.jobs_paths
    if not roots:
        message = "this server reads no files by path: let `jobs_paths` name folders, or send the dump as the body"
        raise RefusalError(403, "paths-not-allowed", message, faults=[Fault("path", message)])
    try:
        return str(find_allowed(given, roots))
    except InputError as error:
        raise invalid([Fault("path", str(error))]) from None


def _url(call: Call, given: str) -> str:
    """The address, which may still turn out to be a private one when its name is resolved."""
    try:
        host = target(given).host
    except FetchError as error:
        raise invalid([Fault("url", str(error))]) from None
    policy = FetchPolicy(allow_networks=call.settings.fetch_networks)
    reason = refusal(host, policy) if _is_address(host) else ""
    if reason or (host.removesuffix(".") == "localhost" and not policy.allow_networks):
        message = (
            f"{host} is {reason or 'a loopback address'}: only public ones are fetched, or those in fetch_networks"
        )
        raise invalid([Fault("url", message)])
    return given.strip()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _store_with_room(call: Call, key: str) -> Store:
    """The store, once there is room for another job, or the key stands for one that is there."""
    store, settings = call.service.library.make(), call.settings
    if key and store.jobs.by_key(call.caller.id, key) is not None:
        return store
    counts = store.jobs.counts(KIND)
    if counts[JobState.QUEUED] + counts[JobState.RECEIVING] >= settings.jobs_waiting:
        waiting = counted(settings.jobs_waiting, "job waits", "jobs wait")
        message = f"{waiting} already (`jobs_waiting`): try again when some are done"
        raise RefusalError(503, "overloaded", message, headers={"Retry-After": _BUSY_S})
    if used_bytes(settings.jobs_place) >= settings.jobs_disk_bytes:
        message = "the files of jobs have no more room on this server (`jobs_disk_bytes`): remove jobs that are done"
        raise RefusalError(507, "no-room", message)
    return store
