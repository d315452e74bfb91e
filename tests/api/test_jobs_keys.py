"""`Idempotency-Key`: what is sent again is done once."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from models.bundle import ModelBundle
from service.api.app import create_app
from service.settings import load_settings
from tests.api.conftest import BASE, serving, wait_until
from tests.api.dumps import OCTETS, as_lines, papers, problem
from tests.tiny import tiny_version

DUMP = as_lines(papers(5))


@pytest.fixture
def client(bundle: ModelBundle, tiny_bundle: Path, tmp_path: Path) -> Iterator[TestClient]:
    """A client of an application whose jobs wait, and which has two models to promote."""
    for version in ("2", "3"):
        tiny_version(tiny_bundle, tmp_path / "models" / version, version)
    options = {
        "store": str(tmp_path / "papers.db"),
        "models": tmp_path / "models",
        "jobs_paths": (str(tmp_path / "dumps"),),
    }
    (tmp_path / "dumps").mkdir()
    (tmp_path / "dumps" / "dump.jsonl").write_bytes(DUMP)
    app = create_app(load_settings(None, {}, {"batch_wait_ms": 0, "jobs_at_once": 0, **options}), bundle)
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        yield client


def upload(client: TestClient | httpx.Client, dump: bytes, key: str, **query: Any) -> httpx.Response:
    headers = {"idempotency-key": key, **OCTETS}
    return client.post("/v1/jobs", content=dump, params=query, headers=headers)


def test_an_upload_with_a_key_is_one_job(client: TestClient) -> None:
    first = upload(client, DUMP, "k1")
    again = upload(client, DUMP, '"k1"')
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]
    assert problem(upload(client, DUMP + b"\n", "k1")) == (422, "idempotency-key-reused")
    assert problem(upload(client, DUMP, "k1", top=3)) == (422, "idempotency-key-reused")
    assert problem(client.post("/v1/jobs", json={"path": "dump.jsonl"}, headers={"idempotency-key": "k1"}))[0] == 422
    assert upload(client, DUMP, "k2").json()["id"] != first.json()["id"]
    assert len(client.get("/v1/jobs").json()["jobs"]) == 2


def test_a_named_dump_with_a_key_is_one_job(client: TestClient) -> None:
    def send(key: str, **wish: Any) -> httpx.Response:
        return client.post("/v1/jobs", json={"path": "dump.jsonl", **wish}, headers={"idempotency-key": key})

    assert send("k1").json()["id"] == send("k1").json()["id"]
    assert problem(send("k1", top=1)) == (422, "idempotency-key-reused")
    assert problem(upload(client, DUMP, "k1")) == (422, "idempotency-key-reused")
    assert len(client.get("/v1/jobs").json()["jobs"]) == 1


def test_what_was_refused_is_looked_at_anew(client: TestClient) -> None:
    assert upload(client, b"no feed at all", "k1").status_code == 422
    assert upload(client, DUMP, "k1").status_code == 202


@pytest.mark.parametrize("key", ["", " ", "two words", "x" * 300, '""', "naïve"])
def test_what_is_no_key_is_refused(client: TestClient, key: str) -> None:
    answer = client.post(
        "/v1/jobs", content=DUMP, headers=[(b"idempotency-key", key.encode("latin-1")), (b"content-type", b"a/b")]
    )
    assert problem(answer) == (422, "invalid-input")
    assert answer.json()["errors"][0]["field"] == "header.Idempotency-Key"


def test_a_promotion_with_a_key_is_answered_once(client: TestClient) -> None:
    def change(what: str, key: str) -> httpx.Response:
        return client.post(f"/v1/models/{what}", headers={"idempotency-key": key})

    first = change("2:promote", "p1")
    assert first.json()["changed"] is True
    assert change("2:promote", "p1").json() == first.json(), "and not that nothing has changed"
    assert problem(change("3:promote", "p1")) == (422, "idempotency-key-reused")
    assert problem(upload(client, DUMP, "p1")) == (422, "idempotency-key-reused")
    back = change("2:rollback", "p2")
    assert back.json()["live"]["version"] == "1"
    assert change("2:rollback", "p2").json() == back.json(), "and not that 2 is not live"
    assert problem(change("9:promote", "p3")) == (404, "not-found")
    assert change("3:promote", "p3").status_code == 200, "what was refused has changed nothing"
    assert len(client.get("/v1/models/history").json()["releases"]) == 3
    assert client.get("/v1/jobs").json()["jobs"] == [], "requests that are remembered are no jobs"


def test_while_the_first_is_under_way(bundle: ModelBundle, tmp_path: Path) -> None:
    settings = load_settings(None, {}, {"port": 0, "store": str(tmp_path / "papers.db"), "jobs_at_once": 0})
    with serving(settings, bundle) as url, httpx.Client(base_url=url, timeout=60) as client:
        head = f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nIdempotency-Key: k\r\nContent-Length: {len(DUMP)}\r\n\r\n"
        with socket.create_connection((client.base_url.host, client.base_url.port), timeout=60) as connection:
            connection.sendall(head.encode() + DUMP[:100])
            wait_until(lambda: [one["state"] for one in client.get("/v1/jobs").json()["jobs"]] == ["receiving"])
            waiting = upload(client, DUMP, "k")
            assert problem(waiting) == (409, "idempotency-key-in-use")
            assert waiting.headers["retry-after"] == "1"
            connection.sendall(DUMP[100:])
            assert connection.recv(100).startswith(b"HTTP/1.1 202")
        assert upload(client, DUMP, "k").status_code == 202
        assert len(client.get("/v1/jobs").json()["jobs"]) == 1
