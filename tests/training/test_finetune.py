from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from models.encoders.transformer import TransformerEncoder
from models.errors import BundleError, LabelError, UnavailableError
from tests.tiny import tiny_encoder, tiny_papers, tiny_taxonomy
from tests.training.transformer_sample import save_transformer
from training.finetune import CHECKPOINT, TuneOptions, fine_tune

OPTIONS = TuneOptions(epochs=2.0, batch=8, rate=2e-3, max_tokens=64, threads=1)
TORCH = find_spec("torch") is not None and find_spec("sentence_transformers") is not None
needs_torch = pytest.mark.skipif(not TORCH, reason="torch is not installed (extra 'train')")


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_transformer(tmp_path_factory.mktemp("start") / "tiny")


@pytest.mark.skipif(TORCH, reason="torch is installed")
def test_without_torch_the_extra_is_named(start: Path, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"needs torch.*paperwire\[train\]"):
        fine_tune(start, tiny_papers(60, 1), (), tiny_taxonomy(), tmp_path, OPTIONS)


def test_too_few_papers_are_refused(start: Path, tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="leave --fine-tune away"):
        fine_tune(start, tiny_papers(49, 1), (), tiny_taxonomy(), tmp_path, OPTIONS)


def test_a_finished_graph_cannot_be_fine_tuned(tmp_path: Path) -> None:
    graph = tiny_encoder(tmp_path / "graph").directory
    with pytest.raises(BundleError, match="is no encoder"):
        fine_tune(graph, tiny_papers(60, 1), (), tiny_taxonomy(), tmp_path, OPTIONS)


@needs_torch
@pytest.mark.filterwarnings("ignore")
def test_the_encoder_learns_and_its_graph_says_what_torch_says(start: Path, tmp_path: Path) -> None:
    dev, told = tiny_papers(40, 2), list[str]()
    eager = replace(OPTIONS, epochs=6.0, head_rate=0.1, head_bias=-1.0)
    found = fine_tune(start, tiny_papers(120, 1), dev, tiny_taxonomy(), tmp_path, eager, tell=told.append)
    assert found.heads is not None
    figures = [float(line.rsplit(" ", 1)[1]) for line in told]
    assert len(figures) > 10
    assert figures[-1] > figures[0] + 0.1
    encoder = TransformerEncoder(found.directory, max_tokens=found.max_tokens)
    logits = found.heads.logits(encoder.encode([item.paper.text for item in dev]).vectors)
    truth = np.array([[theme in item.themes for theme in tiny_taxonomy().ids] for item in dev])
    best = max((2 * ((logits > t) & truth).sum() / ((logits > t).sum() + truth.sum())) for t in np.arange(-3, 1, 0.2))
    assert best == pytest.approx(figures[-1], abs=0.05)


@needs_torch
@pytest.mark.filterwarnings("ignore")
def test_a_killed_run_goes_on_to_the_very_same_encoder(start: Path, tmp_path: Path) -> None:
    papers = tiny_papers(64, 1)
    whole = fine_tune(start, papers, (), tiny_taxonomy(), tmp_path / "whole", OPTIONS)

    def stop(_: str, done: int, total: int) -> None:
        if done == 6:  # after the checkpoint of half an epoch, before the next
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fine_tune(start, papers, (), tiny_taxonomy(), tmp_path / "again", OPTIONS, progress=stop)
    assert list((tmp_path / "again").rglob(CHECKPOINT))
    told: list[str] = []
    again = fine_tune(start, papers, (), tiny_taxonomy(), tmp_path / "again", OPTIONS, tell=told.append)
    assert told == ["fine-tuning goes on after step 4 of 16"]
    for name in ("encoder.bin", "tokenizer.json"):
        assert (whole.directory / name).read_bytes() == (again.directory / name).read_bytes()
    assert whole.heads is not None
    assert again.heads is not None
    assert (whole.heads.weights == again.heads.weights).all()


@needs_torch
@pytest.mark.filterwarnings("ignore")
def test_a_finished_job_is_not_done_again_and_another_is(start: Path, tmp_path: Path) -> None:
    papers, steps = tiny_papers(50, 1), list[int]()
    short = replace(OPTIONS, epochs=0.3)
    first = fine_tune(start, papers, (), tiny_taxonomy(), tmp_path, short)
    again = fine_tune(
        start,
        papers,
        (),
        tiny_taxonomy(),
        tmp_path,
        replace(short, threads=2),
        progress=lambda *now: steps.append(now[1]),
    )
    assert (again.directory, steps) == (first.directory, [])
    other = fine_tune(start, papers, (), tiny_taxonomy(), tmp_path, replace(short, seed=1))
    assert other.directory != first.directory
