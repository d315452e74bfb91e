"""schemathesis over the OpenAPI document with all its checks, against a server that asks for keys."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from models.bundle import ModelBundle
from service.api.keys import create_key
from service.settings import load_settings
from service.store import Store
from tests.api.conftest import serving
from tests.store.samples import make_paper, make_tagging

HERE = Path(__file__).parent
QUICK, FULL = 200, 2000


def test_no_case_fails(bundle: ModelBundle, tmp_path: Path, schemathesis_cases: int) -> None:
    """At least as many cases as PAPERWIRE_TEST_CASES says (2000 for all phases), none of them a failure."""
    keys = tmp_path / "keys.json"
    _, secret = create_key(keys, "schemathesis", ("admin",))
    store = str(tmp_path / "papers.db")
    fill(store)
    options = {"port": 0, "keys": "on", "keys_file": keys, "batch_wait_ms": 0, "store": store, "jobs_at_once": 0}
    settings = load_settings(None, {}, options)
    with serving(settings, bundle) as url:
        done = subprocess.run(_command(url, secret, schemathesis_cases), cwd=tmp_path, env=_environment(), **_quiet())
    counted = re.search(r"(\d+) generated", done.stdout)
    assert done.returncode == 0, done.stdout[-12_000:]
    assert counted is not None
    assert int(counted[1]) >= schemathesis_cases, done.stdout[-2_000:]


def fill(place: str) -> None:
    """A store with a few papers."""
    with Store.open(place) as store:
        papers = [make_paper(n) for n in range(8)]
        store.papers.upsert(papers, source="https://feeds.example/a")
        store.taggings.save([make_tagging(paper, ("consensus", 0.9)) for paper in papers])


def _command(url: str, secret: str, cases: int) -> list[str]:
    # The coverage phase makes its cases from the document alone, quickly; the others search at random.
    phases = "examples,coverage,fuzzing,stateful" if cases >= FULL else "examples,coverage"
    most = max(8, -(-cases // 250))
    program = [sys.executable, "-m", "schemathesis.cli", f"--config-file={HERE / 'schemathesis.toml'}", "run"]
    options = ["--checks=all", f"--phases={phases}", f"--max-examples={most}", "--seed=20261124", "--no-color"]
    health = ["--suppress-health-check=all", "--continue-on-failure", "--request-timeout=30", "--warnings=off"]
    return [*program, f"{url}/openapi.json", *options, *health, "-H", f"Authorization: Bearer {secret}"]


def _environment() -> dict[str, str]:
    return {**os.environ, "SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks", "PYTHONPATH": str(HERE.parents[1])}


def _quiet() -> dict[str, object]:
    return {"capture_output": True, "text": True, "timeout": 900, "check": False}


@pytest.fixture
def schemathesis_cases() -> int:
    """How many cases are asked for: PAPERWIRE_TEST_CASES, else a quick number."""
    return int(os.environ.get("PAPERWIRE_TEST_CASES", QUICK))
