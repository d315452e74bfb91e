"""The fast profile's network: small, trained on labels and, above all, on what a bundle says of other papers.

A network of this size learns little from ten thousand labels; from a hundred thousand papers with the
accurate profile's probabilities it learns most of what n-grams miss (Hinton et al. 2015). It is trained
on torch and written as an OpenVINO graph. Every epoch its state is written down, so that a killed run
goes on exactly where it was.
"""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from models.encoders.ngrams import NgramEncoder
from models.encoders.word_network import NETWORK_GRAPH, SKIPPED, WordNetwork, network_inputs
from models.errors import UnavailableError
from models.scores import FloatMatrix
from training.batches import Batches
from training.graph import save_graph
from training.vectors import Progress, no_progress
from training.word_graph import word_graph

if TYPE_CHECKING:
    from training.word_network import StudentNetwork

CHECKPOINT = "checkpoint.safetensors"

_RARE = 5.0  # words seen less often than this begin near zero
_STRENGTH, _NOISE = 0.5, 0.1

Words = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StudentOptions:
    """Sizes of the network and how it is trained; `docs/experiments.md` says what they gave.

    Attributes:
        embedding, width, span, hidden: columns of a word, channels of the convolution, words that it spans, units
            of the hidden layer.
        limit: words read of a text, those that carry no theme (stop words, punctuation) left out.
        epochs: times that every paper is seen. batch: papers a step. rate: highest learning rate.
        decay: of all weights but the words'. warm_up: share of the steps in which rates rise.
        dropout: of states. masked: share of words replaced by the unknown word. cut, least, most: share of texts
            cut short, to between so many words.
        averaged: share that the running average of the weights keeps at a step.
        seed: of everything drawn.
    """

    embedding: int = 128
    width: int = 256
    span: int = 5
    hidden: int = 256
    limit: int = 160
    epochs: float = 4.0
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.01
    warm_up: float = 0.05
    dropout: float = 0.1
    masked: float = 0.15
    cut: float = 0.08
    least: int = 6
    most: int = 60
    averaged: float = 0.998
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Lessons:
    """What the network learns from.

    Attributes:
        texts: n of them. targets: (n, k) float32 in [0, 1]. weights: (n,) float32.
    """

    texts: Sequence[str]
    targets: FloatMatrix
    weights: npt.NDArray[np.float32]


def fit_student(
    encoder: NgramEncoder, lessons: Lessons, work: Path, options: StudentOptions, progress: Progress = no_progress
) -> WordNetwork:
    """The trained network, from a directory of its own under `work`; a finished one is not trained again.

    Args:
        encoder: whose words it reads.

    Raises:
        UnavailableError: torch is not installed.
    """
    rows = _rows(encoder)
    place = work / f"student-{_digest(encoder, lessons, options)}"
    if not (place / NETWORK_GRAPH).is_file():
        place.mkdir(parents=True, exist_ok=True)
        words = network_inputs(encoder.words(lessons.texts), rows, options.limit)
        network = _network(_first_vectors(words, lessons.targets, int(rows.max()) + 1, options), lessons, options)
        _run(network, words, lessons, place, options, progress)
        with network.learner.averaged():
            _export(network, place)
    return WordNetwork(place, rows, options.limit)


def _rows(encoder: NgramEncoder) -> npt.NDArray[np.int32]:
    """The network's number of each word: 0 the unknown word, none for words that carry no theme."""
    vocabulary = encoder.tokenizer.get_vocab()
    rows = np.zeros(max(vocabulary.values()) + 1, np.int32)
    skipped = [vocabulary[word] for word in {*ENGLISH_STOP_WORDS, *string.punctuation} if vocabulary.get(word, 0)]
    rows[skipped] = SKIPPED
    rows[rows != SKIPPED] = np.arange(np.count_nonzero(rows != SKIPPED), dtype=np.int32)
    return rows


def _digest(encoder: NgramEncoder, lessons: Lessons, options: StudentOptions) -> str:
    """Names the job: same words, papers, targets and options, same result."""
    digest = hashlib.sha256(encoder.tokenizer.to_str().encode())
    digest.update(json.dumps(asdict(options), sort_keys=True).encode())
    digest.update(np.ascontiguousarray(lessons.targets).tobytes() + lessons.weights.tobytes())
    for text in lessons.texts:
        digest.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    return digest.hexdigest()[:16]


def _first_vectors(words: Sequence[Words], targets: FloatMatrix, known: int, options: StudentOptions) -> FloatMatrix:
    """(v, d) float32 to begin with: what the papers are about that a word stands in, thrown onto d columns, and noise.

    Words of like themes begin near each other (Achlioptas 2003 for the throw), which random vectors take an epoch
    to come to.
    """
    owners = np.repeat(np.arange(len(words)), [len(text) for text in words])
    stands = sp.csr_matrix((np.ones(len(owners), np.float32), (owners, np.concatenate(words))), (len(words), known))
    about = np.asarray(stands.T @ (targets - targets.mean(axis=0))) / (_RARE + stands.sum(axis=0).A1)[:, None]
    generator = np.random.default_rng(options.seed)
    thrown = about @ generator.normal(size=(targets.shape[1], options.embedding))
    noise = generator.normal(0.0, _NOISE, thrown.shape)
    return np.asarray(thrown / max(float(thrown.std()), 1e-6) * _STRENGTH + noise, np.float32)


def _network(table: FloatMatrix, lessons: Lessons, options: StudentOptions) -> StudentNetwork:
    try:
        from training.word_network import StudentNetwork
    except ModuleNotFoundError as error:
        raise UnavailableError(
            f"training the fast profile's network needs {error.name}, which is not installed: "
            "`pip install 'paperwire[train]'`"
        ) from None
    return StudentNetwork(table, lessons.targets.shape[1], options)


def _run(
    network: StudentNetwork,
    words: Sequence[Words],
    lessons: Lessons,
    place: Path,
    options: StudentOptions,
    progress: Progress,
) -> None:
    batches = Batches(np.array([len(text) for text in words]), options.batch, options.seed)
    steps = max(round(options.epochs * batches.in_epoch), 1)
    first = network.learner.restore(place / CHECKPOINT)
    for step, rows in batches.steps(first, steps):
        shown = _shown([words[row] for row in rows], step, options)
        network.learn(shown, lessons.targets[rows], lessons.weights[rows], step, steps)
        progress("network", step + 1, steps)
        if (step + 1) % batches.in_epoch == 0:
            network.learner.keep(place / CHECKPOINT, step + 1)


def _shown(texts: Sequence[Words], step: int, options: StudentOptions) -> list[Words]:
    """What is shown of texts at a step: some cut short, and some words of all made unknown."""
    generator = np.random.default_rng([options.seed, step])
    cut = generator.random(len(texts)) < options.cut
    ends = generator.integers(options.least, options.most + 1, len(texts))
    parts = [text[:end] if short else text for text, short, end in zip(texts, cut, ends, strict=True)]
    return [np.where(generator.random(len(part)) < options.masked, 0, part) for part in parts]


def _export(network: StudentNetwork, place: Path) -> None:
    """The graph appears at once, for it says that all is there."""
    save_graph(word_graph(network.weights()), place / NETWORK_GRAPH)
