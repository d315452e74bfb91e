"""From labelled papers to a bundle: heads on n-grams and on vectors, calibration, thresholds.

The encoder is given: the shipped one, the published MiniLM, or one fine-tuned by
`training.finetune` (whose heads then come with it). Everything here runs without torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.calibration import BoolMatrix, Calibration, expected_calibration_error, fit_calibration
from models.classifiers import DenseHeads, SparseHeads
from models.encoders.transformer import GRAPH, TOKENIZER, WEIGHTS, TransformerEncoder
from models.paper import Paper
from models.parts import Lexical, Parts, ProfileSettings
from models.saving import save_bundle
from models.scores import FloatMatrix
from models.tagger import NOVELTY_NEIGHBOURS, energy, expected_errors
from models.themes import Taxonomy
from training.dataset import LabelledPaper, data_digest, label_matrix
from training.lexical import fit_heads, fit_ngrams, fit_words
from training.vectors import Progress, VectorCache, encode_all, encoder_digest, no_progress

FOLDS = 5
AUTO_SHARE = 0.25
"""Share of papers that "auto" hands to the accurate profile, on the papers it is tuned on."""

_ENOUGH_DEV = 150
_OFF = -1e9
_SCOPE_KEPT = 0.995


@dataclass(frozen=True, slots=True)
class EncoderSource:
    """An encoder on disk, and heads trained end to end with it where there are any.

    Attributes:
        directory: holds encoder.xml, encoder.bin, tokenizer.json.
        name: what it is, for the manifest.
        heads: heads of a fine-tuned encoder; None fits new ones on its vectors.
    """

    directory: Path
    name: str
    heads: DenseHeads | None = None
    max_tokens: int = 256


@dataclass(frozen=True, slots=True)
class FitOptions:
    """Knobs of a fit; the defaults are what the shipped bundle was made with.

    Attributes:
        order, vocabulary, ngrams: longest n-gram, words known, n-grams kept.
        sparse_penalty, dense_penalty: ridge strengths of the heads.
        iterations: of the sparse heads.
        seed: of the cross-validation folds.
    """

    order: int = 2
    vocabulary: int = 60_000
    ngrams: int = 150_000
    sparse_penalty: float = 0.02
    dense_penalty: float = 0.02
    iterations: int = 150
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SoftPapers:
    """Papers with another model's probabilities in place of labels.

    Attributes:
        papers: n of them. targets: (n, k) float32 in [0, 1]. weight: of one of them against a label.
    """

    papers: Sequence[Paper]
    targets: FloatMatrix
    weight: float = 0.5


@dataclass(frozen=True, slots=True)
class Job:
    """What a bundle is made from.

    Attributes:
        train, dev: labelled papers; dev tunes calibration and thresholds and may be empty.
        outside: papers of other fields, which teach what is out of scope.
        soft: pseudo-labelled papers for the n-gram heads.
        name, version: of the bundle.
        notes: further facts for the manifest.
    """

    taxonomy: Taxonomy
    encoder: EncoderSource
    train: Sequence[LabelledPaper]
    dev: Sequence[LabelledPaper] = ()
    outside: Sequence[Paper] = ()
    soft: SoftPapers | None = None
    name: str = "themes"
    version: str = "1"
    options: FitOptions = field(default_factory=FitOptions)
    notes: Mapping[str, Any] = field(default_factory=dict)


def fit_bundle(job: Job, out: Path, *, cache: Path | None = None, progress: Progress = no_progress) -> str:
    """Train and write a bundle; comes back with its digest.

    Args:
        out: directory of the bundle. cache: file for vectors, so that a killed run goes on.

    Raises:
        ThemeError: a label that the taxonomy lacks. BundleError: `out` cannot be written.
    """
    truth, dev_truth = label_matrix(job.train, job.taxonomy), label_matrix(job.dev, job.taxonomy)
    lexical, sparse_out = _fit_sparse(job, truth, progress)
    encoder = TransformerEncoder(job.encoder.directory, max_tokens=job.encoder.max_tokens)
    vectors = encode_all(
        encoder, [p.paper.text for p in [*job.train, *job.dev]], VectorCache(cache, encoder.dim), progress
    )
    train_vectors, dev_vectors = vectors[: len(job.train)], vectors[len(job.train) :]
    heads, dense_out = _fit_dense(job, train_vectors, truth, progress)
    sparse_dev, dense_dev = lexical.heads.logits(_features(lexical, job.dev)), heads.logits(dev_vectors)
    held = _held_out(job, (sparse_out, sparse_dev), (dense_out, dense_dev), (truth, dev_truth))
    profiles, metrics = _profiles(job, lexical, held)
    manifest = _manifest(job, metrics)
    arrays = _dense_arrays(job, heads, train_vectors, dev_vectors)
    files = {name: job.encoder.directory / name for name in (GRAPH, WEIGHTS, TOKENIZER)}
    return save_bundle(Parts(job.taxonomy, lexical, profiles, arrays, files, manifest), out)


@dataclass(frozen=True, slots=True)
class _HeldOut:
    """Logits of papers that the heads were not trained on, and their labels."""

    sparse: FloatMatrix
    dense: FloatMatrix
    truth: BoolMatrix
    what: str


def _held_out(
    job: Job,
    sparse: tuple[FloatMatrix | None, FloatMatrix],
    dense: tuple[FloatMatrix | None, FloatMatrix],
    truth: tuple[BoolMatrix, BoolMatrix],
) -> _HeldOut:
    if sparse[0] is None or dense[0] is None:
        return _HeldOut(sparse[1], dense[1], truth[1], f"{len(job.dev)} dev papers")
    stacked = [np.concatenate([a, b]) for a, b in ((sparse[0], sparse[1]), (dense[0], dense[1]))]
    what = f"{len(job.train)} training papers by {FOLDS}-fold cross-validation and {len(job.dev)} dev papers"
    return _HeldOut(stacked[0], stacked[1], np.concatenate(truth), what)


def _needs_folds(job: Job) -> bool:
    return len(job.dev) < _ENOUGH_DEV


def _fit_sparse(job: Job, truth: BoolMatrix, progress: Progress) -> tuple[Lexical, FloatMatrix | None]:
    options = job.options
    texts = [p.paper.text for p in job.train]
    more = [p.text for p in job.soft.papers] if job.soft else []
    progress("n-grams", 0, 1)
    words = fit_words([*texts, *more], size=options.vocabulary, min_count=1 if len(texts) < 1000 else 3)
    documents = 1 if len(texts) < 1000 else 3
    encoder = fit_ngrams([*texts, *more], words, order=options.order, min_documents=documents, size=options.ngrams)
    features = encoder.encode([*texts, *more])
    targets, weights = truth.astype(np.float32), np.ones(len(texts), np.float32)
    out = _sparse_folds(job, features[: len(texts)], targets, progress) if _needs_folds(job) else None
    if job.soft:
        targets = np.concatenate([targets, job.soft.targets])
        weights = np.append(weights, np.full(len(more), job.soft.weight, np.float32))
    matrix, bias = _logistic(job, features, targets, weights, progress, "n-gram heads")
    scope, scope_bias = _fit_scope(job, encoder.encode([p.text for p in job.outside]), features[: len(texts)])
    return Lexical(encoder, SparseHeads(matrix, bias, scope, scope_bias)), out


def _logistic(
    job: Job,
    features: sp.csr_matrix,
    targets: FloatMatrix,
    weights: npt.NDArray[np.float32],
    progress: Progress,
    what: str,
) -> tuple[FloatMatrix, FloatMatrix]:
    total = job.options.iterations
    return fit_heads(
        features,
        targets,
        weights=weights,
        penalty=job.options.sparse_penalty,
        iterations=total,
        progress=lambda step, _: progress(what, step, total),
    )


def _sparse_folds(job: Job, features: sp.csr_matrix, targets: FloatMatrix, progress: Progress) -> FloatMatrix:
    out = np.zeros_like(targets)
    for fold, (kept, left) in enumerate(_folds(job, features.shape[0])):
        ones = np.ones(len(kept), np.float32)
        matrix, bias = _logistic(job, features[kept], targets[kept], ones, no_progress, "")
        out[left] = np.asarray(features[left] @ matrix) + bias
        progress("cross-validation", fold + 1, FOLDS)
    return out


def _folds(job: Job, n: int) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    order = np.random.default_rng(job.options.seed).permutation(n)
    parts = np.array_split(order, min(FOLDS, n))
    return [(np.setdiff1d(order, part), np.sort(part)) for part in parts]


def _fit_scope(job: Job, outside: sp.csr_matrix, inside: sp.csr_matrix) -> tuple[FloatMatrix, float]:
    """A head that tells papers of the field from those of other fields; silent without examples."""
    if not outside.shape[0]:
        return np.zeros(inside.shape[1], np.float32), 0.0
    of_field = np.array([bool(p.themes) for p in job.train])
    features = sp.vstack([inside[of_field], outside], format="csr")
    target = np.append(np.ones(int(of_field.sum())), np.zeros(outside.shape[0])).astype(np.float32)[:, None]
    matrix, bias = fit_heads(features, target, penalty=job.options.sparse_penalty, iterations=100)
    return matrix[:, 0], float(bias[0])


def _fit_dense(
    job: Job, vectors: FloatMatrix, truth: BoolMatrix, progress: Progress
) -> tuple[DenseHeads, FloatMatrix | None]:
    """Heads on vectors, and out-of-fold logits where calibration needs them."""
    if job.encoder.heads is not None:
        return job.encoder.heads, None
    scaled = sp.csr_matrix(vectors * _DENSE_SCALE)
    targets = truth.astype(np.float32)

    def fit(rows: npt.NDArray[np.int64]) -> DenseHeads:
        weights, bias = fit_heads(scaled[rows], targets[rows], penalty=job.options.dense_penalty, iterations=300)
        return DenseHeads(np.ascontiguousarray(weights.T) * np.float32(_DENSE_SCALE), bias)

    progress("encoder heads", 0, 1)
    heads = fit(np.arange(len(vectors)))
    if not _needs_folds(job):
        return heads, None
    out = np.zeros_like(targets)
    for kept, left in _folds(job, len(vectors)):
        out[left] = fit(kept).logits(vectors[left])
    return heads, out


_DENSE_SCALE = 4.0
"""Unit vectors are stretched by this before the ridge, or it would flatten their heads."""


def _features(lexical: Lexical, papers: Sequence[LabelledPaper]) -> sp.csr_matrix:
    return lexical.encoder.encode([p.paper.text for p in papers])


def _profiles(job: Job, lexical: Lexical, held: _HeldOut) -> tuple[dict[str, ProfileSettings], dict[str, Any]]:
    fast = fit_calibration([held.sparse], held.truth)
    accurate = fit_calibration([held.dense, held.sparse], held.truth)
    novelty = np.quantile(-energy(held.sparse), np.linspace(0, 1, 101)).astype(np.float32)
    scope_floor = _scope_floor(job, lexical)
    out: dict[str, ProfileSettings] = {}
    metrics: dict[str, Any] = {"tuned_on": held.what}
    for name, calibration, logits in (("fast", fast, [held.sparse]), ("accurate", accurate, [held.dense, held.sparse])):
        probabilities = calibration.probabilities(logits)
        floor = _best_floor(calibration, probabilities, held.truth)
        settings = ProfileSettings(calibration, floor, scope_floor, novelty, 0.0)
        limit = float(np.quantile(expected_errors(probabilities, settings), 1.0 - AUTO_SHARE))
        out[name] = ProfileSettings(calibration, floor, scope_floor, novelty, limit)
        metrics[name] = {
            "micro_f1": round(_micro_f1(given(calibration, floor, probabilities), held.truth), 4),
            "ece": round(expected_calibration_error(probabilities, held.truth), 4),
        }
    return out, metrics


def _scope_floor(job: Job, lexical: Lexical) -> float:
    """Logit below which only one in two hundred labelled papers falls, if other fields were shown."""
    if not job.outside:
        return _OFF
    known = [p for p in (job.dev or job.train) if p.themes]
    logits = lexical.heads.scope_logits(_features(lexical, known))
    return min(float(np.quantile(logits, 1.0 - _SCOPE_KEPT)), 0.0)


def given(calibration: Calibration, floor: float, probabilities: FloatMatrix) -> BoolMatrix:
    """(n, k) bool tags under the F1 promise: above threshold, or the best above the floor where nothing is."""
    chosen = probabilities >= calibration.best[None, :]
    lonely = np.flatnonzero(~chosen.any(axis=1))
    best = probabilities[lonely].argmax(axis=1)
    chosen[lonely, best] = probabilities[lonely, best] >= floor
    return np.asarray(chosen, dtype=bool)


def _best_floor(calibration: Calibration, probabilities: FloatMatrix, truth: BoolMatrix) -> float:
    grid = np.arange(0.05, 0.5, 0.025)
    scores = [_micro_f1(given(calibration, float(floor), probabilities), truth) for floor in grid]
    return float(grid[int(np.argmax(scores))])


def _micro_f1(chosen: BoolMatrix, truth: BoolMatrix) -> float:
    return float(2.0 * (chosen & truth).sum() / max(int(chosen.sum() + truth.sum()), 1))


def _dense_arrays(job: Job, heads: DenseHeads, train: FloatMatrix, dev: FloatMatrix) -> dict[str, npt.NDArray[Any]]:
    columns = [[job.taxonomy.column(t) for t in p.themes] for p in job.train]
    return {
        "weights": np.ascontiguousarray(heads.weights, dtype=np.float32),
        "bias": heads.bias.astype(np.float32),
        "max_tokens": np.array([job.encoder.max_tokens], dtype=np.int64),
        "vectors": np.rint(train * 127.0).astype(np.int8),
        "ids": np.frombuffer("\n".join(p.paper.id.replace("\n", " ") for p in job.train).encode(), dtype=np.uint8),
        "label_columns": np.array([c for row in columns for c in row], dtype=np.int32),
        "label_ends": np.cumsum([len(row) for row in columns]).astype(np.int64),
        "novelty": _novelty_quantiles(train, dev),
    }


def _novelty_quantiles(train: FloatMatrix, dev: FloatMatrix) -> FloatMatrix:
    """Quantiles of the mean distance to the five nearest training papers, of papers not trained on."""
    own = not len(dev)
    queries = train if own else dev
    near = min(NOVELTY_NEIGHBOURS, max(len(train) - own, 1))
    distances = []
    for row, vector in enumerate(queries):
        cosines = train @ vector
        if own:
            cosines[row] = -1.0
        distances.append(1.0 - float(np.sort(cosines)[-near:].mean()))
    return np.quantile(distances, np.linspace(0, 1, 101)).astype(np.float32)


def _manifest(job: Job, metrics: Mapping[str, Any]) -> dict[str, Any]:
    import importlib.metadata as metadata

    versions = {name: metadata.version(name) for name in ("numpy", "scipy", "openvino", "tokenizers")}
    return {
        "name": job.name,
        "version": job.version,
        "encoder": {"name": job.encoder.name, "sha256": encoder_digest(job.encoder.directory)},
        "data": {"sha256": data_digest([*job.train, *job.dev]), "train": len(job.train), "dev": len(job.dev)},
        "metrics": dict(metrics),
        "libraries": versions,
        **job.notes,
    }
