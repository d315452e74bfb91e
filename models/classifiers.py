"""Linear heads: vectors in, one logit a theme out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.scores import FloatMatrix

AnyFloats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class DenseHeads:
    """Heads on an encoder's vectors.

    Attributes:
        weights: (k, d) float32. bias: (k,) float32.
    """

    weights: FloatMatrix
    bias: FloatMatrix

    def logits(self, vectors: FloatMatrix) -> FloatMatrix:
        """(n, k) float32 logits of (n, d) vectors; a row does not depend on the other rows."""
        return np.asarray(np.einsum("nd,kd->nk", vectors, self.weights) + self.bias, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class SparseHeads:
    """Heads on word n-grams, with one more head that says whether a paper is of the field at all.

    A paper holds some hundred of the n-grams: only their weights are made wide, so that the others cost a byte each.

    Attributes:
        weights: (m, k) int8, row by n-gram so that a paper touches few cache lines.
        scale: (k,) float32, what one of them is worth.
        bias: (k + e,) float32.
        scope: (m,) float32 and scope_bias: logit of being within the taxonomy's field.
        added: (m, e) float32, heads of themes that were added later.
    """

    weights: npt.NDArray[np.int8]
    scale: FloatMatrix
    bias: FloatMatrix
    scope: FloatMatrix
    scope_bias: float
    added: FloatMatrix | None = None

    @classmethod
    def of(cls, weights: FloatMatrix, bias: FloatMatrix, scope: FloatMatrix, scope_bias: float) -> SparseHeads:
        """Heads of (m, k) float32 weights, kept in eight bits with a scale for each theme."""
        scale = np.maximum(np.abs(weights).max(axis=0, initial=0.0), 1e-12).astype(np.float32) / np.float32(127.0)
        return cls(np.rint(weights / scale).astype(np.int8), scale, bias, scope, scope_bias)

    def with_columns(self, columns: AnyFloats, bias: AnyFloats) -> SparseHeads:
        """These heads and those of further themes: (m, e) weights and (e,) biases."""
        added = columns if self.added is None else np.hstack([self.added, columns])
        return replace(self, added=added.astype(np.float32), bias=np.append(self.bias, bias).astype(np.float32))

    def logits(self, features: sp.csr_matrix) -> FloatMatrix:
        """(n, k + e) float32 logits of (n, m) features; a row does not depend on the other rows."""
        return self.sums(features) + self.bias

    def sums(self, features: sp.csr_matrix) -> FloatMatrix:
        """(n, k + e) float32 logits without their biases."""
        found, places = np.unique(features.indices, return_inverse=True)
        held = sp.csr_matrix((features.data, places, features.indptr), shape=(features.shape[0], len(found)))
        sums = np.asarray(held @ self.weights[found].astype(np.float32), dtype=np.float32) * self.scale
        return sums if self.added is None else np.hstack([sums, np.asarray(held @ self.added[found], np.float32)])

    def weight(self, ngram: int, theme: int) -> float:
        """What one n-gram adds to the logit of a theme, for a feature of 1."""
        weights = self.weights[ngram] * self.scale
        return float((weights if self.added is None else np.append(weights, self.added[ngram]))[theme])

    def scope_logits(self, features: sp.csr_matrix) -> npt.NDArray[np.float32]:
        """(n,) float32, above zero where the paper is rather within the field."""
        return np.asarray(features @ self.scope, dtype=np.float32) + np.float32(self.scope_bias)
