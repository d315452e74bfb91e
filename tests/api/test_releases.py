"""Promotion over HTTP: on request, under load, by another process, of bundles that do not work."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from safetensors.numpy import load_file, save_file
from starlette.testclient import TestClient

from models.bundle import ModelBundle
from models.saving import sha256_of
from service.api.app import create_app
from service.api.keys import create_key
from service.releases import Releases
from service.settings import load_settings
from tests.api.conftest import BASE, serving, wait_until
from tests.tiny import tiny_version

PAPER = {"title": "Leader election in replicas", "abstract": "Quorum certificates for Byzantine agreement."}
PROMOTIONS = 100
CLIENTS = 4


@pytest.fixture
def shelf(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A directory of bundles 2 and 3; 1 is the one served without a promotion."""
    for version in ("2", "3"):
        tiny_version(tiny_bundle, tmp_path / "models" / f"bundle-{version}", version)
    return tmp_path / "models"


@pytest.fixture
def client(shelf: Path, bundle: ModelBundle) -> Iterator[TestClient]:
    """A client of an application that looks at the shelf."""
    app = create_app(load_settings(None, {}, {"batch_wait_ms": 0, "models": shelf}), bundle)
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        yield client


def post(client: TestClient, name: str) -> httpx.Response:
    return client.post(f"/v1/models/{name}")


def answering(client: TestClient) -> str:
    return str(client.post("/v1/tag", json=PAPER).json()["model"]["version"])


def test_promotion_and_rollback(client: TestClient) -> None:
    assert answering(client) == "1"
    told = post(client, "2:promote").json()
    assert (told["before"]["version"], told["live"]["version"], told["changed"]) == ("1", "2", True)
    assert post(client, "2:promote").json()["changed"] is False
    assert answering(client) == "2"
    assert client.get("/v1/model").json()["version"] == "2"
    listed = client.get("/v1/models").json()["data"]
    assert (listed[0]["version"], listed[0]["live"]) == ("2", True)
    assert {one["version"] for one in listed if not one["live"]} >= {"1", "3"}
    assert post(client, "2:rollback").json()["live"]["version"] == "1"
    assert answering(client) == "1"


def test_history_says_what_was_live_when_by_whom(client: TestClient) -> None:
    post(client, "2:promote")
    post(client, "3:promote")
    told = client.get("/v1/models/history").json()
    assert told["live"]["version"] == "3"
    assert [(one["action"], one["version"], one["who"]) for one in told["releases"]] == [
        ("promote", "2", "testclient"),
        ("promote", "3", "testclient"),
    ]
    then = client.get("/v1/models/history", params={"at": told["releases"][0]["time"]}).json()
    assert (then["live"]["version"], len(then["releases"])) == ("2", 1)
    long_ago = client.get("/v1/models/history", params={"at": "2020-01-01T00:00:00Z"}).json()
    assert (long_ago["live"]["version"], long_ago["releases"]) == ("1", [])
    assert client.get("/v1/models/history", params={"at": "yesterday"}).status_code == 422
    assert client.get("/v1/models/history", params={"at": "2020-01-01T00:00:00"}).status_code == 422, "which zone?"


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_wishes_that_cannot_be_met(client: TestClient) -> None:
    assert problem(post(client, "4:promote")) == (404, "not-found")
    assert problem(post(client, "2:rollback")) == (409, "conflict")
    assert problem(post(client, "1:rollback")) == (409, "conflict")


def test_a_server_with_one_bundle_says_so(bundle: ModelBundle) -> None:
    app = create_app(load_settings(None, {}, {"batch_wait_ms": 0}), bundle)
    with TestClient(app, base_url=BASE) as client:
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        assert problem(post(client, f"{bundle.name.version}:promote")) == (409, "conflict")
        assert client.get("/v1/models/history").json()["live"]["version"] == bundle.name.version


def damaged(directory: Path) -> None:
    raw = bytearray((directory / "encoder.bin").read_bytes())
    raw[100] ^= 1
    (directory / "encoder.bin").write_bytes(raw)


def lacking(directory: Path) -> None:
    (directory / "words.json").unlink()


def wrong_inside(directory: Path) -> None:
    """Every digest is right, and the heads have another number of themes."""
    arrays = load_file(directory / "dense.safetensors")
    save_file(arrays | {"bias": np.zeros(3, np.float32)}, directory / "other.safetensors")
    (directory / "other.safetensors").replace(directory / "dense.safetensors")
    manifest = json.loads((directory / "manifest.json").read_text())
    manifest["files"]["dense.safetensors"] = sha256_of(directory / "dense.safetensors")
    (directory / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("spoil", [damaged, lacking, wrong_inside])
def test_a_bad_bundle_leaves_the_old_one_serving(client: TestClient, shelf: Path, spoil: Any) -> None:
    post(client, "3:promote")
    spoil(shelf / "bundle-2")
    answer = post(client, "2:promote")
    assert problem(answer) == (422, "bundle-unusable")
    assert "the live model is as it was" in answer.json()["detail"]
    assert answering(client) == "3"
    assert client.get("/health/ready").status_code == 200
    assert len(client.get("/v1/models/history").json()["releases"]) == 1


def test_only_admins_promote(shelf: Path, bundle: ModelBundle, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    _, tagger = create_key(keys, "tagger", ("tag", "review"))
    _, admin = create_key(keys, "ada", ("admin",))
    overrides = {"batch_wait_ms": 0, "models": shelf, "keys": "on", "keys_file": keys}
    with TestClient(create_app(load_settings(None, {}, overrides), bundle), base_url=BASE) as client:
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        client.headers["authorization"] = f"Bearer {tagger}"
        assert [post(client, f"2:{action}").status_code for action in ("promote", "rollback")] == [403, 403]
        assert client.get("/v1/models/history").status_code == 403
        client.headers["authorization"] = f"Bearer {admin}"
        assert post(client, "2:promote").status_code == 200
        assert client.get("/v1/models/history").json()["releases"][0]["who"] == "ada"


def test_what_another_process_promotes_is_followed(client: TestClient, shelf: Path, tiny_bundle: Path) -> None:
    Releases(shelf, tiny_bundle).promote("3", "somebody", lambda candidate: candidate)
    wait_until(lambda: answering(client) == "3")
    damaged(shelf / "bundle-2")
    Releases(shelf, tiny_bundle).promote("2", "somebody", lambda candidate: candidate)
    time.sleep(2.5)
    assert answering(client) == "3"
    Releases(shelf, tiny_bundle).promote("3", "somebody", lambda candidate: candidate)


class Load:
    """Clients that tag without pause, each on a connection of its own, and note every answer."""

    def __init__(self, url: str) -> None:
        self.url, self.stop = url, threading.Event()
        self.failures: list[str] = []
        self.versions: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._tag, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join(60)

    def _tag(self, number: int) -> None:
        profile = "accurate" if number % 2 else "fast"
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self.stop.is_set():
                self._note(client.post("/v1/tag", json=PAPER, params={"profile": profile}))

    def _note(self, answer: httpx.Response) -> None:
        body = answer.json()
        with self._lock:
            if answer.status_code != 200:
                self.failures.append(answer.text)
                return
            made = body["model"]["version"]
            self.versions[made] += 1
            if answer.headers["paperwire-model"] != f"{body['model']['name']}@{made}":
                self.failures.append(f"{answer.headers['paperwire-model']} made {made}")


def test_100_promotions_under_load(shelf: Path, bundle: ModelBundle) -> None:
    settings = load_settings(None, {}, {"port": 0, "models": shelf, "log_level": "error"})
    sizes: list[int] = []
    with serving(settings, bundle) as url, httpx.Client(base_url=url, timeout=60) as client, Load(url) as load:
        for number in range(PROMOTIONS):
            version = "2" if number % 2 else "3"
            done = client.post(f"/v1/models/{version}:promote")
            assert done.status_code == 200, done.text
            seen = client.post("/v1/tag", json=PAPER).json()["model"]["version"]
            assert seen == version, "an answer after a promotion is by the new model"
            sizes.append(psutil.Process().memory_info().rss)
    assert load.failures == []
    assert {"2", "3"} <= set(load.versions)
    assert sum(load.versions.values()) > PROMOTIONS
    growth = (np.median(sizes[-20:]) - np.median(sizes[20:40])) / 2**20
    print(f"growth {growth:.1f} MiB from {sizes[0] / 2**20:.0f}, {sizes[-1] / 2**20:.0f}; {load.versions}")
    assert growth < 30
