"""Linear heads: vectors in, one logit a theme out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.scores import FloatMatrix


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

    Attributes:
        weights: (m, k) float32, row by n-gram so that a paper touches few cache lines.
        bias: (k,) float32.
        scope: (m,) float32 and scope_bias: logit of being within the taxonomy's field.
    """

    weights: FloatMatrix
    bias: FloatMatrix
    scope: FloatMatrix
    scope_bias: float

    def logits(self, features: sp.csr_matrix) -> FloatMatrix:
        """(n, k) float32 logits of (n, m) features."""
        return np.asarray(features @ self.weights, dtype=np.float32) + self.bias

    def scope_logits(self, features: sp.csr_matrix) -> npt.NDArray[np.float32]:
        """(n,) float32, above zero where the paper is rather within the field."""
        return np.asarray(features @ self.scope, dtype=np.float32) + np.float32(self.scope_bias)


def quantised(weights: FloatMatrix) -> tuple[npt.NDArray[np.int8], FloatMatrix]:
    """int8 values and (k,) float32 column scales whose product is within half a step of the weights."""
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-12).astype(np.float32) / np.float32(127.0)
    return np.rint(weights / scale).astype(np.int8), scale
