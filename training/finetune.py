"""An encoder trained end to end with its heads, on sentence-transformers and torch (extra `train`).

Binary cross-entropy summed over themes, on the normalised mean of the token vectors. Heads start as
the embeddings of the theme definitions, so that the first step already knows what themes mean
(Halder et al. 2020 do so for few examples). Lower layers learn slower (Howard & Ruder 2018), word
embeddings not at all. Some texts are shown as titles alone or cut short, so that those are understood
too; unlabelled papers may teach with another model's probabilities (Hinton et al. 2015). What comes
out is a running average of the weights. Every half epoch the state is written down, so that a killed
run goes on exactly where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.classifiers import DenseHeads
from models.encoders.transformer import GRAPH, TOKENIZER
from models.errors import LabelError, UnavailableError
from models.paper import Paper
from models.scores import FloatMatrix
from models.themes import Taxonomy
from models.words import counted
from training.batches import Shortening
from training.dataset import LabelledPaper, label_matrix
from training.encoders import FORM, MINILM_NAME, PACKAGE, config_of, max_tokens
from training.graph import save_graph
from training.job import EncoderSource, SoftPapers, joined_targets
from training.quantise import quantised_graph
from training.vectors import Progress, no_progress

if TYPE_CHECKING:
    from training.network import Network

CHECKPOINT = "checkpoint.safetensors"
LEAST_PAPERS = 50
_DONE = "heads.npz"

Tell = Callable[[str], None]
"""Is told one line."""


def silent(line: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """How an encoder is fine-tuned; `docs/experiments.md` says what the shipped one was made with.

    Attributes:
        epochs: times that every paper is seen. batch: papers a step.
        rate, head_rate: highest learning rates of the encoder's top layer and of the heads.
        layer_rate: each layer's rate over that of the one above it.
        decay: of weight matrices (AdamW). warm_up: share of the steps in which rates rise.
        dropout: of hidden states. masked: share of word pieces hidden. shortening: of texts.
        averaged: share that the running average of the weights keeps at a step.
        head_scale, head_bias: of the heads made from theme definitions.
        max_tokens: word pieces read of a text.
        seed: of everything drawn. threads: cores; 0 takes all.
    """

    epochs: float = 4.0
    batch: int = 16
    rate: float = 8e-5
    head_rate: float = 1e-2
    layer_rate: float = 0.9
    decay: float = 0.01
    warm_up: float = 0.06
    dropout: float = 0.1
    masked: float = 0.1
    shortening: Shortening = field(default_factory=Shortening)
    averaged: float = 0.997
    head_scale: float = 12.0
    head_bias: float = -7.0
    max_tokens: int = 256
    seed: int = 0
    threads: int = 0


def fine_tune(
    start: Path,
    train: Sequence[LabelledPaper],
    dev: Sequence[LabelledPaper],
    taxonomy: Taxonomy,
    work: Path,
    options: TuneOptions | None = None,
    *,
    soft: SoftPapers | None = None,
    progress: Progress = no_progress,
    tell: Tell = silent,
) -> EncoderSource:
    """An encoder fine-tuned on labelled papers, as a graph, with its heads.

    Args:
        start: a saved BERT sentence transformer, such as `training.encoders.minilm_directory()`.
        dev: papers whose figures are told at every checkpoint; nothing is chosen by them.
        work: where checkpoint and result go, each job in a directory of its own; a finished job is
            not done again.
        soft: unlabelled papers with another model's probabilities, which teach beside the labelled ones.
        tell: is told a line now and then.

    Raises:
        UnavailableError: torch or sentence-transformers are not installed.
        LabelError: fewer than 50 papers. BundleError: `start` cannot be used.
    """
    chosen = options or TuneOptions()
    config_of(start)
    if len(train) < LEAST_PAPERS:
        raise LabelError(
            f"{counted(len(train), 'labelled paper')} to fine-tune an encoder on, {LEAST_PAPERS} is the least: "
            "leave --fine-tune away"
        )
    lessons = _lessons(train, soft, taxonomy)
    place = work / f"finetune-{_digest(start, lessons, taxonomy, chosen)}"
    if not (place / _DONE).is_file():
        place.mkdir(parents=True, exist_ok=True)
        network = _network(start, taxonomy, chosen)
        _run(network, lessons, dev, taxonomy, place, chosen, progress, tell)
        with network.learner.averaged():
            _export(network, start, place, [item.paper.text for item in train])
    return _finished(place, start, chosen)


@dataclass(frozen=True, slots=True)
class _Lessons:
    """Papers to learn from, their (n, k) float32 targets and (n,) float32 weights."""

    papers: Sequence[Paper]
    targets: FloatMatrix
    weights: npt.NDArray[np.float32]

    def digest(self) -> str:
        digest = hashlib.sha256(self.targets.tobytes() + self.weights.tobytes())
        for paper in self.papers:
            digest.update(paper.digest.encode())
        return digest.hexdigest()


def _lessons(train: Sequence[LabelledPaper], soft: SoftPapers | None, taxonomy: Taxonomy) -> _Lessons:
    papers = [item.paper for item in train] + list(soft.papers if soft else ())
    return _Lessons(papers, *joined_targets(label_matrix(train, taxonomy), soft))


def _digest(start: Path, lessons: _Lessons, taxonomy: Taxonomy, options: TuneOptions) -> str:
    """Names the job: same start, data, themes and options, same result."""
    with (start / "model.safetensors").open("rb") as stream:
        weights = hashlib.file_digest(stream, "sha256").hexdigest()
    facts = [weights, lessons.digest(), taxonomy.fingerprint, asdict(options) | {"threads": 0}, FORM]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _network(start: Path, taxonomy: Taxonomy, options: TuneOptions) -> Network:
    try:
        from training.network import Network
    except ModuleNotFoundError as error:
        raise UnavailableError(
            f"fine-tuning needs {error.name}, which is not installed: `pip install 'paperwire[train]'`"
        ) from None
    return Network(start, [theme.definition for theme in taxonomy.themes], options)


def _run(
    network: Network,
    lessons: _Lessons,
    dev: Sequence[LabelledPaper],
    taxonomy: Taxonomy,
    place: Path,
    options: TuneOptions,
    progress: Progress,
    tell: Tell,
) -> None:
    from training.batches import Batches

    texts = network.tokens([paper.text for paper in lessons.papers])
    titles = network.tokens([Paper(paper.id, paper.title).text or paper.text for paper in lessons.papers])
    dev_texts, dev_truth = network.tokens([item.paper.text for item in dev]), label_matrix(dev, taxonomy)
    batches = Batches(np.array([len(text) for text in texts]), options.batch, options.seed)
    steps = max(round(options.epochs * batches.in_epoch), 1)
    every = max(batches.in_epoch // 2, 1)
    first = network.learner.restore(place / CHECKPOINT)
    if first:
        tell(f"fine-tuning goes on after step {first:,} of {steps:,}")
    for step, rows in batches.steps(first, steps):
        shown = options.shortening.of(
            [texts[row] for row in rows], [titles[row] for row in rows], seed=options.seed, step=step
        )
        network.learn(shown, lessons.targets[rows], lessons.weights[rows], step, steps)
        progress("fine-tuning", step + 1, steps)
        if (step + 1) % every == 0 or step + 1 == steps:
            network.learner.keep(place / CHECKPOINT, step + 1)
            if len(dev):
                with network.learner.averaged():
                    figure = _best_f1(network.probabilities(dev_texts), dev_truth)
                tell(f"epoch {(step + 1) / batches.in_epoch:.1f}: micro-F1 of {len(dev)} dev papers {figure:.3f}")


def _best_f1(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Micro-F1 at the best common threshold: a figure to watch, not one to report."""
    thresholds = np.arange(0.1, 0.75, 0.05)
    counts = [(probabilities >= t, t) for t in thresholds]
    return max(float(2 * (given & truth).sum() / max(given.sum() + truth.sum(), 1)) for given, _ in counts)


def _export(network: Network, start: Path, place: Path, texts: Sequence[str]) -> None:
    """Graph, tokenizer and heads; the heads last and at once, for they say that all is there."""
    weights, shape = network.weights()
    shutil.copyfile(start / TOKENIZER, place / TOKENIZER)
    save_graph(quantised_graph(weights, shape, place / TOKENIZER, texts), place / GRAPH)
    matrix, bias = network.heads()
    staging = place / f".{_DONE}.{os.getpid()}.npz"
    np.savez(staging, weights=matrix, bias=bias)
    staging.replace(place / _DONE)


def _finished(place: Path, start: Path, options: TuneOptions) -> EncoderSource:
    with np.load(place / _DONE, allow_pickle=False) as arrays:
        heads = DenseHeads(arrays["weights"], arrays["bias"])
    name = MINILM_NAME if PACKAGE in start.parts else start.name
    return EncoderSource(place, f"fine-tuned {name}", heads, min(options.max_tokens, max_tokens(start)))
