"""Sockets that reach only permitted addresses and keep to one time limit.

httpcore2 takes a network backend as an argument; this one resolves the name, judges every address
it got and dials a judged one by number. Nothing is looked up a second time, so a name that
resolves differently a moment later (DNS rebinding) cannot lead past the check. TLS still names
and verifies the host, because httpcore2 hands `start_tls` the host name of the URL.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable

import httpcore2

from models.errors import FetchError
from service.fetch.addresses import refusal
from service.fetch.policy import FetchPolicy

Resolver = Callable[[str, int], list[str]]
Clock = Callable[[], float]


def resolve(host: str, port: int) -> list[str]:
    """IP addresses of a host in the order the system prefers them, each once.

    Raises:
        OSError: the name does not resolve. How long that may take is the system resolver's affair.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class GuardedBackend(httpcore2.NetworkBackend):
    """Network backend that dials permitted addresses only, until `deadline` on `clock`."""

    def __init__(
        self,
        policy: FetchPolicy,
        deadline: float,
        *,
        clock: Clock,
        resolver: Resolver,
        dialler: httpcore2.NetworkBackend,
    ) -> None:
        self._policy = policy
        self._deadline = deadline
        self._clock = clock
        self._resolver = resolver
        self._dialler = dialler

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """A stream to the first permitted address that answers.

        Raises:
            FetchError: every address of the host is refused; names the first and the reason.
            httpcore2.ConnectError, httpcore2.ConnectTimeout: none could be reached.
        """
        problem: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in self._permitted(host, port):
            try:
                limit = _remaining(self._deadline, self._clock, timeout, httpcore2.ConnectTimeout)
                stream = self._dialler.connect_tcp(address, port, limit, local_address, socket_options)
                return DeadlineStream(stream, self._deadline, self._clock)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                problem = error
        raise problem

    def _permitted(self, host: str, port: int) -> list[str]:
        try:
            addresses = self._resolver(host, port)
        except OSError as error:
            raise httpcore2.ConnectError(f"the name {host!r} does not resolve ({error.strerror or error})") from error
        except UnicodeError as error:
            raise FetchError(f"the name {host!r} cannot be resolved ({error})") from None
        refused = {address: refusal(address, self._policy) for address in addresses}
        permitted = [address for address, reason in refused.items() if not reason]
        if refused and not permitted:
            raise FetchError(_refused(host, *next(iter(refused.items()))))
        return permitted


class DeadlineStream(httpcore2.NetworkStream):
    """A network stream whose every wait also ends at `deadline`, however slowly bytes drip in."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float, clock: Clock) -> None:
        self._stream = stream
        self._deadline = deadline
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Up to `max_bytes` bytes, b"" at the end.

        Raises:
            httpcore2.ReadTimeout: nothing came in time. httpcore2.ReadError: connection lost.
        """
        return self._stream.read(max_bytes, _remaining(self._deadline, self._clock, timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Nothing; all of `buffer` is sent.

        Raises:
            httpcore2.WriteTimeout: not taken in time. httpcore2.WriteError: connection lost.
        """
        self._stream.write(buffer, _remaining(self._deadline, self._clock, timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        """Nothing; the socket is closed."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """The stream over TLS, under the same deadline.

        Raises:
            httpcore2.ConnectError: the handshake or the certificate failed.
            httpcore2.ConnectTimeout: it took too long.
        """
        limit = _remaining(self._deadline, self._clock, timeout, httpcore2.ConnectTimeout)
        return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, limit), self._deadline, self._clock)

    def get_extra_info(self, info: str) -> object:
        """What the wrapped stream says about itself (`ssl_object`, `server_addr`, ...)."""
        return self._stream.get_extra_info(info)


def _remaining(deadline: float, clock: Clock, timeout: float | None, expired: type[Exception]) -> float:
    left = deadline - clock()
    if left <= 0:
        raise expired("the total time limit is used up")
    return left if timeout is None else min(left, timeout)


def _refused(host: str, address: str, reason: str) -> str:
    via = "" if host == address else f" ({host} resolves to it)"
    return (
        f"{address} is {reason}{via}: refused, because feeds must not reach into the local network; "
        "if you trust it, add its network to the setting fetch_networks"
    )
