"""`paperwire evaluate` from the command line down to files, exit codes and messages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from models.bundle import SHIPPED, ModelBundle
from models.parts import MANIFEST
from service.cli import run
from tests.tiny import tiny_papers
from training.dataset import LabelledPaper


def _write(path: Path, papers: list[LabelledPaper], **more: str) -> Path:
    rows = ({**item.paper.to_json(), "tags": list(item.themes), **more} for item in papers)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def bundle_in_use(tiny_bundle, monkeypatch):
    monkeypatch.setenv("PAPERWIRE_BUNDLE", str(tiny_bundle))


@pytest.fixture
def labels(tmp_path) -> Path:
    return _write(tmp_path / "labels.jsonl", tiny_papers(40, 71))


def _evaluate(labels: Path, *more: object) -> int:
    return run(["evaluate", "--labels", str(labels), "--resamples", "100", *map(str, more)])


def test_tables_say_what_was_measured(labels, capsys):
    assert _evaluate(labels, "--profile", "fast") == 0
    told = capsys.readouterr().out
    assert told.startswith("themes 1 (")
    assert "profile fast, promise f1, 40 papers" in told
    for words in ("micro-F1", "nDCG@5", "calibration error", "precision=0.9", "text: title only", "gpu-kernels"):
        assert words in told


def test_json_alone_on_standard_output(labels, capsys):
    assert _evaluate(labels, "--json", "-", "--promise", "precision=0.8") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["figures"]["micro_f1"]["value"] > 0.8
    assert [check["promise"] for check in record["promises"]] == ["precision=0.8", "precision=0.9", "recall=0.95"]
    assert record["labels"]["dev"] == 40


def test_report_and_scores_are_written_where_told(labels, tmp_path, capsys):
    report, scores, record = tmp_path / "report", tmp_path / "scores.safetensors", tmp_path / "out.json"
    assert _evaluate(labels, "--report", report, "--save-scores", scores, "--json", record) == 0
    assert str(report / "report.html") in capsys.readouterr().err
    assert (report / "report.md").exists()
    assert json.loads(record.read_text())["data"]["papers"] == 40
    title = tiny_papers(1, 71)[0].paper.title
    assert title not in (report / "report.html").read_text()
    assert _evaluate(labels, "--against", scores, "--json", record) == 0
    assert json.loads(record.read_text())["comparison"]["figures"]["micro_f1"]["difference"]["value"] == 0.0


def test_two_bundles_and_two_profiles_are_compared(tiny_bundle, labels, tmp_path, capsys):
    record = tmp_path / "out.json"
    assert _evaluate(labels, "--profile", "accurate", "--against-profile", "fast", "--json", record) == 0
    assert json.loads(record.read_text())["comparison"]["first"] == "themes 1 (fast)"
    assert "before: themes 1 (fast); now: themes 1 (accurate); 40 shared papers" in capsys.readouterr().out
    assert _evaluate(labels, "--against", tiny_bundle, "--json", record) == 0
    assert json.loads(record.read_text())["comparison"]["papers"] == 40


def test_models_of_one_name_are_told_apart(tiny_bundle, labels, tmp_path, capsys):
    other, scores = tmp_path / "other", tmp_path / "old.safetensors"
    shutil.copytree(tiny_bundle, other)
    manifest = json.loads((other / MANIFEST).read_text())
    (other / MANIFEST).write_text(json.dumps(manifest))  # the same in other bytes
    mine, others = (ModelBundle.load(place).name.sha256[:12] for place in (tiny_bundle, other))
    assert mine != others
    assert _evaluate(labels, "--profile", "fast", "--against", other, "--save-scores", scores) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"before: themes 1 (fast), sha256 {others}; now: themes 1 (fast), sha256 {mine}; 40 shared papers" in told
    assert _evaluate(labels, "--profile", "fast", "--against", scores, "--json", "-") == 0
    compared = json.loads(capsys.readouterr().out)["comparison"]
    assert compared["first"] == f"themes 1 (fast), scores in {scores}"
    assert compared["second"] == f"themes 1 (fast), sha256 {mine}"


def test_bad_lines_are_told_and_cost_their_neighbours_nothing(tmp_path, capsys):
    papers = tiny_papers(20, 72)
    odd = LabelledPaper(papers[0].paper, ("concensus",))
    labels = _write(tmp_path / "labels.jsonl", [*papers[1:], odd])
    assert _evaluate(labels, "--profile", "fast") == 0
    told = capsys.readouterr()
    assert "error: line 20: unknown theme 'concensus'; did you mean consensus?" in told.err
    assert ", 19 papers" in told.out
    assert _evaluate(_write(tmp_path / "odd.jsonl", [odd]), "--profile", "fast") == 3
    assert "theme 'serverless' has no paper to measure it on: label at least 3" in capsys.readouterr().err


def test_one_split_of_a_file_can_be_chosen(tmp_path, capsys):
    both = _write(tmp_path / "a", tiny_papers(10, 73), split="train").read_text()
    both += _write(tmp_path / "b", tiny_papers(12, 74), split="dev").read_text()
    labels = tmp_path / "labels.jsonl"
    labels.write_text(both)
    assert _evaluate(labels, "--profile", "fast", "--split", "dev") == 0
    assert ", 12 papers" in capsys.readouterr().out
    assert _evaluate(labels, "--split", "test") == 3
    assert "no paper of the split 'test': it has dev, train" in capsys.readouterr().err


def test_ids_without_text_are_joined_with_a_corpus(tmp_path, capsys):
    papers = tiny_papers(15, 75)
    corpus = _write(tmp_path / "corpus.jsonl", papers)
    labels = tmp_path / "labels.tsv"
    rows = "".join(f"{item.paper.id}\tdev\ttest\t{','.join(item.themes)}\n" for item in papers)
    labels.write_text("id\tsplit\torigin\tthemes\n" + rows)
    assert _evaluate(labels, "--corpus", corpus, "--profile", "fast") == 0
    assert ", 15 papers" in capsys.readouterr().out
    assert _evaluate(labels) == 3
    assert "--corpus" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--profile", "slow"], 3, "profile 'slow' is unknown: use fast, accurate, auto"),
        (["--promise", "luck=1"], 3, "promise 'luck=1' is not understood"),
        (["--against-profile", "slow"], 3, "profile 'slow' is unknown"),
        (["--bundle", "/no/such/bundle"], 4, "no bundle at /no/such/bundle"),
        (["--against", "/no/such/bundle"], 4, "no bundle at /no/such/bundle"),
        (["--against", str(SHIPPED)], 3, "only models of the same themes can be compared: "),
        (["--resamples", "1"], 2, "resamples"),
    ],
)
def test_what_is_wrong_with_the_command_line_is_one_line(labels, capsys, arguments, code, words):
    command = ["evaluate", "--labels", str(labels), "--resamples", "100"]
    assert run([*command, *arguments]) == code
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def test_files_that_are_no_labels_are_refused(tmp_path, capsys):
    absent, broken, empty = (tmp_path / name for name in ("absent.jsonl", "broken.jsonl", "empty.jsonl"))
    broken.write_text('{"id": "own:1", "tags": []\n')
    empty.write_text("")
    for path, words in (
        (absent, "cannot read"),
        (broken, "line 1: not JSON: Expecting"),
        (empty, "holds no labelled paper"),
    ):
        assert _evaluate(path) == 3
        assert words in capsys.readouterr().err
    scores = tmp_path / "scores.safetensors"
    scores.write_bytes(b"none")
    assert _evaluate(_write(tmp_path / "labels.jsonl", tiny_papers(3, 76)), "--against", scores) == 3
    assert "is no score file" in capsys.readouterr().err


def test_control_characters_in_labels_do_not_reach_the_terminal(tmp_path, capsys):
    papers = tiny_papers(5, 77)
    labels = _write(tmp_path / "labels.jsonl", [*papers[1:], LabelledPaper(papers[0].paper, ("\x1b[31mred",))])
    assert _evaluate(labels, "--profile", "fast") == 0
    assert "\x1b" not in capsys.readouterr().err
