"""One endpoint as data, and the call that it gets: everything an endpoint function may use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from models.errors import PaperwireError
from service.api.access import Caller, KeyRing, demand, identify, refuse_foreign_pages
from service.api.errors import PROBLEM, ErrorForm, GoneError, RefusalError, problem_of, too_many
from service.api.keys import Scope
from service.api.library import Library
from service.api.limits import ByteBudget, Rates
from service.api.metrics import Metrics
from service.api.switch import Switch
from service.engine import Engine
from service.jobs.foreman import Foreman
from service.settings import Settings

T = TypeVar("T")

ROUTE = "paperwire.route"
REQUEST_ID = "paperwire.request_id"
CALLER = "paperwire.caller"
"""Keys of an ASGI scope: what `edge` puts in, and what it logs afterwards."""


@dataclass(slots=True)
class Service:
    """All that one server is made of.

    Attributes:
        ring: its API keys, None where they are off. library: its paper store. switch: changes its model.
        foreman: runs its jobs.
        draining: it will end soon and is no longer ready.
    """

    settings: Settings
    engine: Engine
    ring: KeyRing | None
    rates: Rates
    budget: ByteBudget
    metrics: Metrics
    library: Library
    switch: Switch
    foreman: Foreman
    draining: bool = False

    @property
    def ready(self) -> bool:
        """Whether new work should be sent here."""
        return self.engine.ready and not self.draining


class Call:
    """One request on its way through an endpoint.

    Attributes:
        request, service, caller: as named. held: bytes of its body counted in the service's budget.
    """

    __slots__ = ("caller", "held", "request", "service")

    def __init__(self, request: Request, service: Service, caller: Caller) -> None:
        self.request, self.service, self.caller = request, service, caller
        self.held = 0

    @property
    def settings(self) -> Settings:
        """The server's settings."""
        return self.service.settings

    @property
    def engine(self) -> Engine:
        """The server's engine."""
        return self.service.engine

    def pay(self, texts: int) -> None:
        """Count texts against the caller's rate; the request itself has paid for one."""
        if texts > 1:
            self.service.rates.pay(self.caller.id, texts - 1, self.caller.rate_per_s)

    def check_count(self, texts: int, name: str) -> None:
        """Nothing where a request may hold so many texts, which are paid for.

        Raises:
            RefusalError: 422, too many.
        """
        most = self.settings.papers_per_request
        if texts > most:
            message = f"{name} holds {texts} entries, at most {most} are taken: send several requests, or use a stream"
            raise RefusalError(422, "too-many", message)
        self.pay(texts)

    async def wait_for(self, work: Awaitable[T]) -> T:
        """The result of some work, which is cancelled when the client goes away; read the body first.

        Raises:
            GoneError: the client has gone.
        """
        task = asyncio.ensure_future(work)
        watcher = asyncio.ensure_future(self._watch(task))
        try:
            return await task
        except asyncio.CancelledError:
            if watcher.done() and not watcher.cancelled():
                raise GoneError("the client has gone") from None
            task.cancel()
            raise
        finally:
            watcher.cancel()

    async def _watch(self, task: asyncio.Future[Any]) -> None:
        while (await self.request.receive())["type"] != "http.disconnect":
            pass
        task.cancel()


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries: its type or a tuple of types, media type, examples by name, and what else it may be."""

    kind: Any
    media_type: str = "application/json"
    examples: Mapping[str, Any] = field(default_factory=dict)
    also: Sequence[Body] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """One good answer: type of the body (a tuple for any of several, None for no body), what it is, examples."""

    kind: Any
    description: str
    status: int = 200
    media_type: str = "application/json"
    examples: Mapping[str, Any] = field(default_factory=dict)


Endpoint = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint.

    Attributes:
        name: the document's operationId. section: heading of the document it stands under.
        scope: what a caller needs; None for everybody, without a key and without a limit.
        query: struct of its query parameters. body: what it takes. answers: what it gives.
        computes: it asks the engine, so it may be busy. streams: it has no time limit of its own.
        path_values: for each path parameter its description and the name of its known values, "" for any.
        names_model: its body names a model, which may not be there. form: how its errors look.
        conflicts: what it is asked for may not fit the state of things (409).
        keyed: it honours `Idempotency-Key`. refusals: statuses of errors beyond those that the others bring.
    """

    method: str
    path: str
    endpoint: Endpoint
    name: str
    section: str
    summary: str
    answers: Sequence[Answer]
    scope: Scope | None = "tag"
    query: type[Any] | None = None
    body: Body | None = None
    computes: bool = False
    streams: bool = False
    names_model: bool = False
    conflicts: bool = False
    keyed: bool = False
    refusals: Sequence[int] = ()
    path_values: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    form: ErrorForm = PROBLEM


def handler(operation: Operation, service: Service) -> Callable[[Request], Awaitable[Response]]:
    """The function that a route calls: lets the caller in, runs the endpoint, words its errors."""

    async def handle(request: Request) -> Response:
        request.scope[ROUTE] = operation.path
        try:
            call = _let_in(operation, request, service)
            return await _run(operation, call)
        except GoneError:
            return Response(status_code=499)
        except PaperwireError as error:
            problem = problem_of(error)
        except TimeoutError:
            message = f"no answer within {service.settings.request_timeout_s:g} s: try again, or send fewer papers"
            problem = problem_of(RefusalError(503, "timeout", message, headers={"Retry-After": "1"}))
        service.metrics.refused(problem.slug)
        return operation.form.render(problem, request.scope[REQUEST_ID])

    return handle


def _let_in(operation: Operation, request: Request, service: Service) -> Call:
    if operation.method != "GET":  # no GET changes anything; all others are guarded, so that none can be forgotten
        refuse_foreign_pages(request.headers, service.settings.cors_origins, service.settings.public_url)
    address = request.client.host if request.client else ""
    if operation.scope is None:
        return Call(request, service, Caller(address, address, ()))
    caller = identify(request.headers, address, service.ring)
    request.scope[CALLER] = caller.name
    demand(caller, operation.scope)
    wait_s = service.rates.wait_s(caller.id, caller.rate_per_s)
    if wait_s:
        raise too_many(wait_s)
    service.rates.pay(caller.id, 1, caller.rate_per_s)
    return Call(request, service, caller)


async def _run(operation: Operation, call: Call) -> Response:
    try:
        if operation.streams:
            return await operation.endpoint(call)
        async with asyncio.timeout(call.settings.request_timeout_s):
            return await operation.endpoint(call)
    finally:
        call.service.budget.give(call.held)
