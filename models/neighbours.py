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
from threading import Lock

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from models.scores import FloatMatrix

VOTERS = 20
NEAREST = 5
"""How many of them the novelty of a vector is measured against."""
CANDIDATES = 400
"""Papers that are compared in full."""
DIRECTIONS = 64
"""Columns by which candidates are chosen."""

_ONE_CORE = Lock()  # the limit is the process's: who leaves it puts back what was there when it came
_SAMPLE = 4096  # papers that the directions are taken from, and at a time in memory

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


class LabelledVectors:
    """The vectors of labelled papers, and the search among them.

    A search goes over all of them in the few directions that they differ most in (principal components without
    centring), and compares the best of these in full. On 500 later papers and 23,751 labelled ones, 400 candidates
    by 64 directions hold every one of the twenty nearest, for a sixth of the time.

    Args:
        vectors: (m, d) unit vectors, float32, or int8 in steps of 1/127.

    Attributes:
        stored: the vectors as given.
    """

    def __init__(self, vectors: npt.NDArray[np.float32] | npt.NDArray[np.int8]) -> None:
        self.stored = vectors
        self._step = np.float32(1.0 / 127.0 if vectors.dtype == np.int8 else 1.0)
        self._directions = self._positions = None
        self._whole = None
        if len(vectors) > CANDIDATES and vectors.shape[1] > DIRECTIONS:
            self._directions = _main_directions(self.full(np.arange(0, len(vectors), 1 + len(vectors) // _SAMPLE)))
            self._positions = np.concatenate([self.full(part) @ self._directions for part in self._parts()])
        else:
            self._whole = self.full()

    def __len__(self) -> int:
        return len(self.stored)

    def full(self, rows: npt.NDArray[np.int64] | slice = slice(None)) -> FloatMatrix:
        """(r, d) float32 vectors of some papers, by default of all."""
        return np.asarray(self.stored[rows] * self._step, dtype=np.float32)

    def nearest(self, vectors: FloatMatrix, *, skip: Sequence[int] = ()) -> Nearest:
        """The twenty nearest papers, or all where there are fewer, of each vector.

        Vectors are compared one by one, so that the answer does not depend on the others, and on one core: a
        comparison is over before a second one has woken up, which then waits for its next turn at full speed.

        Args:
            vectors: (n, d) float32 unit vectors.
            skip: for each vector the row of a paper to pass over (itself), if given.

        Raises:
            ValueError: there is no paper to be near to.
        """
        if not len(self):
            raise ValueError("there are no labelled papers to be near to")
        count = max(min(VOTERS, len(self) - bool(len(skip))), 1)
        positions = np.zeros((len(vectors), count), dtype=np.int64)
        similarity = np.zeros((len(vectors), count), dtype=np.float32)
        with _ONE_CORE, _blas().limit(limits=1, user_api="blas"):
            for row, vector in enumerate(vectors):
                candidates = self._candidates(vector)
                cosines = (self.full(candidates) if self._whole is None else self._whole) @ vector
                if len(skip):
                    cosines[candidates == skip[row]] = -2.0
                top = np.lexsort((candidates, -cosines))[:count]
                positions[row], similarity[row] = candidates[top], cosines[top]
        return Nearest(positions, similarity)

    def _candidates(self, vector: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        if self._directions is None or self._positions is None:
            return np.arange(len(self))
        along = self._positions @ (vector @ self._directions)
        return np.argpartition(along, len(along) - CANDIDATES)[-CANDIDATES:]

    def _parts(self) -> list[slice]:
        return [slice(start, start + _SAMPLE) for start in range(0, len(self), _SAMPLE)]


def _main_directions(vectors: FloatMatrix) -> FloatMatrix:
    """(d, `DIRECTIONS`) orthonormal columns along which the vectors are longest."""
    _, directions = np.linalg.eigh(vectors.T @ vectors)
    return np.ascontiguousarray(directions[:, -DIRECTIONS:])


def no_votes(count: int, themes: int) -> FloatMatrix:
    """(count, themes) zeros: what a bundle without labelled papers has for votes."""
    return np.zeros((count, themes), dtype=np.float32)


@cache
def _blas() -> ThreadpoolController:
    """What sets the number of threads of numpy's matrix products; looking for them takes milliseconds."""
    return ThreadpoolController()
