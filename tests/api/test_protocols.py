"""Protocols without a small client on PyPI: text-embeddings-inference, KServe V2, Label Studio's ML backend."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from models.bundle import ModelBundle
from models.paper import Paper
from models.tagging import TagOptions
from service.store import Store
from service.store.reviews import OTHERS
from tests.tiny import tiny_taxonomy

TEXT = "Quorum certificates and leader election in replicas for state-machine replication."
OTHER = "Fused attention kernels with warp-level reductions."
CHOICES = """<View><Text name="paper" value="$summary"/>
<Choices name="theme" toName="paper" choice="multiple"><Choice value="Agreement" alias="consensus"/>
<Choice value="gpu-kernels"/></Choices></View>"""
TAXONOMY = """<View><Text name="paper" value="$summary"/><Taxonomy name="theme" toName="paper">
<Choice value="Systems"><Choice value="Consensus"/></Choice></Taxonomy></View>"""


class TestTei:
    def test_one_text_many_texts_and_pairs(self, client: TestClient, bundle: ModelBundle) -> None:
        one = client.post("/predict", json={"inputs": TEXT}).json()
        many = client.post("/predict", json={"inputs": [[TEXT], ["Fused kernels", OTHER]]}).json()
        assert one == many[0]
        assert [answer[0]["label"] for answer in many] == ["consensus", "gpu-kernels"]
        assert len(one) == len(bundle.taxonomy)
        assert [p["score"] for p in one] == sorted((p["score"] for p in one), reverse=True)

    def test_raw_scores_are_logits(self, client: TestClient) -> None:
        plain = client.post("/predict", json={"inputs": TEXT}).json()[-1]
        raw = client.post("/predict", json={"inputs": TEXT, "raw_scores": True}).json()[-1]
        assert 1 / (1 + np.exp(-raw["score"])) == pytest.approx(plain["score"], abs=1e-4)

    def test_embed_is_the_encoder(self, client: TestClient, bundle: ModelBundle) -> None:
        found = client.post("/embed", json={"inputs": [TEXT, OTHER]}).json()
        assert np.allclose(found, bundle.dense.encoder.encode([TEXT, OTHER]).vectors, atol=1e-6)
        assert client.post("/embed", json={"inputs": TEXT}).json() == [found[0]]

    def test_truncation_is_an_error_where_it_is_forbidden(self, client: TestClient) -> None:
        long = {"inputs": TEXT * 50}
        assert client.post("/embed", json=long).status_code == 200
        answer = client.post("/embed", json={**long, "truncate": False})
        assert (answer.status_code, answer.json()["error_type"]) == (413, "Validation")

    def test_errors_have_their_form(self, client: TestClient) -> None:
        for body in ({"inputs": []}, {"inputs": 3}, {"inputs": TEXT, "tasks": []}, {}, {"inputs": [TEXT] * 3}):
            answer = client.post("/predict", json=body)
            assert answer.status_code == 422
            assert set(answer.json()) == {"error", "error_type"}

    def test_overload_is_a_429(self, make_client: Callable[..., Any]) -> None:
        with make_client(queue_texts=1, papers_per_request=1) as client:
            client.app.state.service.engine._admitted += 1
            answer = client.post("/predict", json={"inputs": TEXT})
            client.app.state.service.engine._admitted -= 1
        assert (answer.status_code, answer.json()["error_type"]) == (429, "Overloaded")
        assert "retry-after" in answer.headers

    def test_info(self, client: TestClient, bundle: ModelBundle) -> None:
        info = client.get("/info").json()
        assert info["model_sha"] == bundle.name.sha256
        assert info["model_type"]["classifier"]["label2id"]["consensus"] == bundle.taxonomy.column("consensus")


def tensor(name: str, *texts: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "shape": [len(texts)], "datatype": "BYTES", "data": list(texts), **changes}


class TestKServe:
    INFER = "/v2/models/themes/infer"

    def test_health_and_metadata(self, client: TestClient, bundle: ModelBundle) -> None:
        assert client.get("/v2/health/live").json() == {"live": True}
        assert client.get("/v2/models/themes/ready").json() == {"ready": True, "name": "themes"}
        metadata = client.get(f"/v2/models/themes/versions/{bundle.name.version}").json()
        assert metadata == client.get("/v2/models/themes").json()
        assert metadata["outputs"][0]["parameters"]["labels"] == list(bundle.taxonomy.ids)
        assert client.get("/v2").json()["name"] == "paperwire"

    def test_both_outputs(self, client: TestClient, bundle: ModelBundle) -> None:
        request = {"id": "7", "inputs": [tensor("text", TEXT, OTHER)], "parameters": {"profile": "fast", "more": 1}}
        answer = client.post(self.INFER, json=request).json()
        probabilities, tagging = answer["outputs"]
        rows = np.array(probabilities["data"]).reshape(probabilities["shape"])
        assert [bundle.taxonomy.ids[column] for column in rows.argmax(axis=1)] == ["consensus", "gpu-kernels"]
        direct = bundle.tag([Paper("", abstract=TEXT)], TagOptions("fast"))[0]
        assert json.loads(tagging["data"][0])["tags"] == [tag.to_json("scores") for tag in direct.tags]
        assert (answer["id"], answer["model_version"]) == ("7", bundle.name.version)

    def test_titles_with_abstracts_and_nested_data(self, client: TestClient) -> None:
        wanted = {"outputs": [{"name": "tagging"}]}
        pair = [tensor("title", "A study"), tensor("abstract", TEXT)]
        nested = [tensor("text", TEXT, data=[[TEXT]], shape=[1, 1])]
        for inputs in (pair, nested):
            [output] = client.post(self.INFER, json={"inputs": inputs, **wanted}).json()["outputs"]
            assert json.loads(output["data"][0])["primary"] == "consensus"

    @pytest.mark.parametrize(
        "inputs",
        [
            [],
            [tensor("text", TEXT, shape=[2])],
            [tensor("text", TEXT, datatype="FP32")],
            [tensor("text", TEXT), tensor("title", TEXT)],
            [tensor("title", TEXT), tensor("abstract", TEXT, OTHER)],
            [tensor("text", TEXT, data=[3])],
            [tensor("words", TEXT)],
        ],
    )
    def test_wrong_tensors_are_400(self, client: TestClient, inputs: list[Any]) -> None:
        answer = client.post(self.INFER, json={"inputs": inputs})
        assert answer.status_code == 400
        assert set(answer.json()) == {"error"}

    def test_unknown_models_and_versions_are_404(self, client: TestClient) -> None:
        for path in ("/v2/models/other", "/v2/models/themes/versions/0/ready", "/v2/models/other/ready"):
            assert client.get(path).status_code == 404


class TestLabelStudio:
    def predict(self, client: TestClient, config: str | None, *texts: str) -> dict[str, Any]:
        tasks = [{"id": n, "data": {"summary": text}} for n, text in enumerate(texts)]
        body = {"tasks": tasks, "label_config": config, "project": "1.2", "params": {"context": None}}
        answer = client.post("/predict", json=body)
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    def test_choices_get_the_configuration_s_own_names(self, client: TestClient, bundle: ModelBundle) -> None:
        found = self.predict(client, CHOICES, TEXT, OTHER, "")
        regions = [one["result"] for one in found["results"]]
        assert [region[0]["value"]["choices"] for region in regions[:2]] == [["Agreement"], ["gpu-kernels"]]
        [region] = regions[0]
        assert (region["from_name"], region["to_name"], region["type"]) == ("theme", "paper", "choices")
        assert (regions[2], found["results"][2]["score"]) == ([], 0.0)
        assert found["model_version"] == f"themes@{bundle.name.version}"

    def test_taxonomy_gets_paths_and_nothing_that_is_not_offered(self, client: TestClient) -> None:
        found = self.predict(client, TAXONOMY, TEXT, OTHER)["results"]
        assert found[0]["result"][0]["value"] == {"taxonomy": [["Systems", "Consensus"]]}
        assert found[1]["result"] == []

    def test_without_configuration(self, client: TestClient) -> None:
        [one] = self.predict(client, None, TEXT)["results"]
        assert one["result"][0]["value"] == {"choices": ["Consensus"]}

    def test_title_and_abstract_fields_are_used(self, client: TestClient) -> None:
        task = {"data": {"title": "A study", "abstract": TEXT, "url": "x" * 2000}}
        found = client.post("/predict", json={"tasks": [task], "label_config": CHOICES}).json()
        assert found["results"][0]["result"][0]["value"]["choices"] == ["Agreement"]

    @pytest.mark.parametrize(
        "config", ["<View", "<View><Text/></View>", '<!DOCTYPE x [<!ENTITY a "b">]><View>&a;</View>']
    )
    def test_configurations_that_cannot_be_used(self, client: TestClient, config: str) -> None:
        for path, body in (("/predict", {"tasks": [], "label_config": config}), ("/setup", {"schema": config})):
            answer = client.post(path, json=body)
            assert answer.status_code == 422
            assert "label_config" in answer.json()["error"]

    def test_setup_and_health(self, client: TestClient, bundle: ModelBundle) -> None:
        setup = client.post("/setup", json={"project": "1.2", "schema": CHOICES, "extra_params": {}})
        assert setup.json() == {"model_version": f"themes@{bundle.name.version}"}
        assert client.get("/health").json()["status"] == "UP"


OFFERED = f"""<View><Text name="paper" value="$abstract"/><Choices name="theme" toName="paper" choice="multiple">
{"".join(f'<Choice value="{t.label}" alias="{t.id}"/>' for t in tiny_taxonomy().themes)}</Choices></View>"""
TASK = {"id": 5, "data": {"paper_id": "arxiv:2605.00009", "title": "A study", "abstract": TEXT}}


class TestLabelStudioWebhook:
    @pytest.fixture
    def place(self, tmp_path: Path) -> str:
        return str(tmp_path / "papers.db")

    @pytest.fixture
    def hook(self, make_client: Callable[..., Any], place: str) -> Iterator[Callable[..., tuple[int, Any]]]:
        with make_client(store=place) as client:

            def send(action: str, *choices: Any, config: str = OFFERED, **more: Any) -> tuple[int, Any]:
                kind = "taxonomy" if "<Taxonomy" in config else "choices"
                region = {"from_name": "theme", "to_name": "paper", "type": kind, "value": {kind: list(choices)}}
                annotation = {"id": 17, "result": [region], "completed_by": 3, "was_cancelled": False, "task": 5}
                body = {"annotation": annotation, "task": TASK, "project": {"id": 1, "label_config": config}, **more}
                answer = client.post("/webhook", json={"action": action, **body})
                return answer.status_code, answer.json()

            yield send

    def said(self, place: str) -> dict[str, str]:
        with Store.open(place) as store:
            return {one.theme: str(one.judgement) for one in store.verdicts.since()}

    def labels(self, place: str) -> Any:
        with Store.open(place) as store:
            return store.verdicts.reviews()["arxiv:2605.00009"].labels

    def test_an_annotation_labels_its_paper(self, hook: Callable[..., Any], place: str) -> None:
        status, body = hook("ANNOTATION_CREATED", "Consensus", "gpu-kernels")  # one by its value, one by its alias
        assert (status, body) == (201, {"status": "stored", "action": "ANNOTATION_CREATED"})
        assert self.labels(place) == ("consensus", "gpu-kernels")
        with Store.open(place) as store:
            stored = store.papers.get("arxiv:2605.00009")
            assert (stored.paper.title, stored.paper.abstract) == ("A study", TEXT)
            assert {one.who for one in store.verdicts.since()} == {"local/annotation-17"}

    def test_an_update_replaces_and_a_deletion_removes(self, hook: Callable[..., Any], place: str) -> None:
        hook("ANNOTATION_CREATED", "Consensus")
        hook("ANNOTATION_UPDATED", "Serverless")
        hook("ANNOTATION_UPDATED", "Serverless")
        assert self.labels(place) == ("serverless",)
        other = {"id": 18, "result": [], "was_cancelled": False}
        assert hook("ANNOTATION_CREATED", annotation=other)[0] == 201
        assert hook("ANNOTATIONS_DELETED", annotation=None, task=None, annotations=[{"id": 17}, {"id": 99}]) == (
            201,
            {"status": "removed", "action": "ANNOTATIONS_DELETED"},
        )
        assert self.said(place) == {OTHERS: "reject"}, "the other annotation stays"
        hook("ANNOTATION_DELETED", annotation={"id": 18})
        assert self.said(place) == {}

    def test_what_was_on_offer_and_not_chosen_does_not_fit(self, hook: Callable[..., Any], place: str) -> None:
        hook("ANNOTATION_CREATED", "Agreement", config=CHOICES)
        assert self.said(place) == {"consensus": "accept", "gpu-kernels": "reject"}
        assert hook("ANNOTATION_UPDATED", ["Systems", "Consensus"], config=TAXONOMY)[0] == 201
        assert self.said(place) == {"consensus": "accept"}

    def test_one_choice_of_many_says_nothing_about_the_others(self, hook: Callable[..., Any], place: str) -> None:
        hook("ANNOTATION_CREATED", "Consensus", config=OFFERED.replace("multiple", "single"))
        assert self.said(place) == {"consensus": "accept"}

    def test_a_choice_that_is_no_theme_leaves_the_others_unknown(self, hook: Callable[..., Any], place: str) -> None:
        hook(
            "ANNOTATION_CREATED",
            "Consensus",
            "Something else",
            config=OFFERED.replace("</Choices>", '<Choice value="Something else"/></Choices>'),
        )
        assert self.said(place) == {"consensus": "accept"}

    def test_a_skipped_task_says_nothing(self, hook: Callable[..., Any], place: str) -> None:
        skipped = {"id": 17, "result": [], "was_cancelled": True}
        assert hook("ANNOTATION_CREATED", annotation=skipped)[1]["status"] == "removed"
        hook("ANNOTATION_CREATED", "Consensus")
        assert hook("ANNOTATION_UPDATED", annotation=skipped)[1]["status"] == "removed"
        assert self.said(place) == {}

    def test_papers_without_an_id_are_known_by_their_text(self, hook: Callable[..., Any], place: str) -> None:
        for data in ({"id": "7", "summary": TEXT}, {"id": "8", "summary": TEXT}):
            hook("ANNOTATION_CREATED", "Consensus", task={"id": 5, "data": data})
        with Store.open(place) as store:
            [name] = store.verdicts.reviews()
        assert name.startswith("text:")

    @pytest.mark.parametrize("missing", ["annotation", "task", "project"])
    def test_events_without_their_payload_are_refused(self, hook: Callable[..., Any], missing: str) -> None:
        status, body = hook("ANNOTATION_CREATED", "Consensus", **{missing: None})
        assert status == 422
        assert "let the webhook send its payload" in body["error"]
        assert hook("ANNOTATION_CREATED", "Consensus", task={"data": {"size": 3}})[0] == 422

    @pytest.mark.parametrize("action", ["PROJECT_UPDATED", "START_TRAINING", "TASKS_DELETED", ""])
    def test_other_events_are_passed_over(self, client: TestClient, action: str) -> None:
        answer = client.post("/webhook", json={"action": action, "project": 7, "annotation": "?", "tasks": [{"id": 1}]})
        assert (answer.status_code, answer.json()) == (200, {"status": "ignored", "action": action})

    def test_without_a_store_the_remedy_is_named(
        self, make_client: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        with make_client() as client:
            answer = client.post("/webhook", json={"action": "ANNOTATION_DELETED", "annotation": {"id": 17}})
        assert answer.status_code == 503
        assert "PAPERWIRE_STORE" in answer.json()["error"]


def test_protocols_can_be_left_out(make_client: Callable[..., Any]) -> None:
    with make_client(protocols=("annif",)) as client:
        assert client.get("/v1/projects").status_code == 200
        for path in ("/v1/embeddings", "/predict", "/embed", "/v2/models/themes/infer", "/setup"):
            assert client.post(path, json={}).status_code == 404
    with make_client(protocols=("tei",)) as client:
        assert client.post("/predict", json={"inputs": TEXT}).status_code == 200
        assert client.post("/predict", json={"tasks": []}).status_code == 422
