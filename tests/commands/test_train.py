import json
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
    return run(["train", *arguments, "--encoder", str(bundle), "--out", str(out), *more])


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
    cache = str(tmp_path / "vectors.bin")
    digests = []
    for name in ("first", "second"):
        assert train(tiny_bundle, tmp_path / name, labels, "--cache", cache) == 0
        digests.append(json.loads(capsys.readouterr().out)["sha256"])
    assert digests[0] == digests[1]


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
