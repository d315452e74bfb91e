"""The benchmark: real contestants on real papers, figures that add up, and reasons for what is missing."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from models.bundle import ModelBundle
from models.tagging import TagOptions
from tests.tiny import tiny_papers
from training.benchmark import Plan, Report, Row, invented_papers, run_benchmark
from training.contestants import TFIDF, TORCH, fit_regression, tfidf_contestant, write_transformer
from training.dataset import label_matrix
from training.machine import busy, cores, machine_facts
from training.metrics import micro_f1

HAS_TORCH = all(importlib.util.find_spec(name) for name in ("torch", "sentence_transformers"))


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> ModelBundle:
    return ModelBundle.load(tiny_bundle, threads=1)


@pytest.fixture(scope="module")
def report(bundle: ModelBundle) -> Report:
    return run_benchmark(bundle, Plan(tiny_papers(40, 5), train=tiny_papers(60, 6), runs=2, threads=1))


def test_every_contestant_is_measured_in_every_run(report: Report) -> None:
    assert [row.name for row in report.rows][:3] == ["fast", "accurate", "auto"]
    assert TFIDF in {row.name for row in report.rows}
    for row in report.rows:
        assert len(row.seconds) == 2
        assert min(row.seconds) > 0.0
        assert row.papers == 40


def test_f1_is_that_of_the_answers_served(bundle: ModelBundle, report: Report) -> None:
    papers = tiny_papers(40, 5)
    truth = label_matrix(papers, bundle.taxonomy)
    for row in report.rows[:3]:
        given = np.zeros_like(truth)
        for place, answer in enumerate(bundle.tag([p.paper for p in papers], TagOptions(profile=row.name))):
            given[place, [bundle.taxonomy.column(tag.theme) for tag in answer.tags]] = True
        assert row.micro_f1 == pytest.approx(micro_f1(given, truth))


@pytest.mark.skipif(HAS_TORCH, reason="torch is installed: nothing is missing")
def test_what_is_not_installed_is_named_and_gets_no_figure(report: Report) -> None:
    assert report.missing == {TORCH: "torch is not installed: `pip install 'paperwire[train]'`"}
    told = report.to_json()
    assert told["yardstick"] is None
    assert {row["ratio"] for row in told["rows"]} == {None}
    assert any(line.startswith(f"without {TORCH}") for line in report.remarks)


@pytest.mark.skipif(not HAS_TORCH, reason="needs the train extra")
def test_torch_gives_the_vectors_of_the_bundle(bundle: ModelBundle, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    write_transformer(bundle, tmp_path)
    model = SentenceTransformer(str(tmp_path), device="cpu")
    model.max_seq_length = bundle.dense.encoder.max_tokens
    texts = [item.paper.text for item in tiny_papers(8, 4)]
    theirs = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    ours = bundle.dense.encoder.encode(texts).vectors
    assert (theirs * ours).sum(axis=1) == pytest.approx(1.0, abs=5e-3)


def test_ratios_are_told_against_torch() -> None:
    rows = (Row("fast", (0.5, 0.1, 0.2), 100, 0.8), Row(TORCH, (4.0, 5.0, 3.0), 100, None))
    report = Report(rows, {}, {}, {"labelled": True}, {}, load=2.5)
    told = report.to_json()
    assert [row["papers_per_s"] for row in told["rows"]] == [500.0, 25.0]
    assert [row["ratio"] for row in told["rows"]] == [20.0, 1.0]
    assert report.remarks == ["the machine was busy (2.50 processes a core before the first run): speeds are too low"]
    json.dumps(told)


def test_without_training_texts_there_is_no_tfidf_row(bundle: ModelBundle) -> None:
    report = run_benchmark(bundle, Plan(invented_papers(bundle.taxonomy, 4), labelled=False, runs=1, threads=1))
    assert "--train" in report.missing[TFIDF]
    assert {row.micro_f1 for row in report.rows} == {None}
    assert report.remarks[-1] == "the papers are invented: speeds hold, F1 needs --labels FILE"


def test_a_regression_learns_and_never_gives_a_theme_without_papers(bundle: ModelBundle) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 6))
    truth = np.column_stack([features[:, 0] > 0.5, features[:, 1] > 0.5, np.zeros(200, dtype=bool)])
    given = fit_regression(features, truth)(features)
    assert micro_f1(given, truth) > 0.9
    assert not given[:, 2].any()


def test_tfidf_learns_from_papers(bundle: ModelBundle) -> None:
    contestant = tfidf_contestant(tiny_papers(150, 7), bundle)
    papers = tiny_papers(40, 8)
    given = contestant.answer([item.paper for item in papers])
    assert micro_f1(given, label_matrix(papers, bundle.taxonomy)) > 0.8


def test_invented_papers_are_as_long_as_abstracts_and_the_same_each_time(bundle: ModelBundle) -> None:
    papers = invented_papers(bundle.taxonomy, 30)
    words = [len(item.paper.abstract.split()) for item in papers]
    assert min(words) >= 80
    assert max(words) <= 300
    assert papers == invented_papers(bundle.taxonomy, 30)
    assert len({item.paper.text for item in papers}) == 30


def test_machine_facts_are_json() -> None:
    facts = json.loads(json.dumps(machine_facts()))
    assert facts["cores"] == cores() >= 1
    assert "numpy" in facts["libraries"]
    assert busy() is None or busy() >= 0.0
