"""The server as a process: it listens, drains on SIGTERM, says why it does not start."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx
import pytest
import trustme

from models.bundle import ModelBundle
from models.errors import BundleError
from service.api.server import listen, serve
from service.settings import load_settings
from tests.api.conftest import serving, wait_until

PROGRAM = """
import json, sys
from service.api.server import serve
from service.settings import load_settings
serve(load_settings(None, {}, json.loads(sys.argv[1])))
"""


@contextmanager
def process(**overrides: Any) -> Iterator[tuple[subprocess.Popen[str], str, list[dict[str, Any]]]]:
    """A server process, its URL and its log as it grows; it is killed with the block at the latest."""
    command = [sys.executable, "-c", PROGRAM, json.dumps({"port": 0, **overrides})]
    lines: list[dict[str, Any]] = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as server:
        reader = threading.Thread(target=lambda: [lines.append(json.loads(one)) for one in server.stderr or ()])
        reader.start()
        try:
            wait_until(lambda: any(line["message"] == "ready" for line in lines), 60)
            port = next(line["port"] for line in lines if line["message"] == "listening")
            yield server, f"http://127.0.0.1:{port}", lines
        finally:
            server.kill()
            reader.join(10)


def queued(url: str) -> int:
    """Texts in a server's queue; plain sockets, because the moment is short."""
    with urlopen(f"{url}/health", timeout=30) as answer:
        return int(json.load(answer)["queue_texts"])


def test_sigterm_drains_and_finishes_what_runs(tiny_bundle: Path) -> None:
    with process(bundle=str(tiny_bundle), batch_wait_ms=6000, drain_delay_s=6.0) as (server, url, _):
        answers: list[httpx.Response] = []
        call = threading.Thread(
            target=lambda: answers.append(httpx.post(f"{url}/v1/tag", json={"title": "leader election"}, timeout=60))
        )
        call.start()
        wait_until(lambda: queued(url) == 1)
        server.send_signal(signal.SIGTERM)
        wait_until(lambda: httpx.get(f"{url}/health/ready", timeout=60).status_code == 503)
        call.join(60)
        assert answers[0].status_code == 200
        assert server.wait(60) == 0


def test_a_missing_model_and_a_taken_port_are_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no bundle at"):
        serve(load_settings(None, {}, {"port": 0, "bundle": tmp_path / "none", "log_level": "error"}))
    with listen(load_settings(None, {}, {"port": 0})) as taken, pytest.raises(OSError, match="in use"):
        listen(load_settings(None, {}, {"port": taken.getsockname()[1]}))


def test_tls(bundle: ModelBundle, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    settings = load_settings(None, {}, {"port": 0, "tls_certificate": certificate, "tls_key": key})
    with serving(settings, bundle) as url:
        answer = httpx.get(url.replace("http:", "https:") + "/health", verify=trusting, timeout=60)
    assert answer.status_code == 200
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_client_that_leaves_takes_its_waiting_work_along(bundle: ModelBundle) -> None:
    with serving(load_settings(None, {}, {"port": 0, "batch_wait_ms": 10_000}), bundle) as url:
        host, port = url.removeprefix("http://").split(":")
        body = json.dumps({"title": "leader election"}).encode()
        with socket.create_connection((host, int(port)), timeout=30) as wire:
            head = f"POST /v1/tag HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"
            wire.sendall(head.encode() + body)
            wait_until(lambda: queued(url) == 1)
        wait_until(lambda: queued(url) == 0)
        page = httpx.get(f"{url}/metrics", timeout=60).text
    assert 'paperwire_requests_total{method="POST",route="/v1/tag",status="499"} 1.0' in page
    assert 'paperwire_batch_texts_count{work="tag"}' not in page
