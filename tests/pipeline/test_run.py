import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.bundle import ModelBundle
from models.errors import InputError
from models.paper import Paper
from models.tagging import TagOptions
from service.pipeline import FileOutput, Progress, answering, tag_all
from service.render import Csv, JsonLines
from tests.tiny import outside_papers, tiny_papers

PAPERS = [item.paper for item in tiny_papers(40, 11)] + outside_papers(10)
OPTIONS = TagOptions(profile="fast")


class StopError(Exception):
    """Ends a run from within, as a signal would."""


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> ModelBundle:
    return ModelBundle.load(tiny_bundle)


def run(bundle: ModelBundle, out: Path, papers=PAPERS, *, batch=8, resume=False, renderer=None, stop_after=None):
    renderer = renderer or JsonLines("scores")
    progress = Progress()

    def report(now: Progress) -> None:
        if stop_after is not None and now.answered >= stop_after:
            raise StopError

    tag_all(
        papers,
        answering(lambda some: bundle.tag(some, OPTIONS), renderer),
        renderer.header,
        FileOutput(out, {"profile": "fast"}, resume=resume),
        batch_size=batch,
        held=nullcontext,
        progress=progress,
        report=report,
    )
    return progress


@pytest.fixture(scope="module")
def whole(bundle, tmp_path_factory) -> bytes:
    out = tmp_path_factory.mktemp("whole") / "tags.jsonl"
    run(bundle, out)
    return out.read_bytes()


def test_one_answer_a_paper_in_order(bundle, whole, tmp_path):
    answers = [json.loads(line) for line in whole.splitlines()]
    assert [answer["id"] for answer in answers] == [paper.id for paper in PAPERS]
    progress = run(bundle, tmp_path / "tags.jsonl")
    assert progress.answered == len(PAPERS)
    assert progress.tagged == sum(not answer["abstained"] for answer in answers) > 0
    assert progress.papers_per_second > 0


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_answers_do_not_depend_on_the_batch(bundle, whole, tmp_path, batch):
    run(bundle, tmp_path / "tags.jsonl", batch=batch)
    assert (tmp_path / "tags.jsonl").read_bytes() == whole


@given(stop=st.integers(1, 50), extra=st.binary(max_size=40), batch=st.integers(1, 20))
@settings(deadline=None, max_examples=30)
def test_wherever_a_run_stops_resuming_gives_the_same_bytes(bundle, whole, tmp_path_factory, stop, extra, batch):
    out = tmp_path_factory.mktemp("run") / "tags.jsonl"
    with pytest.raises(StopError):
        run(bundle, out, batch=batch, stop_after=stop)
    answered = out.read_bytes()
    assert whole.startswith(answered)
    assert answered.endswith(b"\n")
    with out.open("ab") as stream:
        stream.write(extra)
    progress = run(bundle, out, resume=True)
    assert out.read_bytes() == whole
    assert progress.resumed == answered.count(b"\n")
    assert progress.resumed + progress.answered == len(PAPERS)


def test_a_table_with_a_header_resumes_too(bundle, tmp_path):
    run(bundle, tmp_path / "whole.csv", renderer=Csv("scores"))
    out = tmp_path / "tags.csv"
    with pytest.raises(StopError):
        run(bundle, out, renderer=Csv("scores"), stop_after=8)
    run(bundle, out, renderer=Csv("scores"), resume=True)
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_resuming_a_finished_run_adds_nothing(bundle, whole, tmp_path):
    out = tmp_path / "tags.jsonl"
    run(bundle, out)
    assert run(bundle, out, resume=True).answered == 0
    assert out.read_bytes() == whole


def test_papers_added_since_are_answered(bundle, whole, tmp_path):
    out = tmp_path / "tags.jsonl"
    run(bundle, out, PAPERS[:30])
    assert run(bundle, out, resume=True).answered == len(PAPERS) - 30
    assert out.read_bytes() == whole


@pytest.mark.parametrize(
    "changed",
    [
        PAPERS[::-1],
        [*PAPERS[:3], Paper(PAPERS[3].id, "Another title"), *PAPERS[4:]],
        PAPERS[1:],
        PAPERS[:5],
    ],
    ids=["order", "text", "missing first", "missing last"],
)
def test_other_papers_cannot_go_on(bundle, tmp_path, changed):
    out = tmp_path / "tags.jsonl"
    with pytest.raises(StopError):
        run(bundle, out, stop_after=16)
    before = out.read_bytes()
    with pytest.raises(InputError, match="cannot resume"):
        run(bundle, out, changed, resume=True)
    assert out.read_bytes() == before
    run(bundle, out, resume=True)


def test_no_papers_no_answers(bundle, tmp_path):
    assert run(bundle, tmp_path / "tags.jsonl", []).answered == 0
    assert (tmp_path / "tags.jsonl").read_bytes() == b""
