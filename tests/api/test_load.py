"""The load generator counts what a real server answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from models.bundle import ModelBundle
from models.errors import InputError
from training.load import Load, main, read_papers, run_load, tag_bodies


def test_every_request_is_answered_by_the_live_model(server_url: str, bundle: ModelBundle) -> None:
    bodies = tag_bodies(read_papers(None))
    report = run_load(Load(server_url, "/v1/tag?profile=fast", bodies, clients=4, seconds=0.5))
    assert report.errors == {}
    assert report.models == {f"themes@{bundle.name.version}": report.requests}
    assert report.requests > 0
    assert report.p50_ms <= report.p99_ms <= report.max_ms


def test_errors_are_counted_by_status(server_url: str) -> None:
    report = run_load(Load(server_url, "/v1/tag", [b"{}"], clients=2, seconds=0.2))
    assert (report.requests, set(report.errors)) == (0, {"422"})


@contextmanager
def _listening(answer: bytes) -> Iterator[str]:
    """A server that says one thing to everybody who sends something, or nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    held.append(connection)
                    connection.recv(65536)
                    connection.sendall(answer)

        held: list[socket.socket] = []
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for connection in held:
            connection.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", "TimeoutError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "TimeoutError"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "ConnectionError"),
    ],
)
def test_a_server_that_does_not_answer_whole_stops_its_client(answer: bytes, error: str) -> None:
    with _listening(answer) as url:
        report = run_load(Load(url, "/", [b"{}"], clients=1, seconds=5, patience_s=0.3))
    assert (report.requests, report.errors) == (0, {error: 1})


def test_only_loopback_and_only_with_papers(tmp_path: Path) -> None:
    for url in ("http://192.0.2.1:80", "http://example.org"):
        with pytest.raises(InputError, match="loopback addresses only"):
            run_load(Load(url, "/v1/tag", [b"{}"]))
    with pytest.raises(InputError, match="no papers"):
        run_load(Load("http://127.0.0.1:1", "/v1/tag", []))
    with pytest.raises(InputError, match="cannot read papers"):
        read_papers(tmp_path / "none.jsonl")


def test_the_command_reports_json(server_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([server_url, "--seconds", "0.2", "--clients", "2", "--size", "3", "--profile", "fast"]) == 0
    assert '"requests_per_s"' in capsys.readouterr().out
