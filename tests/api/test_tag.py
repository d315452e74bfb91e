"""POST /v1/tag: what it takes, what it gives, what it says when something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.bundle import ModelBundle
from models.paper import Paper
from models.tagging import TagOptions

CONSENSUS = {
    "id": "p1",
    "title": "Quorum certificates on small clusters",
    "abstract": "We present leader election in replicas and state-machine replication for long-running workloads.",
    "categories": ["cs.DC"],
}
KERNELS = {"id": "p2", "title": "Fused attention kernels", "abstract": "Warp-level reductions and tensor-core kernels."}


def direct(bundle: ModelBundle, paper: dict[str, Any], **options: Any) -> dict[str, Any]:
    chosen = TagOptions(**options)
    one = Paper(paper["id"], paper["title"], paper["abstract"], categories=tuple(paper.get("categories", ())))
    return bundle.tag([one], chosen)[0].to_json(chosen.detail)


def test_one_paper_one_answer_the_bundle_s_own(client: TestClient, bundle: ModelBundle) -> None:
    answer = client.post("/v1/tag", json=CONSENSUS)
    assert answer.status_code == 200
    assert answer.json() == direct(bundle, CONSENSUS)
    assert answer.headers["paperwire-model"] == f"themes@{bundle.name.version}"


def test_a_list_and_an_object_of_papers_keep_order(client: TestClient, bundle: ModelBundle) -> None:
    expected = [direct(bundle, paper, profile="fast") for paper in (KERNELS, CONSENSUS, KERNELS)]
    papers = [KERNELS, CONSENSUS, KERNELS]
    assert client.post("/v1/tag?profile=fast", json=papers).json() == expected
    assert client.post("/v1/tag", json={"papers": papers, "profile": "fast"}).json() == expected
    assert client.post("/v1/tag", json=[]).json() == []


@pytest.mark.parametrize("detail", ["ids", "scores", "full"])
@pytest.mark.parametrize("profile", ["fast", "accurate", "auto"])
def test_detail_and_profile(client: TestClient, bundle: ModelBundle, detail: str, profile: str) -> None:
    answer = client.post("/v1/tag", params={"detail": detail, "profile": profile}, json=CONSENSUS).json()
    assert answer == direct(bundle, CONSENSUS, detail=detail, profile=profile)


def test_options_in_the_body_win_over_the_query(client: TestClient) -> None:
    options = {"min_probability": 0.0, "top": 2, "exclude": ["consensus"]}
    answer = client.post("/v1/tag?top=1&detail=ids&exclude=serverless", json={**CONSENSUS, **options}).json()
    assert len(answer["tags"]) == 2
    assert "consensus" not in answer["tags"]


@pytest.mark.parametrize("query", ["include=consensus&include=serverless", "include=consensus,serverless"])
def test_lists_in_the_query(client: TestClient, query: str) -> None:
    answer = client.post(f"/v1/tag?min_probability=0&detail=ids&{query}", json=KERNELS).json()
    assert set(answer["tags"]) == {"consensus", "serverless"}


def test_under_a_group(client: TestClient) -> None:
    body = {**KERNELS, "under": ["learning"], "min_probability": 0, "detail": "ids"}
    assert set(client.post("/v1/tag", json=body).json()["tags"]) == {"moe-training", "federated-learning"}


def test_texts_that_cannot_be_tagged_get_reasons_not_errors(client: TestClient) -> None:
    answers = client.post("/v1/tag", json=[{"title": ""}, {"abstract": "Short"}, CONSENSUS]).json()
    assert [answer["reasons"] for answer in answers] == [["no_text"], ["too_short"], []]
    assert [answer["id"] for answer in answers] == [None, None, "p1"]


def test_a_paper_that_is_too_large_costs_no_other(client: TestClient) -> None:
    large = {"id": "large", "title": "Logs", "abstract": "We revisit leases. " * 60_000}
    fits = {**large, "id": "fits", "abstract": large["abstract"][: (1 << 20) - 4]}
    expected = client.post("/v1/tag?profile=fast", json=[CONSENSUS, KERNELS]).json()
    answers = client.post("/v1/tag?profile=fast", json=[CONSENSUS, large, fits, KERNELS]).json()
    assert [answers[0], answers[3]] == expected
    assert (answers[1]["id"], answers[1]["reasons"], answers[1]["tags"]) == ("large", ["too_large"], [])
    assert answers[2]["reasons"] != ["too_large"]


def test_fields_of_feeds_are_ignored_and_nulls_are_absent(client: TestClient) -> None:
    paper = {**CONSENSUS, "authors": ["A. Author"], "published": "2026-01-02", "id": None, "version": 3}
    answer = client.post("/v1/tag", json=paper).json()
    assert (answer["id"], answer["version"]) == (None, 3)


def problem(client: TestClient, status: int, path: str = "/v1/tag", **request: Any) -> dict[str, Any]:
    answer = client.post(path, **request)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    return body


def test_every_wrong_paper_is_named(client: TestClient) -> None:
    body = problem(client, 422, json={"papers": [{"title": 3}, KERNELS, {"abstract": ["x"]}]})
    assert [fault["field"] for fault in body["errors"]] == ["papers[0].title", "papers[2].abstract"]
    assert "and 1 more" in body["detail"]


@pytest.mark.parametrize(
    ("request_", "field", "words"),
    [
        ({"json": {"id": "x"}}, "", "neither 'title' nor 'abstract'"),
        ({"json": [CONSENSUS, {"id": "x"}]}, "[1]", "neither 'title' nor 'abstract'"),
        ({"json": {"papers": [], "title": "x"}}, "papers", "stands beside"),
        ({"json": {**KERNELS, "top": 0}}, "top", ">= 1"),
        ({"json": {**KERNELS, "detail": "all"}}, "detail", "all"),
        ({"json": {**KERNELS, "min_probability": 2}}, "min_probability", "<= 1"),
        ({"json": {**KERNELS, "promise": "recall=7"}}, "promise", "regex"),
        ({"json": KERNELS, "params": {"topp": 1}}, "query", "unknown field `topp`"),
        ({"json": KERNELS, "params": {"top": "many"}}, "query.top", "expected"),
        ({"json": "text"}, "", "expected `object`"),
    ],
)
def test_a_fault_is_named(client: TestClient, request_: dict[str, Any], field: str, words: str) -> None:
    [fault] = problem(client, 422, **request_)["errors"]
    assert fault["field"] == field
    assert words in fault["message"]


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"[" * 200_000, ["[0]"]),
        (b'{"papers": ' + b"[" * 200_000, ["papers[0]"]),
        (b'[{"title": 5}, {"title": "\xff"}]', ["[0].title", "[1]"]),
    ],
)
def test_faults_behind_the_first_are_never_ours(client: TestClient, raw: bytes, fields: list[str]) -> None:
    assert [fault["field"] for fault in problem(client, 422, content=raw)["errors"]] == fields


def test_an_unknown_theme_comes_with_a_suggestion(client: TestClient) -> None:
    assert "did you mean consensus" in problem(client, 422, json={**KERNELS, "include": ["consensu"]})["detail"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[{",
        b'{"title": NaN}',
        b'{"title": "\xff"}',
        b'[{"title": "\xff"}]',
        b'{"a": ' + b"[" * 5000,
        b"{} {}",
    ],
)
def test_what_is_no_json(client: TestClient, raw: bytes) -> None:
    assert problem(client, 400, content=raw)["type"] == "urn:paperwire:problem:malformed"


def test_other_media_types_and_encodings_are_refused(client: TestClient) -> None:
    for headers in ({"content-type": "text/plain"}, {"content-type": "application/json", "content-encoding": "gzip"}):
        assert "send application/json" in problem(client, 415, content=b"{}", headers=headers)["detail"]


def test_limits_of_length_and_number(make_client: Callable[..., Any]) -> None:
    with make_client(body_bytes=1000, papers_per_request=3) as client:
        assert "at most 3" in problem(client, 422, json=[{"title": "x"}] * 4)["detail"]
        declared = problem(client, 413, json={"title": "x" * 1000})
        assert "longer than 1000 bytes" in declared["detail"]

        def chunks() -> Any:
            yield from [b'{"title": "' + b"x" * 600, b"x" * 600 + b'"}']

        assert problem(client, 413, content=chunks())["detail"] == declared["detail"]
        assert client.post("/v1/tag", json={"title": "x" * 900}).status_code == 200


def test_bodies_in_memory_are_bounded_and_given_back(make_client: Callable[..., Any]) -> None:
    with make_client(bodies_bytes=500) as client:
        answer = client.post("/v1/tag", json={"title": "x" * 600})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        for _ in range(5):
            assert client.post("/v1/tag", json={"title": "x" * 200}).status_code == 200


def test_a_full_queue_is_a_503_that_says_when_to_come_again(make_client: Callable[..., Any]) -> None:
    with make_client(queue_texts=2, papers_per_request=2) as client:
        engine = client.app.state.service.engine
        engine._admitted += 1  # what another caller's text does
        answer = client.post("/v1/tag", json=[KERNELS, CONSENSUS])
        engine._admitted -= 1
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["type"] == "urn:paperwire:problem:overloaded"
        assert client.post("/v1/tag", json=[KERNELS, CONSENSUS]).status_code == 200


def test_a_request_has_its_time(make_client: Callable[..., Any]) -> None:
    with make_client(request_timeout_s=0.05, batch_wait_ms=400) as client:
        body = problem(client, 503, json=KERNELS)
        assert body["type"] == "urn:paperwire:problem:timeout"
        assert client.app.state.service.engine.admitted == 0


def test_empty_entries_of_a_list_in_the_query_are_none_but_count(client: TestClient) -> None:
    for query in ("include=", "include=,consensus,", "include=consensus&include="):
        assert client.post(f"/v1/tag?{query}", json=KERNELS).status_code == 200
    assert client.post("/v1/tag?include=,consensus,&detail=ids", json=CONSENSUS).json()["tags"] == ["consensus"]
    for query in ("include=&" * 1001, "include=" + "," * 1000):
        answer = client.post(f"/v1/tag?{query}", json=KERNELS)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.include")
