"""What surrounds every request: ids, headers, hosts, CORS, logs, metrics, and errors nobody expected."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.tagging import TagOptions
from service.api.logs import set_up_logs
from service.settings import load_settings

PAPER = {"title": "Leader election in replicas", "abstract": "We study quorum certificates under changing load."}


def test_request_ids_come_back_and_are_made_where_they_are_not_good(client: TestClient) -> None:
    assert client.get("/health", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"
    for bad in ("", "x" * 65, "a b", 'x"}'):
        assert len(client.get("/health", headers={"X-Request-Id": bad}).headers["x-request-id"]) == 16


def test_safe_headers_on_every_answer(client: TestClient) -> None:
    for path in ("/health", "/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_unknown_paths_and_methods_are_problems(client: TestClient) -> None:
    missing, wrong = client.get("/nothing"), client.delete("/v1/tag")
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:paperwire:problem:no-such-endpoint")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert client.get("/v1/tag/").status_code == 404


def test_a_foreign_host_is_not_served_on_loopback(client: TestClient, make_client: Callable[..., Any]) -> None:
    answer = client.get("/health", headers={"Host": "attacker.example"})
    assert (answer.status_code, answer.json()["type"]) == (421, "urn:paperwire:problem:wrong-host")
    for host in ("localhost:8000", "127.0.0.1", "[::1]:80"):
        assert client.get("/health", headers={"Host": host}).status_code == 200
    with make_client(allowed_hosts=("127.0.0.1", "papers.example")) as other:
        assert other.get("/health", headers={"Host": "papers.example"}).status_code == 200
        assert other.get("/health", headers={"Host": "localhost"}).status_code == 421


def test_cors_is_off_until_origins_are_named(client: TestClient, make_client: Callable[..., Any]) -> None:
    origin = {"Origin": "https://example.org"}
    assert "access-control-allow-origin" not in client.get("/health", headers=origin).headers
    with make_client(cors_origins=("https://example.org",)) as open_client:
        assert open_client.get("/health", headers=origin).headers["access-control-allow-origin"] == origin["Origin"]
        other = open_client.get("/health", headers={"Origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers


def test_metrics_count_and_labels_stay_few(make_client: Callable[..., Any]) -> None:
    with make_client() as client:
        client.post("/v1/tag?profile=fast", json=[PAPER, {"title": ""}])
        for n in range(20):
            client.get(f"/nothing/{n}")
        client.request("BREW", "/health")
        page = client.get("/metrics").text
    assert 'paperwire_tags_total{theme="consensus"} 1.0' in page
    assert 'paperwire_abstentions_total{reason="no_text"} 1.0' in page
    assert 'paperwire_papers_total{profile="fast"} 2.0' in page
    assert 'paperwire_requests_total{method="GET",route="unmatched",status="404"} 20.0' in page
    assert 'paperwire_model{name="themes",sha256=' in page
    assert "paperwire_ready 1.0" in page
    assert "/nothing/" not in page
    assert "BREW" not in page


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level, stream = root.handlers[:], root.level, io.StringIO()
    set_up_logs(load_settings(None, {}), stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def test_log_lines_are_json_with_ids_and_without_text(client: TestClient, log_lines: io.StringIO) -> None:
    client.post("/v1/tag", json=PAPER, headers={"X-Request-Id": "seen"})
    client.post("/v1/tag", json={"title": "quorum secrets", "top": 0})
    records = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    requests = [record for record in records if record["logger"] == "paperwire.access"]
    assert requests[0]["request_id"] == "seen"
    assert (requests[0]["route"], requests[0]["status"], requests[1]["status"]) == ("/v1/tag", 200, 422)
    assert "quorum" not in log_lines.getvalue()
    assert "Leader" not in log_lines.getvalue()


def test_what_nobody_expected_is_a_500_without_details(client: TestClient, log_lines: io.StringIO) -> None:
    engine = client.app.state.service.engine  # type: ignore[attr-defined]
    whole, engine._bundle = engine._bundle, None
    try:
        answer = client.post("/v1/tag", json=PAPER)
    finally:
        engine._bundle = whole
    assert answer.status_code == 500
    assert "AttributeError" not in answer.text
    assert answer.json()["instance"].removeprefix("urn:paperwire:request:") == answer.headers["x-request-id"]
    assert "AttributeError" in log_lines.getvalue()


def test_ready_only_when_warm_and_not_draining(make_client: Callable[..., Any]) -> None:
    with make_client() as client:
        service = client.app.state.service
        service.draining = True
        assert client.get("/health/ready").status_code == 503
        assert client.get("/v2/health/ready").status_code == 503
        assert client.get("/health/live").status_code == 200
        assert client.post("/v1/tag", json=PAPER).status_code == 200


def test_a_swap_shows_in_answers_and_everywhere(make_client: Callable[..., Any], bundle: Any) -> None:
    other = type(bundle)(bundle.directory, {**bundle.manifest, "version": "next"}, "e" * 64)
    with make_client() as client:
        service = client.app.state.service
        service.engine.warm(other)
        service.engine.swap(other)
        answer = client.post("/v1/tag", json=PAPER)
        assert (answer.json()["model"]["version"], answer.headers["paperwire-model"]) == ("next", "themes@next")
        assert client.get("/v1/model").json()["version"] == "next"
        assert 'version="next"' in client.get("/metrics").text
        assert answer.json()["tags"] == [tag.to_json("scores") for tag in _tags(other)]


def _tags(bundle: Any) -> Any:
    from models.paper import Paper

    return bundle.tag([Paper("", PAPER["title"], PAPER["abstract"])], TagOptions())[0].tags


def test_themes_and_model(client: TestClient, bundle: Any) -> None:
    themes = client.get("/v1/themes").json()
    assert [theme["id"] for theme in themes["themes"]] == list(bundle.taxonomy.ids)
    assert themes["taxonomy"] == bundle.taxonomy.fingerprint
    model = client.get("/v1/model").json()
    assert model["sha256"] == bundle.name.sha256
    assert "files" not in model
