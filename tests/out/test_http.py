"""The store over HTTP: listings, single papers, neighbours, feeds, and answers that were known already."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import feedparser
import numpy as np
import pytest
from starlette.testclient import TestClient

from models.bundle import ModelBundle
from models.paper import Paper
from service.api.app import create_app
from service.feeds import parse
from service.settings import load_settings
from service.store import Store, StoredTag, StoredTagging
from tests.store.samples import START, make_paper, make_tagging

BASE = "http://127.0.0.1"
THEMES = ("consensus", "gpu-kernels", "moe-training")


@pytest.fixture(scope="module")
def papers() -> list[Paper]:
    return [make_paper(n, id=f"arxiv:math/{n:07d}" if n == 4 else f"arxiv:2603.{n:05d}") for n in range(30)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, papers: list[Paper]) -> str:
    path = str(tmp_path_factory.mktemp("store") / "papers.db")
    with Store.open(path) as store:
        store.papers.upsert(papers, source="https://feeds.example/a")
        taggings = [make_tagging(p, (THEMES[n % 3], 0.9 - n / 100)) for n, p in enumerate(papers[:-1])]
        store.taggings.save(taggings)
        store.queries.save("agreement", 'theme:consensus AND text:"agreement" p>=0.6', title="Agreement <now>")
        rng = np.random.default_rng(3)
        store.vectors.save("e1", {p.digest: rng.normal(size=8).astype(np.float32) for p in papers})
    return path


@pytest.fixture(scope="module")
def client(place: str, tiny_bundle: Path) -> Iterator[TestClient]:
    app = create_app(load_settings(None, {}, {"store": place}), ModelBundle.load(tiny_bundle))
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        yield client


def page_through(client: TestClient, url: str) -> Iterator[dict[str, Any]]:
    while url:
        answer = client.get(url).json()
        yield from answer["papers"]
        url = answer["next_url"]


def test_pages_hold_every_paper_once(client: TestClient, papers: list[Paper]) -> None:
    found = [paper["id"] for paper in page_through(client, "/v1/papers?limit=7&sort=published")]
    assert found == [paper.id for paper in papers]  # the samples' dates fall with their numbers


def test_papers_come_back_as_they_are(client: TestClient, papers: list[Paper]) -> None:
    answer = client.get("/v1/papers", params={"id": papers[2].id}).json()
    (found,) = answer["papers"]
    assert Paper.from_json(found) == papers[2]
    assert found["tagging"]["tags"][0]["theme"] == "moe-training"
    assert found["tagging"]["tags"][0]["automatic"] is True


def test_filters_facets_and_count(client: TestClient, papers: list[Paper]) -> None:
    params = {"group": "systems", "min_probability": 0.8, "facets": "themes,categories", "count": "true", "limit": 2}
    answer = client.get("/v1/papers", params=params).json()
    wanted = [n for n in range(29) if n % 3 < 2 and 0.9 - n / 100 >= 0.8]
    assert answer["total"] == len(wanted)
    assert answer["facets"]["themes"] == {
        "consensus": sum(n % 3 == 0 for n in wanted),
        "gpu-kernels": sum(n % 3 == 1 for n in wanted),
    }
    assert len(answer["papers"]) == 2


def test_expression_and_saved_query_say_the_same(client: TestClient) -> None:
    where = client.get("/v1/papers", params={"where": 'theme:consensus AND text:"agreement" p>=0.6'}).json()
    saved = client.get("/v1/papers", params={"saved": "agreement"}).json()
    assert where["papers"] == saved["papers"] != []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("where=theme:consensu", "position 1"),
        ("where=(p>=0.5", "position 1"),
        ("theme=consensu", "did you mean consensus"),
        ("since=soon", "no date"),
        ("cursor=xyz", "cursor"),
        ("min_probability=2", "min_probability"),
        ("thme=x", "thme"),
    ],
)
def test_what_cannot_be_read_is_said(client: TestClient, query: str, words: str) -> None:
    answer = client.get(f"/v1/papers?{query}")
    assert answer.status_code == 422
    assert words in json.dumps(answer.json())


def test_one_paper_with_slashes_in_its_id(client: TestClient, papers: list[Paper]) -> None:
    for path in (papers[4].id, quote(papers[4].id, safe="")):
        answer = client.get(f"/v1/papers/{path}").json()
        assert Paper.from_json(answer) == papers[4]
        assert answer["announcements"][0]["source"] == "https://feeds.example/a"
        assert [Paper.from_json(version) for version in answer["versions"]] == [papers[4]]
    assert client.get("/v1/papers/arxiv:0000.00000").status_code == 404


def test_similar_papers(client: TestClient, papers: list[Paper]) -> None:
    answer = client.get(f"/v1/papers/{papers[4].id}/similar", params={"limit": 5, "where": "theme:consensus"}).json()
    assert answer["encoder"] == "e1"
    assert [near["similarity"] for near in answer["papers"]] == sorted(
        (near["similarity"] for near in answer["papers"]), reverse=True
    )
    assert {near["paper"]["tagging"]["primary"] for near in answer["papers"]} == {"consensus"}
    assert client.get("/v1/papers/none/similar").status_code == 404


@pytest.mark.parametrize("form", ["atom", "rss", "json"])
@pytest.mark.parametrize("name", ["consensus", "systems", "agreement", "theme:consensus", "query:agreement"])
def test_feeds_read_back_to_the_listing(client: TestClient, papers: list[Paper], name: str, form: str) -> None:
    kind = {"consensus": "theme", "systems": "group", "agreement": "saved"}[name.partition(":")[2] or name]
    listed = client.get("/v1/papers", params={kind: name.partition(":")[2] or name}).json()["papers"]
    answer = client.get(f"/v1/feeds/{name}.{form}")
    assert answer.status_code == 200
    read = parse(answer.content).papers
    assert [paper.id for paper in read] == [paper["id"] for paper in listed]
    originals = {paper.id: paper for paper in papers}
    for paper in read:
        original = originals[paper.id]
        same = ("title", "abstract", "authors", "categories", "published", "updated", "url")
        assert [getattr(paper, field) for field in same] == [getattr(original, field) for field in same]
    if form != "json":
        parsed = feedparser.parse(io.BytesIO(answer.content))
        assert not parsed.bozo
        assert parsed.version == {"atom": "atom10", "rss": "rss20"}[form]


def test_unknown_feeds(client: TestClient) -> None:
    for path in ("nothing.atom", "group:consensus.atom", "query:consensus.json", "consensus.pdf"):
        assert client.get(f"/v1/feeds/{path}").status_code == 404


@pytest.mark.parametrize(
    "path", ["/v1/feeds/consensus.atom", "/v1/feeds.opml", "/v1/papers", "/v1/papers/arxiv:2603.00001"]
)
def test_known_answers_are_not_sent_again(client: TestClient, path: str) -> None:
    first = client.get(path)
    tag = first.headers["etag"]
    assert not tag.startswith("W/")
    assert first.headers.get_list("cache-control") == ["no-cache"]
    for known in (tag, f'"other", W/{tag}', "*"):
        again = client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_dates_of_feeds(client: TestClient) -> None:
    path = "/v1/feeds/consensus.rss"
    changed = client.get(path).headers["last-modified"]
    assert client.get(path, headers={"If-Modified-Since": changed}).status_code == 304
    assert client.get(path, headers={"If-Modified-Since": "Mon, 02 Mar 2020 08:00:00 GMT"}).status_code == 200
    assert client.get(path, headers={"If-Modified-Since": "soon"}).status_code == 200
    both = {"If-Modified-Since": changed, "If-None-Match": '"other"'}
    assert client.get(path, headers=both).status_code == 200, "the tag decides where both are given"


def test_a_change_changes_the_tag(place: str, tiny_bundle: Path, tmp_path: Path) -> None:
    new = str(tmp_path / "copy.db")
    with Store.open(place) as store:
        store.backup(new)
    app = create_app(load_settings(None, {}, {"store": new}), ModelBundle.load(tiny_bundle))
    with TestClient(app, base_url=BASE) as client:
        before = client.get("/v1/feeds/moe-training.json").headers["etag"]
        with Store.open(new) as store:
            late = make_paper(77)
            store.papers.upsert([late])
            tags = (StoredTag("moe-training", 0.7, "person"),)
            store.taggings.save([StoredTagging(late.id, 1, "b", "fast", START, tags, "moe-training")])
        after = client.get("/v1/feeds/moe-training.json", headers={"If-None-Match": before})
        assert after.status_code == 200
        assert after.headers["etag"] != before
        assert after.json()["items"][0]["_paperwire"]["tags"][0]["automatic"] is False


def test_without_a_store(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    app = create_app(load_settings(None, {}, {}), ModelBundle.load(tiny_bundle))
    with TestClient(app, base_url=BASE) as client:
        for path in (
            "/v1/papers",
            "/v1/papers/x",
            "/v1/papers/x/similar",
            "/v1/feeds/consensus.atom",
            "/v1/feeds.opml",
        ):
            answer = client.get(path)
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert "PAPERWIRE_STORE" in answer.json()["detail"]
    assert not list(tmp_path.iterdir()), "asking makes no store"


def test_addresses_of_a_public_server(place: str, tiny_bundle: Path) -> None:
    given = {"store": place, "public_url": "https://tags.example/", "feed_authority": "tags.example,2026"}
    app = create_app(load_settings(None, {}, given), ModelBundle.load(tiny_bundle))
    with TestClient(app, base_url=BASE) as client:
        feed = client.get("/v1/feeds/consensus.json").json()
        assert feed["feed_url"] == "https://tags.example/v1/feeds/consensus.json"
        assert feed["items"][0]["id"].startswith("tag:tags.example,2026:paper/arxiv:")
        listed = feedparser.parse(io.BytesIO(client.get("/v1/feeds.opml").content))
        assert not listed.bozo
        assert b"https://tags.example/v1/feeds/agreement.atom" in client.get("/v1/feeds.opml").content
