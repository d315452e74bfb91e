"""What surrounds every request: an id, safe headers, the right host, one log line, metrics.

Plain ASGI, because it is on the path of every request.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable, Sequence
from functools import lru_cache

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.errors import RefusalError, problem_json, problem_of
from service.api.operation import CALLER, REQUEST_ID, ROUTE, Service
from service.settings import Settings, is_loopback

log = logging.getLogger("paperwire.access")
errors_log = logging.getLogger("paperwire.errors")

_GOOD_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
_PORT = re.compile(r":\d{1,5}$")
_UNMATCHED = "unmatched"
_METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())
_HOSTS = 256
_IDS = random.Random()  # noqa: S311 - ids name requests and guard nothing; the system's source costs a call into it


class Edge:
    """The outermost layer of our own around an application.

    Args:
        app: what is inside. service: whose metrics and settings are used.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service
        self._headers = _safe_headers(service.settings)
        self._is_served = _host_check(service.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request, or hand anything that is no request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))  # the first of a name holds
        request_id = _request_id(headers.get(b"x-request-id", b"").decode("latin-1"))
        scope[REQUEST_ID] = request_id
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*self._added(message["headers"]), (b"x-request-id", request_id.encode())]
            await send(message)

        self._service.metrics.begin()
        try:
            await self._guarded(headers.get(b"host", b"").decode("latin-1"), scope, receive, sending)
        except Exception:  # outermost loop: whatever went wrong, the client gets an answer and the log the trace
            errors_log.exception("a request failed", extra={"request_id": request_id, "path": scope["path"]})
            if status:
                raise
            await problem_json(problem_of(RuntimeError()), request_id)(scope, receive, sending)
        finally:
            self._finish(scope, request_id, status, time.perf_counter() - started)

    def _added(self, given: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[bytes, bytes]]:
        # What an endpoint says itself, such as how long its answer may be kept, holds.
        names = {name for name, _ in given}
        return [*given, *(header for header in self._headers if header[0] not in names)]

    async def _guarded(self, host: str, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_served(host):
            await self._app(scope, receive, send)
        else:
            message = f"host {_name(host)!r} is not served here: use the server's own name, or add it to allowed_hosts"
            problem = problem_of(RefusalError(421, "wrong-host", message))
            await problem_json(problem, scope[REQUEST_ID])(scope, receive, send)

    def _finish(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        route = scope.get(ROUTE, _UNMATCHED)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._service.metrics.end(route, method, status, seconds)
        if self._service.settings.access_log and log.isEnabledFor(logging.INFO):
            line = {
                "request_id": request_id,
                "method": method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "caller": scope.get(CALLER, ""),
            }
            # As `log.info` does it, without the search for the caller's line, which costs more than all the rest.
            log.handle(log.makeRecord(log.name, logging.INFO, __file__, 0, "request", (), None, extra=line))


def _request_id(given: str) -> str:
    return given if _GOOD_ID.match(given) else f"{_IDS.getrandbits(64):016x}"


def _safe_headers(settings: Settings) -> Sequence[tuple[bytes, bytes]]:
    headers = MutableHeaders(
        {
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
    )
    if settings.tls_certificate is not None:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers.raw


def _host_check(settings: Settings) -> Callable[[str], bool]:
    """Whether a Host header names us: a web page must not reach a local server by rebinding its own name."""

    @lru_cache(_HOSTS)
    def is_served(host: str) -> bool:
        name = _name(host)
        if settings.allowed_hosts:
            return name in settings.allowed_hosts or "*" in settings.allowed_hosts
        return settings.keys_required or is_loopback(name)

    return is_served


def _name(host: str) -> str:
    return _PORT.sub("", host.lower())
