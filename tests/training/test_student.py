from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from models.bundle import ModelBundle
from models.encoders.ngrams import NgramEncoder, Words
from models.encoders.word_network import NETWORK_GRAPH, NETWORK_WEIGHTS, SKIPPED, WordNetwork, network_inputs
from models.errors import LabelError, UnavailableError
from models.scores import sigmoid
from models.scoring import score_texts
from tests.tiny import tiny_job, tiny_papers, tiny_taxonomy
from training.dataset import label_matrix
from training.fit import fit_bundle
from training.graph import save_graph
from training.lexical import fit_ngrams, fit_words
from training.student import CHECKPOINT, Lessons, StudentOptions, fit_student

OPTIONS = StudentOptions(embedding=16, width=24, hidden=16, limit=40, epochs=2.0, batch=16, rate=1e-2, averaged=0.9)
VIEW = 20
PAPERS = tiny_papers(160, 1)
TORCH = find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not TORCH, reason="torch is not installed (extra 'train')")


@pytest.fixture(scope="module")
def encoder() -> NgramEncoder:
    texts = [item.paper.text for item in PAPERS]
    return fit_ngrams(texts, fit_words(texts, min_count=1), order=1)


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    truth = label_matrix(PAPERS, tiny_taxonomy()).astype(np.float32)
    views = (truth - 0.5) @ np.random.default_rng(4).normal(size=(truth.shape[1], VIEW)).astype(np.float32)
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    return Lessons([item.paper.text for item in PAPERS], truth, np.ones(len(truth), np.float32), views)


@pytest.mark.skipif(TORCH, reason="torch is installed")
def test_without_torch_the_extra_is_named(encoder: NgramEncoder, lessons: Lessons[str], tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"needs torch.*paperwire\[train\]"):
        fit_student(encoder, lessons, tmp_path, OPTIONS)


def test_without_dev_papers_it_cannot_be_calibrated(tmp_path: Path) -> None:
    job = replace(tiny_job(tmp_path / "encoder"), dev=tiny_papers(20, 2), student=OPTIONS)
    with pytest.raises(LabelError if TORCH else UnavailableError, match="leave --student away" if TORCH else "torch"):
        fit_bundle(job, tmp_path / "bundle")


@needs_torch
@pytest.mark.parametrize("viewed", [True, False])
def test_the_network_learns_what_it_is_shown(
    encoder: NgramEncoder, lessons: Lessons[str], tmp_path: Path, *, viewed: bool
) -> None:
    shown = lessons if viewed else replace(lessons, vectors=None)
    network = fit_student(encoder, shown, tmp_path, replace(OPTIONS, epochs=12.0))
    others = tiny_papers(80, 2)
    found = sigmoid(network.logits(encoder.words([item.paper.text for item in others]))) > 0.5
    truth = label_matrix(others, tiny_taxonomy())
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.8
    vocabulary = encoder.tokenizer.get_vocab()
    assert network.rows[vocabulary["the"]] == network.rows[vocabulary["."]] == SKIPPED
    read = np.sort(network.rows[network.rows != SKIPPED])
    assert read.tolist() == list(range(len(read)))


@needs_torch
def test_the_network_comes_near_to_the_vectors_alone(
    encoder: NgramEncoder, lessons: Lessons[str], tmp_path: Path
) -> None:
    from training.word_network import StudentNetwork

    rows = fit_student(encoder, lessons, tmp_path, replace(OPTIONS, epochs=0.1)).rows
    texts = network_inputs(encoder.words(lessons.texts), rows, OPTIONS.limit)
    silent = Lessons(texts, lessons.targets, np.zeros(len(texts), np.float32), lessons.vectors)
    table = np.random.default_rng(5).normal(size=(int(rows.max()) + 1, OPTIONS.embedding)).astype(np.float32)
    network = StudentNetwork(table, len(tiny_taxonomy()), VIEW, replace(OPTIONS, closeness=1.0, dropout=0.0))
    losses = [network.learn(silent, step, 60) for step in range(60)]
    assert losses[0] > 0.6
    assert losses[-1] < 0.3


@needs_torch
def test_the_graph_says_what_the_trained_network_says(
    encoder: NgramEncoder, lessons: Lessons[str], tmp_path: Path
) -> None:
    import torch

    from training.word_graph import word_graph
    from training.word_network import StudentNetwork

    rng, known = np.random.default_rng(6), 50
    network = StudentNetwork(rng.normal(size=(known, OPTIONS.embedding)).astype(np.float32), 5, 0, OPTIONS)
    net = network.learner.modules["net"].eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.from_numpy(rng.normal(0.0, 0.2, parameter.shape).astype(np.float32)))
    save_graph(word_graph(network.weights()), tmp_path / NETWORK_GRAPH)
    texts = [rng.integers(0, known, length) for length in (1, 3, 31, 32, 33, OPTIONS.limit)]
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    rows = np.arange(known, dtype=np.int32)
    found = WordNetwork(tmp_path, rows, OPTIONS.limit).logits(Words(np.concatenate(texts), owners, len(texts)))
    with torch.no_grad():
        expected = np.array([net(torch.from_numpy(text[None]))[0][0].numpy() for text in texts])
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(found, expected, atol=0.2)  # products in bfloat16, words in eight bits


@needs_torch
def test_rare_words_are_unknown_to_the_network(encoder: NgramEncoder, lessons: Lessons[str], tmp_path: Path) -> None:
    network = fit_student(encoder, lessons, tmp_path, replace(OPTIONS, epochs=0.1, known=12))
    words = encoder.words(lessons.texts).numbers
    counts = np.bincount(words, minlength=len(network.rows))
    known = network.rows > 0
    assert known.sum() == 12
    assert counts[known].min() >= counts[(network.rows == 0) & (np.arange(len(counts)) > 0)].max()


@needs_torch
def test_a_killed_run_goes_on_to_the_very_same_network(
    encoder: NgramEncoder, lessons: Lessons[str], tmp_path: Path
) -> None:
    whole = fit_student(encoder, lessons, tmp_path / "whole", OPTIONS)

    def stop(_: str, done: int, total: int) -> None:
        if done == total - 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_student(encoder, lessons, tmp_path / "again", OPTIONS, stop)
    assert list((tmp_path / "again").rglob(CHECKPOINT))
    steps: list[int] = []
    again = fit_student(encoder, lessons, tmp_path / "again", OPTIONS, lambda _, done, total: steps.append(done))
    assert steps[0] == 11
    for name in (NETWORK_GRAPH, NETWORK_WEIGHTS):
        assert (whole.directory / name).read_bytes() == (again.directory / name).read_bytes()
    once_more = fit_student(encoder, lessons, tmp_path / "again", OPTIONS, stop)
    assert once_more.directory == again.directory


@needs_torch
def test_a_bundle_is_trained_with_its_network(tmp_path: Path) -> None:
    job = replace(tiny_job(tmp_path / "encoder"), student=replace(OPTIONS, epochs=6.0))
    fit_bundle(job, tmp_path / "bundle", work=tmp_path / "work")
    bundle = ModelBundle.load(tmp_path / "bundle")
    assert {NETWORK_GRAPH, NETWORK_WEIGHTS} <= set(bundle.manifest["files"])
    texts, truth = [item.paper.text for item in job.dev], label_matrix(job.dev, job.taxonomy)
    assert set(bundle.profiles) == {"fast", "accurate"}
    for stage, scorers in (("fast", 2), ("accurate", 4)):
        assert len(bundle.profiles[stage].calibration.weights) == scorers
        found = score_texts(bundle, texts, stage).probabilities > 0.5
        assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.8
