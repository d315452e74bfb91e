"""From exceptions to HTTP answers: one table, and one form of answer for each protocol.

Our own form is problem+json (RFC 9457) with `errors`, one entry a problem. Clients of other
services get the bodies they know, with the same words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from models.errors import (
    BundleError,
    ConflictError,
    FetchError,
    InputError,
    NotFoundError,
    PaperwireError,
    StoreError,
    ThemeError,
    UnavailableError,
)
from service.engine import OverloadedError
from service.schemas import ProblemOut

PROBLEM_TYPE = "urn:paperwire:problem:"
PROBLEM_JSON = "application/problem+json"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (`papers[3].title`, `query.top`, "" for the whole) and what."""

    field: str
    message: str


class RefusalError(PaperwireError):
    """A request that HTTP itself gives an answer for.

    Attributes:
        status: HTTP status. slug: last part of the problem's type. faults: every single problem.
        headers: to be sent with the answer.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        message: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.slug = status, slug
        self.faults, self.headers = tuple(faults), dict(headers or {})


class GoneError(PaperwireError):
    """The client has gone: nobody reads an answer."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error answer before it takes a form.

    Attributes:
        status: HTTP status. slug: name of the kind of problem. detail: what happened and what to do.
        faults: every single problem. headers: to be sent along.
    """

    status: int
    slug: str
    detail: str
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


_TABLE: tuple[tuple[type[PaperwireError], int, str], ...] = (
    (ThemeError, 422, "unknown-theme"),
    (InputError, 422, "invalid-input"),
    (NotFoundError, 404, "not-found"),
    (ConflictError, 409, "conflict"),
    (UnavailableError, 503, "unavailable"),
    (BundleError, 503, "model-unavailable"),
    (StoreError, 503, "store-unavailable"),
    (FetchError, 502, "fetch-failed"),
)


def problem_of(error: Exception) -> Problem:
    """The problem that stands for an exception; anything not deliberate is a 500 without its words."""
    if isinstance(error, RefusalError):
        return Problem(error.status, error.slug, str(error), error.faults, error.headers)
    if isinstance(error, OverloadedError):
        return Problem(503, "overloaded", str(error), headers={"Retry-After": str(error.retry_after_s)})
    for kind, status, slug in _TABLE:
        if isinstance(error, kind):
            faults = tuple(Fault("", detail) for detail in getattr(error, "details", ()))
            return Problem(status, slug, str(error), faults, {"Retry-After": "1"} if status == 503 else {})
    return Problem(500, "internal", "something went wrong on our side; the log has it under this request's id")


def too_many(retry_s: float) -> RefusalError:
    """A 429 that says when the caller may come again."""
    seconds = max(1, math.ceil(retry_s))
    message = f"this key's or address's rate is used up: try again in {seconds} s"
    return RefusalError(429, "rate-limited", message, headers={"Retry-After": str(seconds)})


@dataclass(frozen=True, slots=True)
class ErrorForm:
    """How errors of a protocol look.

    Attributes:
        render: makes the answer out of a problem and the request's id.
        media_type, schema: of its body. renumbered: statuses that are sent as others.
    """

    render: Callable[[Problem, str], Response]
    media_type: str
    schema: type[Any]
    renumbered: Mapping[int, int] = field(default_factory=dict)


class OpenAIFault(msgspec.Struct):
    """What OpenAI's clients read of an error."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(msgspec.Struct):
    """An error as OpenAI's API words it."""

    error: OpenAIFault


class TeiError(msgspec.Struct):
    """An error as text-embeddings-inference words it."""

    error: str
    error_type: Literal["Unhealthy", "Backend", "Overloaded", "Validation", "Tokenizer", "Empty"]


class KServeError(msgspec.Struct):
    """An error as KServe V2 words it."""

    error: str


def problem_json(problem: Problem, request_id: str) -> Response:
    """Our own form, RFC 9457."""
    return _response(problem, problem_body(problem, request_id), PROBLEM_JSON)


def problem_body(problem: Problem, request_id: str) -> dict[str, Any]:
    """The members of a problem+json body."""
    return {
        "type": PROBLEM_TYPE + problem.slug,
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": f"urn:paperwire:request:{request_id}",
        "errors": [{"field": fault.field, "message": fault.message} for fault in problem.faults],
    }


def annif_problem(problem: Problem, request_id: str) -> Response:
    """Annif's form: problem+json too, with 400 for anything wrong with the request."""
    return problem_json(_with_status(problem, 422, 400), request_id)


def openai_error(problem: Problem, _request_id: str) -> Response:
    """OpenAI's form: `{"error": {"message", "type", "param", "code"}}`, 400 for invalid requests."""
    status = 400 if problem.status == 422 else problem.status
    kind = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}.get(
        status, "server_error" if status >= 500 else "invalid_request_error"
    )
    param = problem.faults[0].field or None if problem.faults else None
    code = "model_not_found" if status == 404 else problem.slug.replace("-", "_")
    error = {"message": _words(problem), "type": kind, "param": param, "code": code}
    return _response(_with_status(problem, 422, 400), {"error": error}, JSON)


def tei_error(problem: Problem, _request_id: str) -> Response:
    """The form of text-embeddings-inference: `{"error", "error_type"}`, 429 when overloaded."""
    kind = {429: "Overloaded", 500: "Backend", 503: "Unhealthy"}.get(problem.status, "Validation")
    if problem.slug == "overloaded":
        problem, kind = _with_status(problem, 503, 429), "Overloaded"
    return _response(problem, {"error": _words(problem), "error_type": kind}, JSON)


def kserve_error(problem: Problem, _request_id: str) -> Response:
    """The form of KServe V2: `{"error"}`, 400 for anything wrong with the request."""
    return _response(_with_status(problem, 422, 400), {"error": _words(problem)}, JSON)


PROBLEM = ErrorForm(problem_json, PROBLEM_JSON, ProblemOut)
ANNIF = ErrorForm(annif_problem, PROBLEM_JSON, ProblemOut, {422: 400})
OPENAI = ErrorForm(openai_error, JSON, OpenAIError, {422: 400})
TEI = ErrorForm(tei_error, JSON, TeiError)
KSERVE = ErrorForm(kserve_error, JSON, KServeError, {422: 400})


def _words(problem: Problem) -> str:
    faults = "; ".join(f"{fault.field}: {fault.message}" if fault.field else fault.message for fault in problem.faults)
    return f"{problem.detail} ({faults})" if faults else problem.detail


def _with_status(problem: Problem, given: int, wanted: int) -> Problem:
    if problem.status != given:
        return problem
    return Problem(wanted, problem.slug, problem.detail, problem.faults, problem.headers)


def _response(problem: Problem, body: Mapping[str, Any], media_type: str) -> Response:
    return Response(msgspec.json.encode(body), problem.status, dict(problem.headers), media_type)
