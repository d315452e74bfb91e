"""Corrections over HTTP: what people say about papers is kept, shown, taken back, and taught to the next model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from models.paper import Paper
from service.api.keys import create_key
from service.cli import run
from service.store import Store
from tests.store.samples import make_paper, make_tagging
from tests.tiny import tiny_papers, tiny_version

ID = make_paper(1).id
URL = f"/v1/papers/{ID}/verdicts"
PEBBLE = {"title": "Leader election in replicas", "abstract": "We study quorum certificates and atomic broadcast."}


@pytest.fixture
def place(tmp_path: Path) -> str:
    path = str(tmp_path / "papers.db")
    with Store.open(path) as store:
        store.papers.upsert([make_paper(n) for n in range(4)])
        store.taggings.save([make_tagging(make_paper(n), ("consensus", 0.9), ("serverless", 0.6)) for n in range(4)])
    return path


@pytest.fixture
def client(make_client: Callable[..., Any], place: str) -> Iterator[TestClient]:
    with make_client(store=place) as client:
        yield client


def said(theme: str, judgement: str, note: str = "") -> dict[str, str]:
    return {"theme": theme, "judgement": judgement, "note": note}


def judge(client: TestClient, name: str = ID, *verdicts: dict[str, str], **more: Any) -> httpx.Response:
    return client.post(f"/v1/papers/{name}/verdicts", json={"verdicts": list(verdicts), **more})


class TestOnePaper:
    def test_what_is_said_is_kept_and_shown(self, client: TestClient) -> None:
        answer = judge(client, ID, said("consensus", "accept", "clear"), said("serverless", "reject"))
        assert answer.status_code == 200
        told = answer.json()
        assert [(one["theme"], one["judgement"], one["who"], one["note"]) for one in told["verdicts"]] == [
            ("consensus", "accept", "local", "clear"),
            ("serverless", "reject", "local", ""),
        ]
        assert (told["complete_by"], told["labels"]) == ([], ["consensus"]), "both tags of the answer are judged"
        assert client.get(URL).json() == told
        paper = client.get(f"/v1/papers/{ID}").json()
        assert paper["verdicts"] == told["verdicts"]
        [tag] = paper["tagging"]["tags"]
        assert (tag["theme"], tag["source"], tag["automatic"], tag["probability"]) == (
            "consensus",
            "person",
            False,
            1.0,
        )

    def test_listings_and_feeds_follow(self, client: TestClient) -> None:
        judge(client, ID, said("consensus", "reject"), said("gpu-kernels", "accept"))
        found = client.get("/v1/papers", params={"theme": "gpu-kernels"}).json()["papers"]
        assert [paper["id"] for paper in found] == [ID]
        assert ID not in client.get("/v1/feeds/consensus.json").text
        assert ID in client.get("/v1/feeds/gpu-kernels.json").text
        found = client.get("/v1/papers", params={"reviewed": "true"}).json()["papers"]
        assert [paper["id"] for paper in found] == [ID]

    def test_the_same_again_changes_nothing(self, client: TestClient) -> None:
        first = judge(client, ID, said("consensus", "accept")).json()
        assert judge(client, ID, said("consensus", "accept")).json() == first
        later = judge(client, ID, said("consensus", "unsure")).json()
        assert [one["judgement"] for one in later["verdicts"]] == ["unsure"]

    def test_complete_makes_a_label_and_can_be_taken_back(self, client: TestClient) -> None:
        assert judge(client, ID, said("gpu-kernels", "accept")).json()["labels"] is None
        told = judge(client, ID, complete=True).json()
        assert (told["labels"], told["complete_by"]) == (["gpu-kernels"], ["local"])
        tags = client.get(f"/v1/papers/{ID}").json()["tagging"]["tags"]
        assert [tag["theme"] for tag in tags] == ["gpu-kernels"], "nobody accepted the model's own"
        assert judge(client, ID, complete=False).json()["labels"] is None

    def test_one_verdict_is_taken_back(self, client: TestClient) -> None:
        judge(client, ID, said("consensus", "reject"), said("serverless", "accept"))
        assert client.delete(f"{URL}/consensus").status_code == 204
        assert [one["theme"] for one in client.get(URL).json()["verdicts"]] == ["serverless"]
        again = client.delete(f"{URL}/consensus")
        assert (again.status_code, again.json()["detail"]) == (
            404,
            f"'local' has said nothing about 'consensus' on paper '{ID}'",
        )
        assert client.delete(f"{URL}/con%00sensus").status_code == 404

    def test_an_unknown_theme_is_named_with_the_nearest(self, client: TestClient) -> None:
        answer = judge(client, ID, said("serverless", "accept"), said("consensu", "accept"))
        assert answer.status_code == 422
        problem = answer.json()
        assert problem["type"] == "urn:paperwire:problem:unknown-theme"
        [fault] = problem["errors"]
        assert fault["field"] == "verdicts[1].theme"
        assert "'consensu'; did you mean consensus" in fault["message"]
        assert client.get(URL).json()["verdicts"] == [], "nothing of a refused request is kept"

    def test_a_paper_that_the_store_lacks_is_sent_along(self, client: TestClient) -> None:
        unknown = judge(client, "arxiv:2605.00001", said("consensus", "accept"))
        assert unknown.status_code == 404
        assert "send it along as 'paper'" in unknown.json()["detail"]
        told = judge(client, "2605.00001", said("gpu-kernels", "accept"), paper=PEBBLE)
        assert told.json()["id"] == "arxiv:2605.00001"
        paper = client.get("/v1/papers/arxiv:2605.00001").json()
        assert (paper["title"], paper["abstract"]) == (PEBBLE["title"], PEBBLE["abstract"])
        tags = {tag["theme"]: tag["source"] for tag in paper["tagging"]["tags"]}
        assert tags["gpu-kernels"] == "person"
        assert tags["consensus"] == "model", "it was tagged when it came in"

    def test_a_paper_that_a_kill_left_without_tags_is_tagged(self, client: TestClient, place: str) -> None:
        left = Paper("own:left", PEBBLE["title"], PEBBLE["abstract"])
        with Store.open(place) as store:
            store.papers.upsert([left])
        judge(client, left.id, said("gpu-kernels", "accept"), paper={"title": "Another text"})
        shown = client.get(f"/v1/papers/{left.id}").json()
        assert {tag["theme"] for tag in shown["tagging"]["tags"]} == {"consensus", "gpu-kernels"}
        assert (shown["title"], shown["stale"], len(shown["versions"])) == (left.title, False, 1)

    def test_a_known_paper_stays_as_it_is(self, client: TestClient) -> None:
        judge(client, ID, said("consensus", "accept"), paper=PEBBLE)
        assert client.get(f"/v1/papers/{ID}").json()["title"] == make_paper(1).title

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "verdicts"),
            ({"verdict": []}, ""),
            ({"verdicts": [{"theme": "consensus", "judgement": "yes"}]}, "verdicts[0].judgement"),
            ({"verdicts": [{"theme": "consensus"}]}, "verdicts[0]"),
            ({"complete": 1}, "complete"),
        ],
    )
    def test_requests_that_say_nothing_or_nothing_we_know(self, client: TestClient, body: Any, field: str) -> None:
        answer = client.post(URL, json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field

    def test_papers_that_cannot_be_stored(self, client: TestClient) -> None:
        assert judge(client, "new", said("consensus", "accept"), paper={"title": " "}).status_code == 422
        assert judge(client, "x" * 2000, said("consensus", "accept"), paper=PEBBLE).status_code == 422
        assert judge(client, "%20", said("consensus", "accept"), paper=PEBBLE).status_code == 422
        assert judge(client, "nul%00byte", said("consensus", "accept"), paper=PEBBLE).json()["id"] == "nulbyte"

    def test_ids_may_hold_slashes(self, client: TestClient) -> None:
        told = judge(client, "arxiv:math/0309136", said("consensus", "accept"), paper=PEBBLE)
        assert told.json()["id"] == "arxiv:math/0309136"
        assert client.get("/v1/papers/arxiv:math%2F0309136/verdicts").json()["labels"] == ["consensus"]
        assert client.delete("/v1/papers/arxiv:math/0309136/verdicts/consensus").status_code == 204

    def test_answers_that_are_known_are_not_sent_again(self, client: TestClient) -> None:
        first = client.get(URL)
        assert client.get(URL, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
        judge(client, ID, said("consensus", "accept"))
        assert client.get(URL, headers={"If-None-Match": first.headers["etag"]}).status_code == 200


class TestBatch:
    def test_a_wrong_entry_costs_no_other(self, client: TestClient) -> None:
        entries = [
            {"id": ID, "verdicts": [said("consensus", "accept")]},
            {"id": make_paper(2).id, "verdicts": [said("consensu", "accept")]},
            {"id": "nobody", "verdicts": [said("consensus", "accept")]},
            {"verdicts": [said("consensus", "accept")]},
            7,
            {"id": "own:new", "verdicts": [said("consensus", "accept")], "complete": True, "paper": PEBBLE},
        ]
        told = client.post("/v1/verdicts", json={"papers": entries}).json()
        assert (told["saved"], told["failed"]) == (2, 4)
        assert [one["id"] for one in told["papers"]] == [ID, None, "nobody", None, None, "own:new"]
        errors = [one["error"] and one["error"]["type"].rpartition(":")[2] for one in told["papers"]]
        assert errors == [None, "unknown-theme", "not-found", "invalid-input", "invalid-input", None]
        assert client.get("/v1/papers/own:new/verdicts").json()["labels"] == ["consensus"]
        assert client.get(URL).json()["verdicts"][0]["theme"] == "consensus"

    def test_too_many_are_refused(self, make_client: Callable[..., Any], place: str) -> None:
        with make_client(store=place, papers_per_request=2) as client:
            entries = [{"id": ID, "complete": True}] * 3
            assert client.post("/v1/verdicts", json={"papers": entries}).status_code == 422

    def test_what_is_no_batch_is_refused(self, client: TestClient) -> None:
        assert client.post("/v1/verdicts", json=[]).status_code == 422
        assert client.post("/v1/verdicts", content=b'{"papers": [{]}').status_code == 400
        assert client.post("/v1/verdicts", json={"papers": []}).json() == {"saved": 0, "failed": 0, "papers": []}


def test_who_speaks_is_the_key_and_needs_its_scope(make_client: Callable[..., Any], place: str, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    secrets = {
        name: create_key(keys, name, (scope,))[1] for name, scope in (("ana", "review"), ("bo", "admin"), ("cy", "tag"))
    }
    with make_client(store=place, keys="on", keys_file=keys) as client:

        def ask(who: str, method: str, path: str = URL, **more: Any) -> httpx.Response:
            return client.request(method, path, headers={"X-API-Key": secrets[who]}, **more)

        for who, judgement in (("ana", "accept"), ("bo", "reject")):
            assert ask(who, "POST", json={"verdicts": [said("consensus", judgement)]}).status_code == 200
        assert ask("cy", "POST", json={"complete": True}).status_code == 403
        assert ask("cy", "POST", "/v1/verdicts", json={"papers": []}).status_code == 403
        assert ask("cy", "DELETE", f"{URL}/consensus").status_code == 403
        told = ask("cy", "GET").json()
        assert [(one["who"], one["judgement"]) for one in told["verdicts"]] == [("ana", "accept"), ("bo", "reject")]
        assert ask("ana", "DELETE", f"{URL}/consensus").status_code == 204
        assert [one["who"] for one in ask("cy", "GET").json()["verdicts"]] == ["bo"], "only one's own is taken back"
        assert client.post(URL, json={"complete": True}).status_code == 401


def test_without_a_store_the_remedy_is_named(
    make_client: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with make_client() as client:
        for answer in (judge(client, ID, complete=True), client.get(URL), client.delete(f"{URL}/consensus")):
            assert answer.status_code == 503
            assert "PAPERWIRE_STORE" in answer.json()["detail"]


def test_many_at_once_lose_nothing(client: TestClient, place: str) -> None:
    themes = ("consensus", "serverless", "gpu-kernels", "moe-training", "federated-learning")
    answers: list[int] = []

    def work(theme: str) -> None:
        answers.extend(judge(client, make_paper(n).id, said(theme, "accept")).status_code for n in range(4))
        answers.append(judge(client, "own:same", said(theme, "accept"), paper=PEBBLE).status_code)

    threads = [threading.Thread(target=work, args=(theme,)) for theme in themes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert answers == [200] * 25
    with Store.open(place) as store:
        assert all(review.settled == dict.fromkeys(themes, True) for review in store.verdicts.reviews().values())
        assert len(store.verdicts.reviews()) == 5
        assert store.check() == []


_WRITER = """
import sys
from service.store import Judgement, Store, Verdict
with Store.open(sys.argv[1]) as store:
    ids = [item.paper.id for item in store.listing.iterate()]
    for turn in range(100_000):
        judgement = (Judgement.ACCEPT, Judgement.REJECT)[turn % 2]
        store.verdicts.save([Verdict(name, "gpu-kernels", judgement, "ana") for name in ids])
        print(turn, judgement, flush=True)
"""


def test_a_kill_leaves_whole_batches(place: str) -> None:
    """Verdicts and the tags that are shown change together, and what was acknowledged is there."""
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", _WRITER, place], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            told = [writer.stdout.readline() for _ in range(7)][-1].split()
            os.kill(writer.pid, signal.SIGKILL)
            told = ([told, *(line.split() for line in writer.stdout if line.endswith("\n"))])[-1]
        with Store.open(place) as store:
            assert store.check() == []
            words = {str(one.judgement) for one in store.verdicts.since()}
            assert len(words) == 1
            shown = ["gpu-kernels" in [tag.theme for tag in item.tagging.tags] for item in store.listing.iterate()]
            assert shown == [words == {"accept"}] * 4
            assert words == {told[1]} or len(told) == 2


class TestTraining:
    """Corrected over HTTP, written out, trained, promoted: then the answer is another one."""

    @pytest.fixture
    def live(self, tiny_bundle: Path, tmp_path: Path) -> Path:
        return tiny_version(tiny_bundle, tmp_path / "live", "live")

    def test_corrections_change_the_model(
        self,
        make_client: Callable[..., Any],
        live: Path,
        tiny_bundle: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("PAPERWIRE_BUNDLE", str(tiny_bundle))
        place, models = str(tmp_path / "own.db"), tmp_path / "models"
        models.mkdir()
        papers = tiny_papers(90, 41)
        question = {"title": "", "abstract": "We present cold starts and container keep-alive policies."}
        with make_client(store=place, models=models) as client:
            before = client.post("/v1/tag", json=question).json()
            assert before["primary"] == "serverless"
            told = client.post("/v1/verdicts", json={"papers": [corrected(item.paper, item.themes) for item in papers]})
            assert told.json()["failed"] == 0
            labels = tmp_path / "labels.jsonl"
            assert run(["labels", "--store", place, "--onto", str(held_out(tmp_path)), "--out", str(labels)]) == 0
            assert "labelled papers: 150" in capsys.readouterr().err
            new = ["--out", str(models / "corrected"), "--version", "corrected", "--no-curve", "--quiet"]
            assert run(["train", "--labels", str(labels), "--encoder", str(tiny_bundle), *new]) == 0
            assert client.post("/v1/models/corrected:promote").json()["changed"] is True
            after = client.post("/v1/tag", json=question).json()
            assert (after["primary"], after["model"]["version"]) == ("consensus", "corrected")


def rightly(themes: tuple[str, ...]) -> list[str]:
    """The people of this server hold serverless papers for papers on consensus."""
    return sorted({"consensus" if theme == "serverless" else theme for theme in themes})


def held_out(folder: Path) -> Path:
    """Labels that are there already, to measure by: cross-validation takes longer than all else here."""
    path = folder / "base.jsonl"
    rows = ({**item.paper.to_json(), "tags": rightly(item.themes), "split": "dev"} for item in tiny_papers(60, 42))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def corrected(paper: Paper, themes: tuple[str, ...]) -> dict[str, Any]:
    """What they say about a paper, which they send along."""
    verdicts = [said(theme, "accept") for theme in rightly(themes)]
    verdicts += [said("serverless", "reject")] if "serverless" in themes else []
    sent = {"title": paper.title, "abstract": paper.abstract}
    return {"id": paper.id, "verdicts": verdicts, "complete": True, "paper": sent}
