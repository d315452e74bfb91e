"""`Idempotency-Key`: what a client sends again, because no answer came, is done once.

As the IETF draft httpapi-idempotency-key-header has it: the same key with the same request gets the same
answer; with another request 422; while the first is under way 409. Keys belong to the caller, are kept
in the store as long as ended jobs, and stand for a request that succeeded: what was refused changed
nothing, and is looked at anew.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Any

import msgspec
from starlette.responses import Response

from models.errors import ConflictError
from service.api.body import invalid
from service.api.errors import JSON, Fault, RefusalError
from service.api.operation import Call, Endpoint
from service.store import JobState

HEADER = "Idempotency-Key"
KIND = "request"
"""What the store calls requests that are remembered."""
PATTERN = r'^"?[\x21\x23-\x7e]{1,200}"?$'

_KEY = re.compile(PATTERN)
_MARGIN_S = 30.0


def key_of(call: Call) -> str:
    """The key of a request, "" where it has none; quotes around it (RFC 9651) do not count.

    Raises:
        RefusalError: 422, no key.
    """
    given = call.request.headers.get(HEADER)
    if given is None:
        return ""
    if not _KEY.match(given):
        message = "send 1 to 200 printable ASCII characters without blanks, such as a UUID, in quotes or without"
        raise invalid([Fault(f"header.{HEADER}", message)])
    return given.strip('"')


def once(endpoint: Endpoint) -> Endpoint:
    """The endpoint, which does a request with a key once; for requests without a body."""

    async def run(call: Call) -> Response:
        key = key_of(call)
        return await _once(call, key, endpoint) if key else await endpoint(call)

    return run


def reused(error: ConflictError) -> RefusalError:
    """A 422: the key stands for another request."""
    return RefusalError(422, "idempotency-key-reused", str(error), faults=[Fault(f"header.{HEADER}", str(error))])


def under_way() -> RefusalError:
    """A 409: the first request with this key is not answered yet."""
    message = "the first request with this idempotency key is still under way: try again in a moment"
    return RefusalError(409, "idempotency-key-in-use", message, headers={"Retry-After": "1", "Connection": "close"})


async def _once(call: Call, key: str, endpoint: Endpoint) -> Response:
    store = await asyncio.to_thread(call.service.library.make)
    worker, request = secrets.token_hex(8), call.request
    what = f"{request.method} {request.url.path}?{request.url.query}"
    lease_s = call.settings.request_timeout_s + _MARGIN_S
    try:
        held = await asyncio.to_thread(
            lambda: store.jobs.begin(
                KIND, what, {}, worker, JobState.RUNNING, owner=call.caller.id, idempotency_key=key, lease_s=lease_s
            )
        )
    except ConflictError as error:
        raise reused(error) from None
    if held.state is JobState.DONE:
        return _again(held.result)
    if held.worker != worker:
        raise under_way()
    try:
        response = await endpoint(call)
    except BaseException:
        await asyncio.to_thread(store.jobs.remove, held.id, worker=worker)
        raise
    await asyncio.to_thread(store.jobs.finish, held.id, worker, _kept(response))
    return response


def _kept(response: Response) -> str:
    return msgspec.json.encode([response.status_code, bytes(response.body).decode()]).decode()


def _again(kept: str) -> Response:
    answer: tuple[int, str] = msgspec.json.decode(kept, type=tuple[int, str])
    return Response(answer[1], answer[0], media_type=JSON)


def parameter() -> dict[str, Any]:
    """The header as OpenAPI describes it."""
    return {
        "name": HEADER,
        "in": "header",
        "required": False,
        "description": "A key of the caller's choice, such as a UUID: what is sent again with it is done once.",
        "schema": {"type": "string", "pattern": PATTERN},
    }
