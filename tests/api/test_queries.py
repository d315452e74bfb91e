"""/v1/queries: kept, read, replaced and forgotten over HTTP; what similar papers are found by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from models.bundle import ModelBundle
from models.vectors import encoder_id, ngrams_id
from service.api.keys import create_key
from service.store import Store
from tests.store.samples import make_paper, make_tagging

PAPERS = [make_paper(number) for number in range(20)]


@pytest.fixture
def place(tmp_path: Path) -> str:
    path = str(tmp_path / "papers.db")
    with Store.open(path) as store:
        store.papers.upsert(PAPERS)
        store.taggings.save([make_tagging(paper, ("consensus", 0.9)) for paper in PAPERS[:6]])
    return path


@pytest.fixture
def client(place: str, make_client: Callable[..., Any]) -> Iterator[TestClient]:
    with make_client(store=place) as client:
        yield client


def test_a_query_is_kept_used_replaced_and_forgotten(client: TestClient, place: str) -> None:
    assert client.get("/v1/queries").json() == {"queries": []}
    saved = client.put("/v1/queries/mine", json={"expression": "theme:consensus p>=0.8", "title": "My own"}).json()
    assert (saved["name"], saved["title"], saved["papers"], saved["problem"]) == ("mine", "My own", 6, None)
    assert saved["feed_url"] == "http://127.0.0.1/v1/feeds/query:mine.atom"
    assert saved["owner"] == "local", "no address of a client where keys are off"
    assert "<subtitle>Papers that match 'theme:consensus p&gt;=0.8'. Tags" in client.get(saved["feed_url"]).text
    assert "Papers that match 'theme:consensus p&gt;=0.8'." in client.get("/v1/feeds.opml").text
    assert len(client.get("/v1/papers", params={"saved": "mine"}).json()["papers"]) == 6
    again = client.put("/v1/queries/mine", json={"expression": "theme:consensus p>=0.95"}).json()
    assert (again["title"], again["papers"], again["created"]) == ("mine", 0, saved["created"])
    (listed,) = client.get("/v1/queries", params={"count": "true"}).json()["queries"]
    assert client.get("/v1/queries/mine").json() == again == listed
    gone = client.delete("/v1/queries/mine")
    assert (gone.status_code, gone.content) == (204, b"")
    for answer in (client.get("/v1/queries/mine"), client.delete("/v1/queries/mine"), client.get(saved["feed_url"])):
        assert answer.status_code == 404
    with Store.open(place) as store:
        told = [(entry.action, entry.subject) for entry in store.audit.all()]
    assert told == [("remove query", "mine"), ("save query", "mine"), ("save query", "mine")]


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("mine", {"expression": "theme:consensu"}, "position 1"),
        ("mine", {"expression": "(a"}, "position 1"),
        ("mine", {"expression": 3}, "expression"),
        ("mine", {}, "expression"),
        ("mine", {"expression": "a", "owner": "me"}, "owner"),
        ("Not-A-Name", {"expression": "a"}, "small letters"),
        ("mine", {"expression": "a" * 2001}, "expression"),
    ],
)
def test_what_cannot_be_kept_is_refused(client: TestClient, name: str, body: dict[str, Any], words: str) -> None:
    answer = client.put(f"/v1/queries/{name}", json=body)
    assert answer.status_code == 422 and words in answer.text
    assert client.get("/v1/queries").json() == {"queries": []}


def test_a_query_of_a_theme_that_is_gone_is_listed_with_the_problem(client: TestClient, place: str) -> None:
    with Store.open(place) as store:
        store.queries.save("old", "theme:gone-theme")
    (listed,) = client.get("/v1/queries").json()["queries"]
    assert listed["papers"] is None and "gone-theme" in listed["problem"]
    assert client.delete("/v1/queries/old").status_code == 204


def test_a_list_counts_only_where_asked_to(client: TestClient, place: str) -> None:
    client.put("/v1/queries/mine", json={"expression": "theme:consensus"})
    with Store.open(place) as store:
        store.queries.save("old", "theme:gone-theme")
    told = {
        count: [(one["papers"], bool(one["problem"])) for one in client.get(f"/v1/queries{count}").json()["queries"]]
        for count in ("", "?count=false", "?count=true")
    }
    assert told[""] == told["?count=false"] == [(None, False), (None, True)]
    assert told["?count=true"] == [(6, False), (None, True)]
    for odd in ("count=maybe", "counts=true"):
        answer = client.get(f"/v1/queries?{odd}")
        assert answer.status_code == 422 and "count" in answer.text


def test_known_lists_are_not_sent_again(client: TestClient) -> None:
    client.put("/v1/queries/mine", json={"expression": "theme:consensus"})
    for path in ("/v1/queries", "/v1/queries/mine"):
        tag = client.get(path).headers["etag"]
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_readers_read_and_reviewers_write(place: str, tmp_path: Path, make_client: Callable[..., Any]) -> None:
    keys = tmp_path / "keys.json"
    heads = {
        name: {"Authorization": f"Bearer {create_key(keys, name, (name,))[1]}"} for name in ("tag", "review", "admin")
    }
    with make_client(store=place, keys="on", keys_file=keys) as client:
        body = {"expression": "theme:consensus"}
        assert client.put("/v1/queries/mine", json=body).status_code == 401
        assert client.put("/v1/queries/mine", json=body, headers=heads["tag"]).status_code == 403
        saved = client.put("/v1/queries/mine", json=body, headers=heads["review"])
        assert (saved.status_code, saved.json()["owner"]) == (200, "review")
        assert client.get("/v1/queries/mine", headers=heads["tag"]).status_code == 200
        assert client.delete("/v1/queries/mine", headers=heads["tag"]).status_code == 403
        assert client.delete("/v1/queries/mine", headers=heads["admin"]).status_code == 204


def random_vectors(count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(count)
    return {paper.digest: np.abs(rng.standard_normal(8)).astype(np.float32) for paper in PAPERS[:count]}


def test_similar_papers_are_compared_by_the_best_vectors_that_most_have(
    client: TestClient, place: str, bundle: ModelBundle
) -> None:
    path = f"/v1/papers/{PAPERS[0].id}/similar"
    lacking = client.get(path)
    assert lacking.status_code == 404 and "paperwire vectors fill" in lacking.json()["detail"]
    encoder, ngrams = encoder_id(bundle), ngrams_id(bundle)
    for name, count, expected in (
        ("older", 20, "older"),
        (ngrams, 8, "older"),
        (ngrams, 20, ngrams),
        (encoder, 12, ngrams),
        (encoder, 19, encoder),
    ):
        with Store.open(place) as store:
            store.vectors.save(name, random_vectors(count))
            told = store.vectors.counts()[expected]
        answer = client.get(path).json()
        assert (answer["encoder"], answer["compared"]) == (expected, told)
        assert PAPERS[0].id not in [near["paper"]["id"] for near in answer["papers"]] != []
    assert client.get(path, params={"encoder": "older"}).json()["encoder"] == "older"
    assert client.get(path, params={"encoder": "none"}).status_code == 404
    last = client.get(f"/v1/papers/{PAPERS[-1].id}/similar").json()
    assert last["encoder"] == ngrams, "the encoder has not read this one"


def test_a_paper_that_says_nothing_is_like_nothing(client: TestClient, place: str, bundle: ModelBundle) -> None:
    with Store.open(place) as store:
        found = random_vectors(20)
        found[PAPERS[3].digest] = np.zeros(8, np.float32)
        store.vectors.save(ngrams_id(bundle), found)
    assert client.get(f"/v1/papers/{PAPERS[3].id}/similar").json()["papers"] == []


def test_the_document_leaves_room_for_queries_among_feeds(client: TestClient) -> None:
    described = client.get("/openapi.json").json()["paths"]["/v1/feeds/{name}.{form}"]["get"]["parameters"]
    name, form = (next(one["schema"] for one in described if one["name"] == named) for named in ("name", "form"))
    assert "enum" not in name, "saved queries are feeds too"
    assert "consensus" in name["examples"]
    assert form["enum"] == ["atom", "rss", "json"]
