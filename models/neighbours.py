"""The labelled papers nearest to a vector, and how they would vote.

The vote is a softmax-weighted average of the labels of the twenty nearest papers, as a logit: the
third scorer of the accurate profile, beside the encoder's heads and the n-gram heads. It knows
themes by example where a linear head knows them by direction (k-nearest-neighbour classifier
combination as in kNN-LM, Khandelwal et al. 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from models.scores import FloatMatrix

VOTERS = 20
NEAREST = 5
"""How many of them the novelty of a vector is measured against."""

_TEMPERATURE = 0.05
_LEAST = 0.005


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest labelled papers of n vectors, nearest first.

    Attributes:
        positions: (n, v) int64 rows among the labelled papers. similarity: (n, v) float32 cosines.
    """

    positions: npt.NDArray[np.int64]
    similarity: FloatMatrix

    def distance(self) -> npt.NDArray[np.float32]:
        """(n,) mean distance, one minus cosine, to the five nearest."""
        return np.asarray(1.0 - self.similarity[:, :NEAREST].mean(axis=1), dtype=np.float32)

    def vote_logits(self, labels: Sequence[Sequence[int]], themes: int) -> FloatMatrix:
        """(n, themes) float32 logits of the weighted share of neighbours that carry each theme.

        Args:
            labels: theme columns of every labelled paper.
        """
        weights = np.exp((self.similarity - self.similarity[:, :1]) / _TEMPERATURE)
        weights /= weights.sum(axis=1, keepdims=True)
        shares = np.zeros((len(weights), themes), dtype=np.float32)
        for row, (positions, shared) in enumerate(zip(self.positions.tolist(), weights, strict=True)):
            for position, weight in zip(positions, shared, strict=True):
                shares[row, list(labels[position])] += weight
        clipped = np.clip(shares, _LEAST, 1.0 - _LEAST)
        return np.asarray(np.log(clipped / (1.0 - clipped)), dtype=np.float32)


def nearest_papers(labelled: FloatMatrix, vectors: FloatMatrix, *, skip: Sequence[int] = ()) -> Nearest:
    """The twenty nearest of the labelled papers, or all where there are fewer, of each vector.

    Vectors are compared one by one, so that the answer does not depend on the others, and on one core: a
    comparison is over before a second one has woken up, which then waits for its next turn at full speed.

    Args:
        labelled: (m, d) float32 unit vectors, m at least 1. vectors: (n, d) float32 unit vectors.
        skip: for each vector the row of a labelled paper to pass over (itself), if given.
    """
    count = min(VOTERS, len(labelled) - bool(len(skip)))
    positions = np.zeros((len(vectors), max(count, 1)), dtype=np.int64)
    similarity = np.zeros((len(vectors), max(count, 1)), dtype=np.float32)
    with _blas().limit(limits=1, user_api="blas"):
        for row, vector in enumerate(vectors):
            cosines = labelled @ vector
            if len(skip):
                cosines[skip[row]] = -2.0
            top = np.argpartition(-cosines, max(count, 1) - 1)[: max(count, 1)]
            top = top[np.lexsort((top, -cosines[top]))]
            positions[row], similarity[row] = top, cosines[top]
    return Nearest(positions, similarity)


def no_votes(count: int, themes: int) -> FloatMatrix:
    """(count, themes) zeros: what a bundle without labelled papers has for votes."""
    return np.zeros((count, themes), dtype=np.float32)


@cache
def _blas() -> ThreadpoolController:
    """What sets the number of threads of numpy's matrix products; looking for them takes milliseconds."""
    return ThreadpoolController()
