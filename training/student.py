"""The fast profile's network: small, trained on labels and, above all, on what a bundle says of other papers.

A network of this size learns little from ten thousand labels; from a hundred thousand papers with the
accurate profile's probabilities it learns most of what n-grams miss (Hinton et al. 2015), and sooner and
better where it is also to come near to the encoder's vector of each paper (Romero et al. 2015). It is
trained on torch and written as an OpenVINO graph. Every epoch its state is written down, so that a killed
run goes on exactly where it was.
"""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

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
Text = TypeVar("Text")


@dataclass(frozen=True, slots=True)
class StudentOptions:
    """Sizes of the network and how it is trained; `docs/experiments.md` says what they gave.

    Attributes:
        known: most frequent words that it knows.
        embedding, width, span, hidden: columns of a word, channels of the convolution, words that it spans, units
            of the hidden layer.
        limit: words read of a text, those that carry no theme (stop words, punctuation) left out.
        epochs: times that every paper is seen. batch: papers a step. rate: highest learning rate.
        decay: of all weights but the words'. warm_up: share of the steps in which rates rise.
        dropout: of states. masked: share of words replaced by the unknown word. cut, least, most: share of texts
            cut short, to between so many words.
        closeness: weight of one minus the cosine to the encoder's vectors, against the loss over themes.
        averaged: share that the running average of the weights keeps at a step.
        seed: of everything drawn.
    """

    known: int = 48_000
    embedding: int = 256
    width: int = 256
    span: int = 3
    hidden: int = 384
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
    closeness: float = 6.0
    averaged: float = 0.998
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Lessons(Generic[Text]):
    """What the network learns from.

    Attributes:
        texts: n of them, or their word numbers. targets: (n, k) float32 in [0, 1]. weights: (n,) float32.
        vectors: (n, d) floats, unit vectors of the texts to come near to, if any.
    """

    texts: Sequence[Text]
    targets: FloatMatrix
    weights: npt.NDArray[np.float32]
    vectors: npt.NDArray[np.floating[Any]] | None = None


def fit_student(
    encoder: NgramEncoder, lessons: Lessons[str], work: Path, options: StudentOptions, progress: Progress = no_progress
) -> WordNetwork:
    """The trained network, from a directory of its own under `work`; a finished one is not trained again.

    Args:
        encoder: whose words it reads.

    Raises:
        UnavailableError: torch is not installed.
    """
    words = encoder.words(lessons.texts)
    rows = _rows(encoder, np.bincount(words.numbers), options.known)
    place = work / f"student-{_digest(encoder, lessons, options)}"
    if not (place / NETWORK_GRAPH).is_file():
        place.mkdir(parents=True, exist_ok=True)
        read = network_inputs(words, rows, options.limit)
        numbered = Lessons(read, lessons.targets, lessons.weights, lessons.vectors)
        network = _network(_first_vectors(numbered, int(rows.max()) + 1, options), numbered, options)
        _run(network, numbered, place, options, progress)
        with network.learner.averaged():
            _export(network, place)
    return WordNetwork(place, rows, options.limit)


def need_torch() -> None:
    """Refuse to begin without it.

    Raises:
        UnavailableError: torch is not installed.
    """
    if find_spec("torch") is None:
        raise UnavailableError(
            "training the fast profile's network needs torch, which is not installed: `pip install 'paperwire[train]'`"
        )


def _rows(encoder: NgramEncoder, counts: npt.NDArray[np.int64], known: int) -> npt.NDArray[np.int32]:
    """The network's number of each word: 0 the unknown word and rare ones, none for words that carry no theme.

    Args:
        counts: how often each word is seen; words beyond the last are not.
    """
    vocabulary = encoder.tokenizer.get_vocab()
    seen = np.zeros(max(vocabulary.values()) + 1, np.int64)
    seen[: len(counts)] = counts[: len(seen)]
    skipped = [vocabulary[word] for word in {*ENGLISH_STOP_WORDS, *string.punctuation} if vocabulary.get(word, 0)]
    seen[[0, *skipped]] = 0
    frequent = np.sort(np.argsort(-seen, kind="stable")[:known])
    frequent = frequent[seen[frequent] > 0]
    rows = np.zeros(len(seen), np.int32)
    rows[frequent] = np.arange(1, len(frequent) + 1, dtype=np.int32)
    rows[skipped] = SKIPPED
    return rows


def _digest(encoder: NgramEncoder, lessons: Lessons[str], options: StudentOptions) -> str:
    """Names the job: same words, papers, targets and options, same result."""
    digest = hashlib.sha256(encoder.tokenizer.to_str().encode())
    digest.update(json.dumps(asdict(options), sort_keys=True).encode())
    digest.update(np.ascontiguousarray(lessons.targets).tobytes() + lessons.weights.tobytes())
    if lessons.vectors is not None:
        digest.update(np.ascontiguousarray(lessons.vectors).tobytes())
    for text in lessons.texts:
        digest.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    return digest.hexdigest()[:16]


def _first_vectors(lessons: Lessons[Words], known: int, options: StudentOptions) -> FloatMatrix:
    """(v, d) float32 to begin with: what the papers are about that a word stands in, in d columns, and noise.

    Words of like papers begin near each other, which random vectors take an epoch to come to. What papers are about
    is their targets and vectors; where that has more columns than d, those that words differ most in are kept (Eckart
    & Young 1936), otherwise they are thrown onto d at random (Achlioptas 2003).
    """
    owners = np.repeat(np.arange(len(lessons.texts)), [len(text) for text in lessons.texts])
    places = (owners, np.concatenate(lessons.texts))
    stands = sp.csr_matrix((np.ones(len(owners), np.float32), places), (len(lessons.texts), known))
    counts = np.asarray(stands.sum(axis=0), np.float32).ravel()
    about = np.asarray(stands.T @ _features(lessons)) / (_RARE + counts)[:, None]
    generator = np.random.default_rng(options.seed)
    if about.shape[1] > options.embedding:
        _, directions = np.linalg.eigh((about * counts[:, None]).T @ about)
        thrown = about @ directions[:, -options.embedding :]
    else:
        thrown = about @ generator.normal(size=(about.shape[1], options.embedding))
    noise = generator.normal(0.0, _NOISE, thrown.shape)
    return np.asarray(thrown / max(float(thrown.std()), 1e-6) * _STRENGTH + noise, np.float32)


def _features(lessons: Lessons[Words]) -> FloatMatrix:
    """(n, k) float32 targets, and beside them the vectors, which count a quarter, centred."""
    targets: FloatMatrix = lessons.targets - lessons.targets.mean(axis=0)
    if lessons.vectors is None:
        return targets
    vectors = lessons.vectors.astype(np.float32) - lessons.vectors.mean(axis=0, dtype=np.float32)
    scaled = [part / max(float(part.std()), 1e-6) for part in (targets, vectors)]
    return np.concatenate([scaled[0], scaled[1] * np.float32(0.5)], axis=1)


def _network(table: FloatMatrix, lessons: Lessons[Words], options: StudentOptions) -> StudentNetwork:
    need_torch()
    from training.word_network import StudentNetwork

    vectors = 0 if lessons.vectors is None else lessons.vectors.shape[1]
    return StudentNetwork(table, lessons.targets.shape[1], vectors, options)


def _run(
    network: StudentNetwork, lessons: Lessons[Words], place: Path, options: StudentOptions, progress: Progress
) -> None:
    batches = Batches(np.array([len(text) for text in lessons.texts]), options.batch, options.seed)
    steps = max(round(options.epochs * batches.in_epoch), 1)
    first = network.learner.restore(place / CHECKPOINT)
    for step, rows in batches.steps(first, steps):
        network.learn(_batch(lessons, rows, step, options), step, steps)
        progress("network", step + 1, steps)
        if (step + 1) % batches.in_epoch == 0:
            network.learner.keep(place / CHECKPOINT, step + 1)


def _batch(lessons: Lessons[Words], rows: Words, step: int, options: StudentOptions) -> Lessons[Words]:
    return Lessons(
        _shown([lessons.texts[row] for row in rows], step, options),
        lessons.targets[rows],
        lessons.weights[rows],
        None if lessons.vectors is None else lessons.vectors[rows],
    )


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
