"""Heads of a bundle: on n-grams and on vectors, with held-out logits where calibration needs them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.calibration import BoolMatrix
from models.classifiers import DenseHeads, SparseHeads
from models.parts import Lexical
from models.scores import FloatMatrix
from training.dual import fit_rows
from training.job import Job, joined_targets
from training.lexical import fit_heads, fit_ngrams, fit_words
from training.scope import fit_scope
from training.vectors import Progress, no_progress

FOLDS = 5

_MANY_TEXTS = 1000
_MAX_WEIGHTS = 40_000_000
"""n-grams times themes: 160 MB while fitting, 40 MB in the bundle. More themes know fewer n-grams."""

_DENSE_SCALE = np.float32(4.0)
"""Unit vectors are stretched by this before the ridge, or it would flatten their heads."""

_DENSE_ITERATIONS = 300

_TUNED_PENALTY = 0.3
"""Ridge of heads on vectors that were tuned on the same papers, which any weaker one would fit too well."""

Rows = npt.NDArray[np.int64]


def fit_lexical(job: Job, truth: BoolMatrix, progress: Progress = no_progress) -> tuple[Lexical, FloatMatrix | None]:
    """The n-gram half of the bundle, and (n, k) out-of-fold logits of the training papers if they are needed."""
    texts = [p.paper.text for p in job.train]
    more = [p.text for p in job.soft.papers] if job.soft else []
    options, few = job.options, len(texts) < _MANY_TEXTS
    progress("n-grams", 0, 1)
    words = fit_words([*texts, *more], size=options.vocabulary, min_count=1 if few else 3)
    size = min(options.ngrams, max(_MAX_WEIGHTS // len(job.taxonomy), 1))
    encoder = fit_ngrams([*texts, *more], words, order=options.order, min_documents=1 if few else 3, size=size)
    features = encoder.encode([*texts, *more])
    progress("n-grams", 1, 1)
    targets, importance = joined_targets(truth, job.soft)
    out = _lexical_folds(job, features, targets, importance, progress) if job.cross_validated else None
    weights, bias = _regress(job, features, targets, importance, progress)
    outside = encoder.encode([p.text for p in job.outside])
    scope, scope_bias = fit_scope(job, features[: len(texts)], outside, features[len(texts) :] if more else None)
    return Lexical(encoder, SparseHeads.of(weights, bias, scope, scope_bias)), out


def _regress(
    job: Job,
    features: sp.csr_matrix,
    targets: FloatMatrix,
    importance: npt.NDArray[np.float32],
    progress: Progress = no_progress,
) -> tuple[FloatMatrix, FloatMatrix]:
    total = job.options.iterations
    found = fit_rows(
        features,
        targets,
        importance=importance,
        penalty=job.options.sparse_penalty,
        passes=total,
        seed=job.options.seed,
        progress=lambda done: progress("n-gram heads", done, total),
    )
    progress("n-gram heads", total, total)
    return found


def _lexical_folds(
    job: Job,
    features: sp.csr_matrix,
    targets: FloatMatrix,
    importance: npt.NDArray[np.float32],
    progress: Progress,
) -> FloatMatrix:
    n = len(job.train)
    soft = np.arange(n, features.shape[0])  # pseudo-labelled papers are in every fold, as they are in the end
    out = np.zeros((n, targets.shape[1]), np.float32)
    folds = fold_rows(n, job.options.seed)
    for done, (kept, left) in enumerate(folds, start=1):
        rows = np.concatenate([kept, soft])
        weights, bias = _regress(job, features[rows], targets[rows], importance[rows])
        out[left] = np.asarray(features[left] @ weights) + bias
        progress("cross-validation", done, len(folds))
    return out


def fold_rows(n: int, seed: int) -> list[tuple[Rows, Rows]]:
    """(rows kept, rows left out) of each of five random folds; of fewer where there are fewer papers."""
    order = np.random.default_rng(seed).permutation(n)
    parts = np.array_split(order, min(FOLDS, n))
    return [(np.setdiff1d(order, part), np.sort(part)) for part in parts]


def fit_dense(
    job: Job, vectors: FloatMatrix, truth: BoolMatrix, progress: Progress = no_progress
) -> tuple[DenseHeads, FloatMatrix | None]:
    """Heads on (n, d) vectors of the training papers, and out-of-fold logits if they are needed.

    A fine-tuned encoder's own heads, which followed the encoder while it moved, are averaged with a
    strongly penalised regression on where its vectors ended: each corrects the other's overconfidence
    (`docs/experiments.md`). They come without out-of-fold logits: both have seen the papers.
    """
    scaled, targets = vectors * _DENSE_SCALE, truth.astype(np.float32)

    def fit(rows: Rows, penalty: float = job.options.dense_penalty) -> DenseHeads:
        weights, bias = fit_heads(scaled[rows], targets[rows], penalty=penalty, iterations=_DENSE_ITERATIONS)
        return DenseHeads(np.ascontiguousarray(weights.T) * _DENSE_SCALE, bias)

    if job.encoder.heads is not None:
        return _averaged(job.encoder.heads, fit(np.arange(len(vectors)), _TUNED_PENALTY)), None
    folds = fold_rows(len(vectors), job.options.seed) if job.cross_validated else []
    progress("encoder heads", 0, len(folds) + 1)
    heads = fit(np.arange(len(vectors)))
    out = np.zeros_like(targets)
    for done, (kept, left) in enumerate(folds, start=1):
        progress("encoder heads", done, len(folds) + 1)
        out[left] = fit(kept).logits(vectors[left])
    progress("encoder heads", len(folds) + 1, len(folds) + 1)
    return heads, out if folds else None


def _averaged(first: DenseHeads, second: DenseHeads) -> DenseHeads:
    weights = (first.weights + second.weights) / np.float32(2.0)
    return DenseHeads(weights, (first.bias + second.bias) / np.float32(2.0))
