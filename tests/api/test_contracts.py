"""Other services' own clients, unmodified, against our server on a real socket."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
import requests
from annif_client import AnnifClient

from models.bundle import ModelBundle
from models.paper import Paper
from models.tagging import TagOptions
from service.settings import load_settings
from service.store import Store
from tests.api.conftest import serving

TEXT = "We present quorum certificates and leader election in replicas for state-machine replication."


@pytest.fixture
def annif(server_url: str) -> AnnifClient:
    return AnnifClient(api_base=f"{server_url}/v1/")


class TestAnnifClient:
    def test_info_and_projects(self, annif: AnnifClient) -> None:
        assert set(annif.api_info) == {"title", "version"}
        names = [project["project_id"] for project in annif.projects]
        assert names == ["themes-fast", "themes-accurate", "themes"]
        assert annif.get_project("themes")["is_trained"] is True

    def test_suggest_gives_the_bundle_s_probabilities(self, annif: AnnifClient, bundle: ModelBundle) -> None:
        found = annif.suggest("themes-accurate", TEXT, limit=3, threshold=0.0)
        [direct] = bundle.tag([Paper("", abstract=TEXT)], TagOptions("accurate"))
        assert [(one["notation"], round(one["score"], 4)) for one in found] == [
            (theme, round(score, 4)) for theme, score in direct.scores[:3]
        ]
        assert found[0]["uri"] == f"urn:paperwire:theme:{found[0]['notation']}"

    def test_threshold_and_zero_limit(self, annif: AnnifClient) -> None:
        assert all(one["score"] >= 0.5 for one in annif.suggest("themes", TEXT, threshold=0.5))
        assert annif.suggest("themes", TEXT, limit=0) == []

    def test_suggest_batch_keeps_order_and_names(self, annif: AnnifClient) -> None:
        documents = [{"document_id": "a", "text": TEXT}, {"text": "Fused attention kernels and warp-level reductions."}]
        found = annif.suggest_batch("themes", documents, limit=1)
        assert [one["document_id"] for one in found] == ["a", None]
        assert [one["results"][0]["notation"] for one in found] == ["consensus", "gpu-kernels"]

    def test_more_than_32_documents_are_refused(self, annif: AnnifClient) -> None:
        with pytest.raises(Exception, match="400"):
            annif.suggest_batch("themes", [{"text": TEXT}] * 33)

    def test_unknown_project_is_a_value_error(self, annif: AnnifClient) -> None:
        with pytest.raises(ValueError, match="no project 'yso-en'"):
            annif.suggest("yso-en", TEXT)
        with pytest.raises(ValueError, match="no project"):
            annif.get_project("yso-en")

    def test_learn_needs_a_store(self, annif: AnnifClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        with pytest.raises(Exception, match="403"):
            annif.learn("themes", [{"text": TEXT, "subjects": [{"uri": "urn:paperwire:theme:consensus"}]}])

    def test_detect_language(self, annif: AnnifClient) -> None:
        found = annif.detect_language(TEXT, ["en", "fi"])["results"]
        assert found[0]["language"] == "en"
        assert sum(one["score"] for one in found) == pytest.approx(1.0, abs=1e-5)
        assert {one["language"] for one in found} == {"en", "fi", None}
        with pytest.raises(Exception, match="400"):
            annif.detect_language(TEXT, ["xx"])

    def test_vocabs(self, server_url: str, bundle: ModelBundle) -> None:
        [vocabulary] = httpx.get(f"{server_url}/v1/vocabs", timeout=60).json()["vocabs"]
        assert vocabulary == {"vocab_id": "themes", "languages": ["en"], "size": len(bundle.taxonomy), "loaded": True}


def document(text: str, *themes: str, **metadata: str) -> dict[str, Any]:
    subjects = [{"uri": f"urn:paperwire:theme:{theme}", "label": theme} for theme in themes]
    return {"text": text, "subjects": subjects, "metadata": metadata}


class TestAnnifLearns:
    @pytest.fixture
    def place(self, tmp_path: Path) -> str:
        return str(tmp_path / "papers.db")

    @pytest.fixture
    def annif(self, bundle: ModelBundle, place: str) -> Iterator[AnnifClient]:
        with serving(load_settings(None, {}, {"port": 0, "store": place}), bundle) as url:
            yield AnnifClient(api_base=f"{url}/v1/")

    def labels(self, place: str) -> dict[str, tuple[str, ...] | None]:
        with Store.open(place) as store:
            return {name: review.labels for name, review in store.verdicts.reviews().items()}

    def test_documents_become_labelled_papers(self, annif: AnnifClient, place: str) -> None:
        documents = [
            document(TEXT, "consensus", "serverless", document_id="2605.00007", title="A title"),
            document("More.", "consensus"),
        ]
        answer = annif.learn("themes", documents)
        assert (answer.status_code, answer.content) == (204, b"")
        [first, second] = self.labels(place).items()
        assert first == ("arxiv:2605.00007", ("consensus", "serverless"))
        assert second[0].startswith("text:")
        with Store.open(place) as store:
            stored = store.papers.get("arxiv:2605.00007")
        assert (stored.paper.title, stored.paper.abstract) == ("A title", TEXT)
        assert [tag.source for tag in stored.tagging.tags] == ["person", "person"]

    def test_the_same_again_changes_nothing_and_other_subjects_replace(self, annif: AnnifClient, place: str) -> None:
        for themes in (("consensus",), ("consensus",), ("gpu-kernels",)):
            annif.learn("themes-fast", [document(TEXT, *themes)])
        assert list(self.labels(place).values()) == [("gpu-kernels",)]

    def test_documents_without_text_or_subjects_teach_nothing(self, annif: AnnifClient, place: str) -> None:
        annif.learn("themes", [{"text": TEXT}, {"subjects": []}, document(TEXT), document(" ", "consensus"), {}])
        assert self.labels(place) == {}

    def test_a_wrong_document_costs_no_other(self, annif: AnnifClient, place: str) -> None:
        with pytest.raises(requests.HTTPError, match="400") as caught:
            annif.learn("themes", [document(TEXT, "consensu"), document("Good.", "consensus"), document("", "nothing")])
        problem = caught.value.response.json()
        assert [fault["field"] for fault in problem["errors"]] == ["[0].subjects[0].uri"]
        assert "did you mean consensus" in problem["detail"]
        assert list(self.labels(place).values()) == [("consensus",)]

    def test_unknown_projects_learn_nothing(self, annif: AnnifClient) -> None:
        with pytest.raises(ValueError, match="no project"):
            annif.learn("yso-en", [document(TEXT, "consensus")])


class TestOpenAIClient:
    @pytest.fixture
    def client(self, server_url: str) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{server_url}/v1", api_key="unused", max_retries=0)

    def test_float_and_base64_are_the_same_vectors(self, client: openai.OpenAI, bundle: ModelBundle) -> None:
        texts = ["leader election", "fused attention kernels"]
        plain = client.embeddings.create(model="themes", input=texts, encoding_format="float")
        packed = client.embeddings.create(model="themes", input=texts)
        direct = bundle.dense.encoder.encode(texts).vectors
        for one, other, vector in zip(plain.data, packed.data, direct, strict=True):
            assert np.allclose(one.embedding, vector, atol=1e-6)
            assert np.allclose(other.embedding, vector, atol=1e-6)
        assert plain.usage.total_tokens > 4
        assert [one.index for one in plain.data] == [0, 1]

    def test_base64_is_little_endian_float32(self, server_url: str, bundle: ModelBundle) -> None:
        request = {"model": "themes", "input": "leader election", "encoding_format": "base64"}
        body = httpx.post(f"{server_url}/v1/embeddings", json=request, timeout=60).json()
        vector = np.frombuffer(base64.b64decode(body["data"][0]["embedding"]), dtype="<f4")
        assert vector.shape == (bundle.dense.encoder.dim,)

    def test_errors_are_the_client_s_own(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.NotFoundError, match="no model 'ada'"):
            client.embeddings.create(model="ada", input="x")
        with pytest.raises(openai.BadRequestError, match="dimensions"):
            client.embeddings.create(model="themes", input="x", dimensions=7)
        with pytest.raises(openai.BadRequestError, match="input"):
            client.embeddings.create(model="themes", input=[[1, 2, 3]])

    def test_models_are_listed(self, client: openai.OpenAI) -> None:
        assert [model.id for model in client.models.list()] == ["themes"]
