"""Servers for tests of the API: the real application on a small real bundle, in process and on a socket."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.bundle import ModelBundle
from service.api.app import create_app
from service.api.server import listen, server_for
from service.settings import Settings, is_loopback, load_settings

BASE = "http://127.0.0.1"


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Nothing that runs in this process may connect to another machine: the service has no business there."""
    connect = socket.socket.connect

    def local(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not is_loopback(str(address[0])):
            raise PermissionError(f"a test of the service tried to connect to {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", local)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_data_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Servers without a store of their own must not find, and work through, one that the user of this machine has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session")
def bundle(tiny_bundle: Path) -> ModelBundle:
    """The small bundle, loaded once."""
    return ModelBundle.load(tiny_bundle)


@pytest.fixture(scope="session")
def make_client(bundle: ModelBundle) -> Callable[..., Any]:
    """A function that opens a client of an application with some settings, warm."""

    @contextmanager
    def open_client(**overrides: Any) -> Iterator[TestClient]:
        app = create_app(load_settings(None, {}, {"batch_wait_ms": 0, **overrides}), bundle)
        with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
            wait_until(lambda: client.get("/health/ready").status_code == 200)
            yield client

    return open_client


@pytest.fixture(scope="session")
def client(make_client: Callable[..., Any]) -> Iterator[TestClient]:
    """A client of an application with plain settings."""
    with make_client() as client:
        yield client


@contextmanager
def serving(settings: Settings, bundle: ModelBundle) -> Iterator[str]:
    """The URL of a real server in a thread, on a free loopback port; it stops with the block."""
    app = create_app(settings, bundle)
    listener = listen(settings)
    server = server_for(app, settings)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        wait_until(lambda: app.state.service.ready)
        yield f"{BASE}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()


@pytest.fixture(scope="session")
def server_url(bundle: ModelBundle) -> Iterator[str]:
    """The URL of a real server with plain settings."""
    with serving(load_settings(None, {}, {"port": 0}), bundle) as url:
        yield url


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Return once a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"the condition did not hold within {seconds} s")
        time.sleep(0.01)
