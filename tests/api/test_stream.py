"""POST /v1/tag/stream over a real socket: order, faults, liveness, back-pressure, flat memory."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from starlette.testclient import TestClient

from models.bundle import ModelBundle
from service.settings import load_settings
from tests.api.conftest import serving, wait_until

HEADERS = {"content-type": "application/x-ndjson"}


def line(number: int) -> bytes:
    text = f"We replicate logs and elect leaders for the {number}th time under changing load."
    return json.dumps({"id": str(number), "title": "Leader election in replicas", "abstract": text}).encode() + b"\n"


def stream(client: TestClient, body: bytes, query: str = "detail=ids") -> list[dict[str, Any]]:
    answer = client.post(f"/v1/tag/stream?{query}", content=body, headers=HEADERS)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(one) for one in answer.text.splitlines()]


def test_order_is_kept_over_many_windows(client: TestClient) -> None:
    answers = stream(client, b"".join(line(n) for n in range(150)))
    assert [answer["id"] for answer in answers] == [str(n) for n in range(150)]


def test_answers_are_those_of_the_other_endpoint(client: TestClient) -> None:
    [answer] = stream(client, line(7), "profile=accurate")
    assert answer == client.post("/v1/tag?profile=accurate", content=line(7)).json()


def test_a_wrong_line_costs_no_other(client: TestClient) -> None:
    wrong = [b"nonsense\n", b'{"title": 3}\n', b"\n", b'{"id": "no text"}\n', b'{"title": "\xff"}\n']
    answers = stream(client, line(0) + b"".join(wrong) + line(1).rstrip())
    assert [answer.get("line", answer.get("id")) for answer in answers] == ["0", 2, 3, 5, 6, "1"]
    errors = [answer["error"] for answer in answers if "error" in answer]
    assert [error["status"] for error in errors] == [400, 422, 422, 400]
    assert errors[1]["errors"][0]["field"] == "title"


def test_a_line_without_end_is_dropped(make_client: Any) -> None:
    with make_client(line_bytes=500) as client:
        answers = stream(client, line(0) + b"x" * 2000 + b"\n" + line(1))
        assert [answer.get("line", answer.get("id")) for answer in answers] == ["0", 2, "1"]
        assert answers[1]["error"]["status"] == 413


def test_options_and_media_type_are_checked_before_anything(client: TestClient) -> None:
    for query, headers, status in (
        ("include=no-such-theme", HEADERS, 422),
        ("top=x", HEADERS, 422),
        ("", {"content-type": "text/csv"}, 415),
    ):
        answer = client.post(f"/v1/tag/stream?{query}", content=line(0), headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


def test_nothing_in_nothing_out(client: TestClient) -> None:
    assert stream(client, b"") == []
    assert stream(client, b"\n\n") == []


def chunked(part: bytes) -> bytes:
    return f"{len(part):x}\r\n".encode() + part + b"\r\n"


@pytest.fixture
def wire(server_url: str) -> Iterator[socket.socket]:
    """A socket with the head of a chunked stream request sent."""
    parts = urlsplit(server_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as wire:
        head = f"POST /v1/tag/stream?detail=ids HTTP/1.1\r\nHost: {parts.netloc}\r\nTransfer-Encoding: chunked\r\n"
        wire.sendall(head.encode() + b"Content-Type: application/x-ndjson\r\n\r\n")
        yield wire


def test_an_answer_comes_while_the_request_is_open(wire: socket.socket) -> None:
    reader = wire.makefile("rb")
    wire.sendall(chunked(line(1)))
    seen = b""
    while b'"id":"1"' not in seen:
        seen += reader.readline()
    wire.sendall(chunked(line(2)) + b"0\r\n\r\n")
    while b'"id":"2"' not in seen:
        seen += reader.readline()
    assert seen.startswith(b"HTTP/1.1 200")


def test_a_client_that_leaves_frees_the_engine(wire: socket.socket, server_url: str) -> None:
    wire.sendall(chunked(b"".join(line(n) for n in range(400))))
    wire.close()
    wait_until(lambda: httpx.get(f"{server_url}/health", timeout=60).json()["queue_texts"] == 0)


def test_a_client_that_sends_all_before_it_reads_gets_all(bundle: ModelBundle) -> None:
    count = 3000
    settings = load_settings(None, {}, {"port": 0, "batch_texts": 256})
    with serving(settings, bundle) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
        body = (line(n) for n in range(count))
        connection.request("POST", "/v1/tag/stream?profile=fast", body, HEADERS, encode_chunked=True)
        lines = connection.getresponse().read().splitlines()
        connection.close()
    assert [json.loads(one)["id"] for one in lines] == [str(n) for n in range(count)]
    assert sum(map(len, lines)) > 1_500_000  # more than memory and sockets hold: the rest went over the disk


def test_a_client_that_stands_still_is_let_go(bundle: ModelBundle) -> None:
    with serving(load_settings(None, {}, {"port": 0, "stream_idle_s": 2.0}), bundle) as url:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port), timeout=30) as wire:
            head = f"POST /v1/tag/stream HTTP/1.1\r\nHost: {parts.netloc}\r\nTransfer-Encoding: chunked\r\n"
            wire.sendall(head.encode() + b"Content-Type: application/jsonl\r\n\r\n" + chunked(line(1)))
            received = b""
            while part := wire.recv(65536):
                received += part
        assert b'"id":"1"' in received
        assert not received.endswith(b"0\r\n\r\n")  # a broken ending, not one that looks complete


def test_memory_stays_flat(server_url: str) -> None:
    process = psutil.Process()

    def send(count: int) -> int:
        body = (b"".join(line(n) for n in range(start, start + 100)) for start in range(0, count, 100))
        url = f"{server_url}/v1/tag/stream?detail=ids&profile=fast"
        with httpx.stream("POST", url, content=body, headers=HEADERS, timeout=120) as answer:
            return sum(1 for _ in answer.iter_lines())

    assert send(1000) == 1000
    before = process.memory_info().rss
    assert send(4000) == 4000
    assert process.memory_info().rss - before < 40_000_000
