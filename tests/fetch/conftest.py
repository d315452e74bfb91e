"""A local server that misbehaves to order, and a clock that sleeps without waiting."""

from __future__ import annotations

import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from service.fetch.client import Fetcher
from service.fetch.policy import FetchPolicy

Behaviour = Callable[[socket.socket], None]


class MisbehavingServer(socketserver.ThreadingTCPServer):
    """Answers each path with the behaviour registered for it; every connection is closed after.

    Attributes:
        heads: request heads as received, in order. sent: bytes handed to the socket by `endless`.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.tls = tls
        self.heads: list[str] = []
        self.sent = 0
        self.closing = threading.Event()
        self._behaviours: dict[str, Behaviour] = {}
        super().__init__((host, 0), _Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def on(self, path: str, behaviour: Behaviour) -> None:
        self._behaviours[path] = behaviour

    def reply(self, path: str, body: bytes = b"<rss/>", status: str = "200 OK", **headers: str) -> None:
        self.on(path, replying(body, status, **headers))

    def behave(self, head: str, connection: socket.socket) -> None:
        self.heads.append(head)
        self._behaviours[head.split(" ")[1]](connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up early are the point of these tests."""


class _Handler(socketserver.BaseRequestHandler):
    server: MisbehavingServer

    def handle(self) -> None:
        connection = self.request
        connection.settimeout(60)
        if self.server.tls:
            connection = self.server.tls.wrap_socket(connection, server_side=True)
        try:
            self.server.behave(_head(connection), connection)
        finally:
            connection.close()


def _head(connection: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received and (piece := connection.recv(4096)):
        received += piece
    return received.decode("latin-1")


def replying(body: bytes = b"<rss/>", status: str = "200 OK", **headers: str) -> Behaviour:
    """A well-formed answer; header names are written with underscores."""
    fields = {"Content-Length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return lambda connection: connection.sendall(head.encode() + b"\r\n" + body)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One behaviour a request, the last one for all further requests."""
    left = list(behaviours)
    return lambda connection: (left.pop(0) if len(left) > 1 else left[0])(connection)


def dripping(start: bytes, drop: bytes, server: MisbehavingServer, pause_s: float = 0.05) -> Behaviour:
    """`start` at once, then `drop` every `pause_s` for a minute, or until the client hangs up."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(start)
        ends = time.monotonic() + 60
        while time.monotonic() < ends and not server.closing.wait(pause_s):
            connection.sendall(drop)

    return behave


def endless(start: bytes, piece: bytes, server: MisbehavingServer, most: int = 1 << 28) -> Behaviour:
    """`start`, then `piece` over and over until the client hangs up, `most` bytes in all at most."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(start)
        while server.sent < most:
            connection.sendall(piece)
            server.sent += len(piece)

    return behave


def resetting(start: bytes) -> Behaviour:
    """`start`, then a TCP reset."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(start)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return behave


class Time:
    """A monotonic clock whose `sleep` moves it instead of waiting; `naps` lists the sleeps.

    Once it was told to `stand_still`, nothing else moves it: how long naps are no longer depends on the machine.
    """

    def __init__(self) -> None:
        self.naps: list[float] = []
        self._ahead = 0.0
        self._stopped_at: float | None = None

    def stand_still(self) -> None:
        self._stopped_at = time.monotonic()

    def clock(self) -> float:
        return (time.monotonic() if self._stopped_at is None else self._stopped_at) + self._ahead

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self._ahead += seconds


def _serving(server: MisbehavingServer) -> Iterator[MisbehavingServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    yield from _serving(MisbehavingServer())


@pytest.fixture
def server6() -> Iterator[MisbehavingServer]:
    try:
        made = MisbehavingServer("::1")
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    yield from _serving(made)


@pytest.fixture
def serving() -> Callable[[MisbehavingServer], Iterator[MisbehavingServer]]:
    """Runs a server that the test set up itself; a generator to be closed."""
    return _serving


@pytest.fixture
def time_() -> Time:
    return Time()


@pytest.fixture
def make_fetcher(time_: Time) -> Callable[..., Fetcher]:
    """Fetchers that may reach loopback only, with sleeps that take no time; tests of time limits set short ones."""

    def make(**changes: object) -> Fetcher:
        arguments = {"clock": time_.clock, "sleep": time_.sleep, "rand": lambda: 0.5}
        for name in ("gate", "now", "resolver", "dialler", "tls"):
            if name in changes:
                arguments[name] = changes.pop(name)
        defaults = {
            "allow_networks": ("127.0.0.0/8", "::1/128"),
            "timeout_s": 30.0,
            "total_timeout_s": 60.0,
            "retries": 2,
        }
        return Fetcher(FetchPolicy(**{**defaults, **changes}), **arguments)

    return make
