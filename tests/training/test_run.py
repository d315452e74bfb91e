from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from models.bundle import ModelBundle
from models.errors import LabelError, UnavailableError
from models.themes import Taxonomy
from tests.tiny import outside_papers, tiny_encoder, tiny_papers, tiny_taxonomy
from tests.training.transformer_sample import save_transformer
from training.dataset import LabelledPaper
from training.encoders import Current
from training.finetune import TuneOptions
from training.prepare import Labels
from training.run import Outcome, Request, train


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("run") / "encoder").directory


def request(
    papers: Sequence[LabelledPaper], encoder: Path, place: Path, themes: Taxonomy | None = None, **more: object
) -> Request:
    settings = {
        "out": place / "bundle",
        "cache": place / "cache",
        "encoder": str(encoder),
        "current": None,
        **more,
    }
    return Request(labels=Labels(papers, themes=themes), **settings)  # type: ignore[arg-type]


def figure(outcome: Outcome, name: str = "micro_f1") -> float:
    return outcome.evaluation.figures[name].value


def test_enough_papers_are_split_measured_and_published(encoder: Path, tmp_path: Path) -> None:
    papers = tiny_papers(520, 1)
    outcome = train(request(papers, encoder, tmp_path, tiny_taxonomy(), outside=outside_papers(40)))
    assert outcome.measured_on == "39 test papers"
    assert outcome.evaluation.seen == 0
    assert figure(outcome) > 0.9
    bundle = ModelBundle.load(outcome.bundle)
    assert bundle.name.sha256 == outcome.digest
    assert bundle.manifest["data"]["dev"] == 39
    others = bundle.tag(outside_papers(20, seed=5))
    assert sum(answer.reasons == ("out_of_scope",) for answer in others) > 15
    beside = tmp_path / "bundle.report"
    assert {"report.html", "report.md", "MODEL_CARD.md", "evaluation.json", "learning-curve.svg"} <= {
        path.name for path in beside.iterdir()
    }
    record = json.loads((beside / "evaluation.json").read_text())
    assert record["measured_on"] == outcome.measured_on
    assert "0.9" in (beside / "MODEL_CARD.md").read_text()
    assert papers[0].paper.abstract not in (beside / "report.html").read_text()


def test_twenty_papers_of_five_themes_work_and_warn(encoder: Path, tmp_path: Path) -> None:
    told: list[str] = []
    outcome = train(request(tiny_papers(20, 1), encoder, tmp_path), tell=told.append)
    assert any(line.startswith("warning: 20 papers to learn from") for line in told)
    assert outcome.measured_on == "20 training papers, by cross-validation"
    assert outcome.evaluation.seen == 0
    assert len(outcome.evaluation.predictions) == 20
    assert 0.4 < figure(outcome) <= 1.0
    assert len(ModelBundle.load(outcome.bundle).taxonomy) == 5


def test_a_theme_of_one_paper_works_and_warns(encoder: Path, tmp_path: Path) -> None:
    papers = tiny_papers(30, 1)
    papers[3] = replace(papers[3], themes=("consensus", "leader election"))
    told: list[str] = []
    outcome = train(request(papers, encoder, tmp_path), tell=told.append)
    assert any("theme 'leader-election' has one paper" in line for line in told)
    assert "leader-election" in ModelBundle.load(outcome.bundle).taxonomy.ids


@pytest.mark.parametrize("count", [2, 4])
def test_next_to_no_papers_still_give_a_bundle(encoder: Path, tmp_path: Path, count: int) -> None:
    outcome = train(request(tiny_papers(count, 1), encoder, tmp_path))
    assert ModelBundle.load(outcome.bundle).tag([tiny_papers(1, 2)[0].paper])
    with pytest.raises(LabelError, match="at least two"):
        train(request(tiny_papers(1, 1), encoder, tmp_path / "one"))


def test_papers_without_themes_may_be_among_them(encoder: Path, tmp_path: Path) -> None:
    nothing = [LabelledPaper(paper, ()) for paper in outside_papers(15)]
    outcome = train(request([*tiny_papers(45, 1), *nothing], encoder, tmp_path))
    assert figure(outcome) > 0.8


def test_the_same_data_gives_the_same_bundle_wherever_and_however_often(encoder: Path, tmp_path: Path) -> None:
    labels = Labels(tiny_papers(100, 1), tiny_papers(150, 2))
    first, second, other = (
        train(replace(request([], encoder, tmp_path / name, curve=False, seed=seed), labels=labels))
        for name, seed in (("a", 0), ("b", 0), ("b", 1))
    )
    assert first.digest == second.digest != other.digest


def test_given_dev_papers_set_thresholds_and_measure(encoder: Path, tmp_path: Path) -> None:
    labels = Labels(tiny_papers(80, 1), tiny_papers(60, 2), themes=tiny_taxonomy())
    asked = replace(request([], encoder, tmp_path), labels=labels)
    outcome = train(asked)
    assert outcome.measured_on.startswith("60 dev papers, which thresholds were set on")
    tested = train(replace(asked, labels=replace(labels, test=tiny_papers(70, 3))))
    assert tested.measured_on == "70 test papers"


def test_unlabelled_papers_teach_the_fast_profile(encoder: Path, tmp_path: Path) -> None:
    unlabelled = [item.paper for item in tiny_papers(120, 6)]
    asked = request(tiny_papers(30, 1), encoder, tmp_path, unlabelled=lambda: unlabelled, count=100)
    outcome = train(asked)
    assert outcome.digest == train(replace(asked, out=tmp_path / "again")).digest
    known = ModelBundle.load(outcome.bundle).lexical.encoder.keys
    plain = train(request(tiny_papers(30, 1), encoder, tmp_path / "plain"))
    assert len(known) > len(ModelBundle.load(plain.bundle).lexical.encoder.keys)


def test_a_bundle_in_use_lends_themes_and_encoder(tiny_bundle: Path, tmp_path: Path) -> None:
    current = Current(tiny_bundle, tiny_taxonomy(), "tiny 1")
    labels = Labels(tiny_papers(40, 1), in_use=current.taxonomy)
    told: list[str] = []
    outcome = train(
        Request(labels=labels, current=current, out=tmp_path / "bundle", cache=tmp_path / "cache"), tell=told.append
    )
    assert "encoder: tiny 1" in told
    assert ModelBundle.load(outcome.bundle).taxonomy.fingerprint == current.taxonomy.fingerprint


def test_the_shipped_encoder_cannot_be_fine_tuned(tiny_bundle: Path, tmp_path: Path) -> None:
    asked = request(tiny_papers(60, 1), tiny_bundle, tmp_path, tune=TuneOptions())
    with pytest.raises(UnavailableError, match="finished graph"):
        train(replace(asked, encoder="shipped"))


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed (extra 'train')")
@pytest.mark.filterwarnings("ignore")
def test_a_fine_tuned_bundle(tmp_path: Path) -> None:
    start = save_transformer(tmp_path / "start")
    tune = TuneOptions(epochs=1.0, batch=8, max_tokens=64, threads=1)
    asked = request(tiny_papers(80, 1), start, tmp_path, tiny_taxonomy(), tune=tune)
    outcome = train(asked)
    assert outcome.measured_on.startswith("12 dev papers")
    manifest = ModelBundle.load(outcome.bundle).manifest
    assert manifest["encoder"]["name"] == "fine-tuned start"
    assert manifest["training"]["fine_tuned"]["epochs"] == 1.0
    assert train(replace(asked, out=tmp_path / "again")).digest == outcome.digest


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed (extra 'train')")
@pytest.mark.filterwarnings("ignore")
def test_the_bundle_in_use_teaches_an_encoder_by_unlabelled_papers(tiny_bundle: Path, tmp_path: Path) -> None:
    start = save_transformer(tmp_path / "start")
    unlabelled = [item.paper for item in tiny_papers(120, 6)]
    tune = TuneOptions(epochs=1.0, batch=8, max_tokens=64, threads=1)
    current = Current(tiny_bundle, tiny_taxonomy(), "tiny 1")
    asked = request(
        tiny_papers(80, 1), start, tmp_path, tiny_taxonomy(), tune=tune, current=current, unlabelled=lambda: unlabelled
    )
    told: list[str] = []
    taught = train(asked, tell=told.append)
    assert "the encoder learns from unlabelled papers too, with the probabilities of tiny 1" in told
    alone = train(replace(asked, current=None, out=tmp_path / "alone"), tell=told.append)
    encoders = {ModelBundle.load(each.bundle).manifest["encoder"]["sha256"] for each in (taught, alone)}
    assert len(encoders) == 2
