"""From labelled papers to a bundle: heads on n-grams and on vectors, calibration, thresholds.

The encoder is given: the shipped one, the published MiniLM, or one fine-tuned by
`training.finetune` (whose heads then come with it). Everything here runs without torch, but for the
network of `training.student`, where one is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from models.calibration import BoolMatrix
from models.classifiers import DenseHeads
from models.encoders.transformer import GRAPH, TOKENIZER, WEIGHTS, TransformerEncoder
from models.encoders.word_network import NETWORK_GRAPH, NETWORK_WEIGHTS
from models.errors import LabelError
from models.neighbours import LabelledVectors, no_votes
from models.parts import Lexical, LexicalLogits, Parts
from models.saving import save_bundle
from models.scores import FloatMatrix
from models.words import counted
from training.dataset import data_digest, label_matrix
from training.heads import FOLDS, fit_dense, fit_lexical
from training.job import ENOUGH_DEV, EncoderSource, FitOptions, Job, SoftPapers, joined_targets
from training.scope import scope_floor
from training.student import Lessons, fit_student, need_torch
from training.thresholds import HeldOut, Openings, fit_profiles, quantiles
from training.vectors import Progress, VectorCache, encode_all, encoder_digest, no_progress

__all__ = ["EncoderSource", "FitOptions", "Job", "SoftPapers", "fit_bundle"]

_NOVELTY_SAMPLE = 2_000

Encode = Callable[[Sequence[str]], FloatMatrix]


def fit_bundle(
    job: Job, out: Path, *, cache: Path | None = None, work: Path | None = None, progress: Progress = no_progress
) -> str:
    """Train and write a bundle; comes back with its digest.

    Args:
        out: directory of the bundle. cache: file for vectors, so that a killed run goes on.
        work: directory for the state of a network under training; by default one that is gone afterwards.

    Raises:
        LabelError: fewer than two training papers, or too few dev papers to calibrate scorers on that have seen
            the training papers.
        UnavailableError: a network is wanted, even one that is trained already, and torch is not installed.
        ThemeError: a label that the taxonomy lacks. BundleError: `out` cannot be written.
    """
    _check(job)
    truth = label_matrix(job.train, job.taxonomy)
    lexical, lexical_out = fit_lexical(job, truth, progress)
    encoder = TransformerEncoder(job.encoder.directory, max_tokens=job.encoder.max_tokens)
    vectors = partial(encode_all, encoder, cache=VectorCache(cache, encoder.dim), progress=progress)
    with _student(job, lexical, truth, vectors, work, progress) as lexical:
        return _fit(job, out, truth, lexical, lexical_out, encoder, vectors, progress)


def _fit(
    job: Job,
    out: Path,
    truth: BoolMatrix,
    lexical: Lexical,
    lexical_out: FloatMatrix | None,
    encoder: TransformerEncoder,
    encode: Encode,
    progress: Progress,
) -> str:
    vectors = encode([p.paper.text for p in [*job.train, *job.dev]])
    train_vectors, dev_vectors = vectors[: len(job.train)], vectors[len(job.train) :]
    papers = LabelledVectors(train_vectors)
    heads, dense_out = fit_dense(job, train_vectors, truth, progress)
    _, dev_logits = lexical.read([p.paper.text for p in job.dev])
    dense, votes = (dense_out, heads.logits(dev_vectors)), _votes(job, papers, dev_vectors)
    held = _held_out(job, (lexical_out, dev_logits), dense, votes)
    openings = _openings(job, encoder, heads, papers, dev_logits)
    progress("calibration", 0, 1)
    profiles, metrics = fit_profiles(held, scope_floor(job, lexical), openings)
    progress("calibration", 1, 1)
    arrays = _dense_arrays(job, heads, papers, dev_vectors)
    if openings is not None:
        arrays["opening"] = np.array([job.options.opening], dtype=np.int64)
    return save_bundle(_parts(job, lexical, profiles, arrays, metrics), out)


@contextmanager
def _student(
    job: Job, lexical: Lexical, truth: BoolMatrix, encode: Encode, work: Path | None, progress: Progress
) -> Iterator[Lexical]:
    """The n-gram half, with a network where the job wants one; its files are there until the block ends."""
    if job.student is None:
        yield lexical
        return
    with TemporaryDirectory(prefix="paperwire-") as folder:
        texts = [p.paper.text for p in job.train] + [p.text for p in (job.soft.papers if job.soft else ())]
        lessons = Lessons(texts, *joined_targets(truth, job.soft), encode(texts))
        network = fit_student(lexical.encoder, lessons, work or Path(folder), job.student, progress)
        yield replace(lexical, network=network)


def _check(job: Job) -> None:
    if len(job.train) < 2:
        raise LabelError(
            f"{counted(len(job.train), 'labelled paper')} to train on: give at least two, better fifty a theme"
        )
    if job.student is not None:
        need_torch()
    if job.student is not None and job.cross_validated:
        raise LabelError(
            f"{counted(len(job.dev), 'dev paper')}: the fast profile's network needs {ENOUGH_DEV} to be calibrated on; "
            "give more, or leave --student away"
        )
    if job.encoder.heads is not None and not job.dev:
        raise LabelError(
            f"the encoder {job.encoder.name!r} brings heads that have seen the training papers: give dev papers too"
        )


def _openings(
    job: Job, encoder: TransformerEncoder, heads: DenseHeads, papers: LabelledVectors, lexical: LexicalLogits
) -> Openings | None:
    """What the stage "opening" is tuned on: the openings of the dev papers, if there are enough and no network.

    Args:
        papers: vectors of the training papers. lexical: logits of the dev papers.
    """
    wanted = job.student is None and not job.cross_validated  # with a network, "fast" is about as good as they are
    if not wanted or not 0 < job.options.opening < encoder.max_tokens:
        return None
    vectors = encoder.encode([p.paper.text for p in job.dev], limit=job.options.opening).vectors
    nearest = papers.nearest(vectors)
    votes = nearest.vote_logits(_columns(job), len(job.taxonomy))
    truth = label_matrix(job.dev, job.taxonomy)
    held = HeldOut(lexical, heads.logits(vectors), votes, truth, f"the openings of {len(job.dev)} dev papers")
    return Openings(held, quantiles(nearest.distance()))


Pair = tuple[FloatMatrix | None, FloatMatrix]
"""Logits of the training papers, if they were cross-validated, and of the dev papers."""


def _votes(job: Job, papers: LabelledVectors, dev: FloatMatrix) -> Pair:
    """Votes of the training papers for each other, if calibration needs them, and for the dev papers."""
    labels, themes = _columns(job), len(job.taxonomy)
    on_dev = papers.nearest(dev).vote_logits(labels, themes)
    if not job.cross_validated:
        return None, on_dev
    if len(papers) < 2:
        return no_votes(len(papers), themes), on_dev
    return papers.nearest(papers.full(), skip=range(len(papers))).vote_logits(labels, themes), on_dev


def _held_out(job: Job, lexical: tuple[FloatMatrix | None, LexicalLogits], dense: Pair, votes: Pair) -> HeldOut:
    """Dev papers, and training papers where both kinds of heads were cross-validated on them."""
    dev_truth = label_matrix(job.dev, job.taxonomy)
    if lexical[0] is None or dense[0] is None or votes[0] is None:
        return HeldOut(lexical[1], dense[1], votes[1], dev_truth, counted(len(job.dev), "dev paper"))
    truth = np.concatenate([label_matrix(job.train, job.taxonomy), dev_truth])
    train, dev = counted(len(job.train), "training paper"), counted(len(job.dev), "dev paper")
    what = f"{train} by {FOLDS}-fold cross-validation and {dev}"
    pairs = ((lexical[0], lexical[1].ngrams), dense, votes)
    ngrams, both, voted = (np.concatenate([pair[0], pair[1]]) for pair in pairs if pair[0] is not None)
    return HeldOut(LexicalLogits(ngrams), both, voted, truth, what)


def _columns(job: Job) -> list[list[int]]:
    return [[job.taxonomy.column(theme) for theme in labelled.themes] for labelled in job.train]


def _parts(
    job: Job, lexical: Lexical, profiles: Mapping[str, Any], arrays: dict[str, Any], metrics: Mapping[str, Any]
) -> Parts:
    files = {name: job.encoder.directory / name for name in (GRAPH, WEIGHTS, TOKENIZER)}
    if lexical.network is not None:
        files |= {name: lexical.network.directory / name for name in (NETWORK_GRAPH, NETWORK_WEIGHTS)}
    return Parts(job.taxonomy, lexical, profiles, arrays, files, _manifest(job, metrics))


def _dense_arrays(
    job: Job, heads: DenseHeads, papers: LabelledVectors, dev: FloatMatrix
) -> dict[str, npt.NDArray[Any]]:
    columns = _columns(job)
    return {
        "weights": np.ascontiguousarray(heads.weights, dtype=np.float32),
        "bias": heads.bias.astype(np.float32),
        "max_tokens": np.array([job.encoder.max_tokens], dtype=np.int64),
        "vectors": np.rint(papers.full() * 127.0).astype(np.int8),
        "ids": np.frombuffer("\n".join(p.paper.id.replace("\n", " ") for p in job.train).encode(), dtype=np.uint8),
        "label_columns": np.array([c for row in columns for c in row], dtype=np.int32),
        "label_ends": np.cumsum([len(row) for row in columns]).astype(np.int64),
        "novelty": _novelty_quantiles(papers, dev),
    }


def _novelty_quantiles(papers: LabelledVectors, dev: FloatMatrix) -> FloatMatrix:
    """Quantiles of the mean distance to the five nearest training papers, of papers not trained on.

    Without dev papers, training papers are measured against the others; two thousand of them will do.
    """
    own = not len(dev)
    rows = np.unique(np.linspace(0, len(papers) - 1, _NOVELTY_SAMPLE).astype(int))
    if own and len(papers) < 2:
        return np.zeros(101, dtype=np.float32)
    nearest = papers.nearest(papers.full(rows), skip=rows.tolist()) if own else papers.nearest(dev)
    return quantiles(nearest.distance())


def _manifest(job: Job, metrics: Mapping[str, Any]) -> dict[str, Any]:
    import importlib.metadata as metadata

    versions = {name: metadata.version(name) for name in ("numpy", "scipy", "openvino", "tokenizers")}
    return {
        "name": job.name,
        "version": job.version,
        "encoder": {"name": job.encoder.name, "sha256": encoder_digest(job.encoder.directory)},
        "data": {"sha256": data_digest([*job.train, *job.dev]), "train": len(job.train), "dev": len(job.dev)},
        "metrics": dict(metrics),
        "field_categories": list(job.field_categories),
        "libraries": versions,
        **job.notes,
    }
