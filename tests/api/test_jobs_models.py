"""A job keeps to the model it was begun with, while that is there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from models.bundle import ModelBundle
from models.paper import Paper
from service.api.app import create_app
from service.pipeline import FileOutput, Progress, answering, settings_of_run, tag_all
from service.render import JsonLines
from service.settings import load_settings
from tests.api.conftest import BASE
from tests.api.dumps import FAST, answers, as_lines, ended, papers, send
from tests.tiny import tiny_version

SOME = papers(40, 12)


class StopError(Exception):
    """Ends a run from within, as a kill would."""


@pytest.fixture
def shelf(tiny_bundle: Path, tmp_path: Path) -> Path:
    for version in ("2", "3"):
        tiny_version(tiny_bundle, tmp_path / "models" / version, version)
    return tmp_path / "models"


@contextmanager
def opened(bundle: ModelBundle, shelf: Path, at_once: int) -> Iterator[TestClient]:
    options = {"store": str(shelf.parent / "papers.db"), "models": shelf, "jobs_at_once": at_once}
    app = create_app(load_settings(None, {}, {"batch_wait_ms": 0, **options}), bundle)
    with TestClient(app, base_url=BASE) as client:
        yield client


def begin(bundle: ModelBundle, folder: Path, some: list[Paper]) -> None:
    """Answer eight papers, and stop."""

    def stop(_now: Progress) -> None:
        raise StopError

    renderer = JsonLines("scores")
    output = FileOutput(folder / "result.jsonl", settings_of_run(bundle.name, FAST, "jsonl", None, None), resume=True)
    with pytest.raises(StopError):
        tag_all(
            some,
            answering(lambda batch: bundle.tag(batch, FAST), renderer),
            renderer.header,
            output,
            batch_size=8,
            held=nullcontext,
            progress=Progress(),
            report=stop,
        )


def finished(bundle: ModelBundle, shelf: Path, job_id: str) -> tuple[bytes, str]:
    """The result, and the version that made it."""
    with opened(bundle, shelf, 1) as client:
        done = ended(client, job_id)
        assert done["state"] == "done", done
        return client.get(done["links"]["result"]).content, done["model"]["version"]


def test_a_job_keeps_to_its_model_when_another_is_promoted(bundle: ModelBundle, shelf: Path) -> None:
    with opened(bundle, shelf, 0) as client:
        job_id = send(client, as_lines(SOME))["id"]
        begin(ModelBundle.load(shelf / "2"), shelf.parent / "jobs" / job_id, SOME)
        assert client.post("/v1/models/3:promote").status_code == 200
    assert finished(ModelBundle.load(shelf / "3"), shelf, job_id) == (
        answers(ModelBundle.load(shelf / "2"), SOME),
        "2",
    )


def test_a_job_whose_model_is_gone_begins_again_with_the_live_one(bundle: ModelBundle, shelf: Path) -> None:
    with opened(bundle, shelf, 0) as client:
        job_id = send(client, as_lines(SOME))["id"]
    begin(ModelBundle.load(shelf / "2"), shelf.parent / "jobs" / job_id, SOME)
    shutil.rmtree(shelf / "2")
    assert finished(bundle, shelf, job_id) == (answers(bundle, SOME), "1")


def test_a_job_whose_input_has_changed_begins_again(bundle: ModelBundle, shelf: Path) -> None:
    with opened(bundle, shelf, 0) as client:
        job_id = send(client, as_lines(SOME))["id"]
    begin(bundle, shelf.parent / "jobs" / job_id, papers(9, 99))
    assert finished(bundle, shelf, job_id) == (answers(bundle, SOME), "1")


def test_a_job_whose_record_is_damaged_begins_again(bundle: ModelBundle, shelf: Path) -> None:
    with opened(bundle, shelf, 0) as client:
        job_id = send(client, as_lines(SOME))["id"]
    folder = shelf.parent / "jobs" / job_id
    begin(bundle, folder, SOME)
    (folder / "result.jsonl.run.json").write_text("{")
    assert finished(bundle, shelf, job_id) == (answers(bundle, SOME), "1")
