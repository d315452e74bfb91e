import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.bundle import ModelBundle
from service.cli import run
from tests.tiny import outside_papers, tiny_papers
from training.dataset import LabelledPaper


def write_labels(path: Path, papers: list[LabelledPaper], **more: str) -> Path:
    rows = ({**item.paper.to_json(), "tags": list(item.themes), **more} for item in papers)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def labels(tmp_path: Path) -> dict[str, Path]:
    outside = tmp_path / "outside.jsonl"
    outside.write_text("".join(json.dumps(paper.to_json()) + "\n" for paper in outside_papers(30)))
    return {
        "--labels": write_labels(tmp_path / "train.jsonl", tiny_papers(150, 21)),
        "--dev": write_labels(tmp_path / "dev.jsonl", tiny_papers(160, 22)),
        "--outside": outside,
    }


def train(bundle: Path, out: Path, options: dict[str, Path], *more: str) -> int:
    arguments = [str(part) for pair in options.items() for part in pair]
    return run(["train", *arguments, "--encoder", str(bundle), "--out", str(out), "--no-curve", *more])


@pytest.fixture(autouse=True)
def bundle_in_use(tiny_bundle, monkeypatch):
    monkeypatch.setenv("PAPERWIRE_BUNDLE", str(tiny_bundle))


def test_labels_become_a_bundle_that_tags(tiny_bundle, labels, tmp_path, capsys):
    assert train(tiny_bundle, tmp_path / "new", labels, "--name", "mine", "--version", "7") == 0
    told = json.loads(capsys.readouterr().out)
    bundle = ModelBundle.load(tmp_path / "new")
    assert told["sha256"] == bundle.name.sha256
    assert told["metrics"]["fast"]["micro_f1"] > 0.8
    assert (bundle.name.name, bundle.name.version) == ("mine", "7")
    [item] = tiny_papers(1, 23)
    [answer] = bundle.tag([item.paper])
    assert {tag.theme for tag in answer.tags} & set(item.themes)


def test_the_cache_makes_the_same_bundle_again(tiny_bundle, labels, tmp_path, capsys):
    digests = []
    for name in ("first", "second"):
        assert train(tiny_bundle, tmp_path / name, labels, "--cache", str(tmp_path / "cache")) == 0
        digests.append(json.loads(capsys.readouterr().out)["sha256"])
    assert digests[0] == digests[1]


def test_a_killed_run_goes_on_to_the_same_bundle(tiny_bundle, tmp_path, capsys):
    labels = {"--labels": write_labels(tmp_path / "labels.jsonl", tiny_papers(1500, 27))}
    arguments = ["train", "--labels", str(labels["--labels"]), "--encoder", str(tiny_bundle), "--no-curve"]
    command = [sys.executable, "-c", "from service.cli import main; main()", *arguments, "--out", str(tmp_path / "new")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        give_up = time.monotonic() + 300
        while process.poll() is None and time.monotonic() < give_up:
            if any(path.stat().st_size for path in (tmp_path / "new.cache").glob("vectors-*")):
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.005)
        assert process.wait(timeout=60) == -signal.SIGKILL
    assert not (tmp_path / "new").exists()
    assert train(tiny_bundle, tmp_path / "new", labels) == 0
    after_kill = json.loads(capsys.readouterr().out)["sha256"]
    assert train(tiny_bundle, tmp_path / "whole", labels) == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == after_kill


def test_report_and_card_lie_beside_the_bundle(tiny_bundle, labels, tmp_path, capsys):
    assert train(tiny_bundle, tmp_path / "new", labels) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["report"] == str(tmp_path / "new.report" / "report.html")
    assert told["figures"]["micro_f1"]["value"] > 0.8
    assert "160 dev papers" in told["measured_on"]
    beside = {path.name for path in (tmp_path / "new.report").iterdir()}
    assert {"report.html", "report.md", "MODEL_CARD.md", "evaluation.json"} <= beside
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        path.name for path in tiny_bundle.iterdir()
    }  # nothing in the bundle that its manifest does not cover


def test_progress_is_told_unless_quiet(tiny_bundle, labels, tmp_path, capsys):
    assert train(tiny_bundle, tmp_path / "new", labels) == 0
    assert "paperwire: encoding\n" in capsys.readouterr().err
    assert train(tiny_bundle, tmp_path / "new", labels, "--quiet") == 0
    assert "paperwire: encoding" not in capsys.readouterr().err


def test_labels_of_another_kind_become_themes(tiny_bundle, tmp_path, capsys):
    papers = [LabelledPaper(item.paper, tuple(f"about {t}" for t in item.themes)) for item in tiny_papers(60, 28)]
    labels = {"--labels": write_labels(tmp_path / "labels.jsonl", papers)}
    assert train(tiny_bundle, tmp_path / "new", labels) == 0
    assert "5 themes taken from the labels" in capsys.readouterr().err
    assert set(ModelBundle.load(tmp_path / "new").taxonomy.ids) >= {"about-consensus", "about-serverless"}


def test_unlabelled_papers_in_a_feed_format_teach_the_fast_profile(tiny_bundle, tmp_path, capsys):
    labels = {"--labels": write_labels(tmp_path / "labels.jsonl", tiny_papers(40, 29))}
    feed = tmp_path / "more.jsonl"
    feed.write_text("".join(json.dumps(item.paper.to_json()) + "\n" for item in tiny_papers(120, 30)))
    assert train(tiny_bundle, tmp_path / "new", labels, "--distil", str(feed), "--distil-count", "100") == 0
    assert ModelBundle.load(tmp_path / "new").manifest["training"]["distilled"] == 100


@pytest.mark.parametrize("option", ["--labels", "--dev", "--outside", "--distil", "--themes"])
def test_a_file_that_is_not_there_is_named(tiny_bundle, labels, tmp_path, capsys, option):
    missing = {**labels, option: tmp_path / "nowhere.jsonl"}
    assert train(tiny_bundle, tmp_path / "new", missing) in (3, 4)
    assert "nowhere.jsonl" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_dev_papers_can_be_a_split_of_the_labels(tiny_bundle, tmp_path, capsys):
    both = write_labels(tmp_path / "train", tiny_papers(80, 24), split="train").read_text()
    both += write_labels(tmp_path / "dev", tiny_papers(160, 25), split="dev").read_text()
    labels = tmp_path / "labels.jsonl"
    labels.write_text(both)
    assert train(tiny_bundle, tmp_path / "new", {"--labels": labels}) == 0
    assert "80 training and 160 dev papers" in capsys.readouterr().err


def test_what_is_wrong_with_labels_is_told_and_left_out_or_refused(tiny_bundle, labels, tmp_path, capsys):
    with labels["--labels"].open("a") as stream:
        stream.write(json.dumps({"id": "own:odd", "title": "A paper", "abstract": "x", "tags": ["astrology"]}) + "\n")
    assert train(tiny_bundle, tmp_path / "new", labels) == 0
    assert "train line 151: unknown theme 'astrology'" in capsys.readouterr().err
    assert train(tiny_bundle, tmp_path / "strict", labels, "--strict") == 3
    assert not (tmp_path / "strict").exists()


def test_a_taxonomy_of_ones_own(tiny_bundle, tmp_path):
    themes = tmp_path / "themes.csv"
    themes.write_text("id,label\nagreement,Agreement\nkernels,Kernels\n")
    names = {"consensus": "agreement", "gpu-kernels": "kernels"}
    papers = [
        LabelledPaper(item.paper, tuple(names[theme] for theme in item.themes if theme in names))
        for item in tiny_papers(200, 26)
    ]
    labels = write_labels(tmp_path / "labels.jsonl", papers)
    assert train(tiny_bundle, tmp_path / "new", {"--labels": labels, "--themes": themes}) == 0
    assert ModelBundle.load(tmp_path / "new").taxonomy.ids == ("agreement", "kernels")


def test_an_encoder_that_is_no_bundle_is_code_4(labels, tmp_path, capsys):
    assert train(tmp_path, tmp_path / "new", labels) == 4
    assert "is no encoder" in capsys.readouterr().err
