"""Fetching: redirects followed hop by hop, failures retried, hosts treated politely."""

from __future__ import annotations

import random
import ssl
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import httpcore2

from models.errors import FetchError
from service.fetch.addresses import Target, redacted, target
from service.fetch.body import Collect
from service.fetch.connect import Clock, GuardedBackend, Resolver, resolve
from service.fetch.exchange import Answer, exchange, request_headers
from service.fetch.gate import HostGate
from service.fetch.policy import Fetched, FetchPolicy
from service.fetch.redirects import REDIRECTS, Route
from service.fetch.retries import TRANSIENT_STATUS, Failure, pause_s, retry_after_s

_PASSING = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.RemoteProtocolError, zlib.error, EOFError)
_LONGEST_VALIDATOR = 1000
_PHASES = {
    httpcore2.ConnectTimeout: "connecting",
    httpcore2.ReadTimeout: "waiting for the answer",
    httpcore2.WriteTimeout: "sending the request",
}
_HINTS = {
    206: ": a part, though the whole was asked for",
    304: " though nothing conditional was asked",
    401: ": feeds behind a login are not supported",
    403: ": this address is not open to us",
    404: ": check the address",
    410: ": it is gone for good, remove the source",
}


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the caller wants: an address, what becomes of its body, and the validators of what it has already."""

    url: str
    etag: str
    last_modified: str
    collect: Collect

    @property
    def conditional(self) -> bool:
        return bool(self.etag or self.last_modified)


class Fetcher:
    """Fetches http(s) addresses under a `FetchPolicy`; safe to share between threads.

    Args:
        policy: limits and manners.
        gate: turns at hosts; share one between fetchers of a process. None makes one.
        clock: monotonic seconds, for the time limits. now: aware present, for Retry-After dates.
        sleep: waits that many seconds; may raise to stop. rand: uniform in [0, 1), for jitter.
        resolver: IP addresses of a host name. dialler: opens the connection to an IP address.
        tls: TLS settings; None verifies against the system's certificates.
    """

    def __init__(
        self,
        policy: FetchPolicy | None = None,
        *,
        gate: HostGate | None = None,
        clock: Clock = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], object] = time.sleep,
        rand: Callable[[], float] = random.random,
        resolver: Resolver = resolve,
        dialler: httpcore2.NetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.policy = policy or FetchPolicy()
        self._gate = gate or HostGate(self.policy.intervals, clock=clock, sleep=sleep)
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._rand = rand
        self._resolver = resolver
        self._dialler = dialler or httpcore2.SyncBackend()
        self._tls = tls or httpcore2.default_ssl_context()

    def fetch(self, url: str, *, etag: str = "", last_modified: str = "", collect: Collect = b"".join) -> Fetched:
        """What the address holds now, or `not_modified` if nothing changed since the validators.

        Args:
            url: http or https, without credentials.
            etag: as an earlier `Fetched` of this address gave it; "" fetches anew.
            last_modified: likewise.
            collect: called with the pieces of the body, anew for every try; what it returns is `Fetched.body`.

        Time limits, lost or refused connections, names that do not resolve, broken HTTP, damaged
        bodies and statuses 408, 425, 429, 500, 502, 503, 504 are tried again, `policy.retries`
        times, after `Retry-After` or a growing pause.

        Raises:
            FetchError: all tries failed, or at once: an address that is refused (see
                `FetchPolicy`), a redirect loop, too many redirects, https to http, a body above
                `max_bytes`, a certificate that does not hold, a Retry-After above the cap, or
                any other status. The message starts with the URL.
        """
        start = target(url)
        try:
            return self._persist(start, _Asked(url, etag.strip(), last_modified.strip(), collect))
        except FetchError as error:
            raise FetchError(f"{redacted(url)}: {error}") from error

    def _persist(self, start: Target, asked: _Asked) -> Fetched:
        tries = self.policy.retries + 1
        for attempt in range(1, tries):
            outcome = self._try(start, asked)
            if isinstance(outcome, Fetched):
                return outcome
            self._recover(outcome, attempt)
        outcome = self._try(start, asked)
        if isinstance(outcome, Fetched):
            return outcome
        raise FetchError(f"{outcome.reason} (tried {tries} times)" if tries > 1 else outcome.reason)

    def _recover(self, failure: Failure, failures: int) -> None:
        asked_s, cap_s = failure.retry_after_s, self.policy.retry_after_cap_s
        if asked_s is not None and asked_s > cap_s:
            raise FetchError(
                f"{failure.reason} and asks to wait {asked_s:,.0f} s, more than retry_after_cap_s ({cap_s:g} s): "
                "come back after that"
            )
        pause = pause_s(failures, asked_s, self.policy, self._rand)
        if asked_s is not None:
            self._gate.postpone(failure.host, pause)
        self._sleep(pause)

    def _try(self, start: Target, asked: _Asked) -> Fetched | Failure:
        route = Route((start,), permanent=True)
        left_s = self.policy.total_timeout_s
        while True:
            try:
                answer, left_s = self._ask(route.here, asked, left_s)
            except _PASSING as error:
                return Failure(_explained(error), route.here.host)
            if answer.status not in REDIRECTS:
                return self._outcome(route, answer, asked)
            route = route.onward(answer, self.policy)

    def _ask(self, here: Target, asked: _Asked, left_s: float) -> tuple[Answer, float]:
        """The answer of one hop, and the seconds left of this try's time limit."""
        headers = request_headers(here, self.policy, asked.etag, asked.last_modified)
        with self._gate.turn(here.host):
            began = self._clock()
            backend = GuardedBackend(
                self.policy, began + left_s, clock=self._clock, resolver=self._resolver, dialler=self._dialler
            )
            answer = exchange(here, headers, self.policy, backend, self._tls, asked.collect)
            return answer, left_s - (self._clock() - began)

    def _outcome(self, route: Route, answer: Answer, asked: _Asked) -> Fetched | Failure:
        status = answer.status
        if status in TRANSIENT_STATUS:
            wait_s = retry_after_s(answer.header("retry-after"), self._now())
            return Failure(f"the server answers {_status(status)}", route.here.host, wait_s)
        unchanged = status == 304 and asked.conditional
        if not unchanged and (status == 206 or not 200 <= status < 300):
            raise FetchError(f"the server answers {_status(status)}{_HINTS.get(status, '')}")
        return Fetched(
            url=asked.url,
            status=status,
            body=answer.body,
            etag=_validator(answer, "etag") or (asked.etag if unchanged else ""),
            last_modified=_validator(answer, "last-modified") or (asked.last_modified if unchanged else ""),
            content_type=answer.header("content-type"),
            not_modified=unchanged,
            final_url=route.here.url,
            redirected_permanently=route.permanent and len(route.places) > 1,
        )


def _validator(answer: Answer, name: str) -> str:
    # Sent back, an overlong one would have every later request refused (431).
    value = answer.header(name)
    return value if len(value) <= _LONGEST_VALIDATOR else ""


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _explained(error: Exception) -> str:
    if isinstance(error, httpcore2.RemoteProtocolError):
        return f"the server does not keep to HTTP: {error}"
    if isinstance(error, zlib.error):
        return f"the compressed body is damaged: {error}"
    if isinstance(error, httpcore2.TimeoutException):
        return f"time limit passed while {_PHASES[type(error)]}"
    return str(error) or f"the connection failed ({type(error).__name__})"
