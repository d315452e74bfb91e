"""How alike a paper is to a definition and to examples, as scores that are linear in the paper.

    n-grams   overlap of unit tf-idf rows with the definition and the examples, in standard deviations
              from the overlap of any paper. Its mean and deviation follow from the document frequencies
              under the independence of terms (Robertson & Sparck Jones 1976): no text is needed.
    vectors   projection on (examples - papers) + (definition - other definitions), whitened by a
              shrunken covariance of the labelled papers' vectors (linear discriminant analysis with
              papers in general as the other class: Fisher 1936, Ledoit & Wolf 2004), in standard
              deviations of those papers.

A definition counts as much as three examples. A logit is a weighted sum of the two scores, of how far
the best hundredth of papers stands out, and of what examples score when left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.encoders.ngrams import NgramEncoder
from models.errors import ThemeError
from models.scores import FloatMatrix

Vector = npt.NDArray[np.float64]

DEFINITION_WEIGHT = 3.0
"""A definition counts as so many examples."""
LEFT_OUT_FROM = 3
"""Examples are scored without themselves where there are so many."""
TAIL = 0.99
"""Quantile of papers' scores that says how far a theme stands out."""

MEASURED_EXAMPLES = (0, 3, 5, 10)
"""Numbers of examples that thresholds are measured with."""
KNOTS = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Probabilities at which precision and recall are measured."""

_SHRINKAGE = 0.9
_FEWEST_PAPERS = 10
_DEFINITIONS_TRUSTED = 5.0


@dataclass(frozen=True, slots=True)
class Coefficients:
    """From scores to a logit.

    `dense * z_d + sparse * z_s + tail * t + constant`, and with three examples or more, kept between -1 and 1,
    `+ known + left_dense * (mean z_d) + left_sparse * (mean z_s)` of the left-out examples.

    Attributes:
        thresholds: of probability, best for F1 with 0, 3, 5 and 10 examples.
        precision, recall: expected at probabilities 0.05, 0.1, ... 0.95.
    """

    dense: float
    sparse: float
    tail: float
    constant: float
    known: float
    left_dense: float
    left_sparse: float
    thresholds: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]

    def shift(self, examples: int, left_dense: float, left_sparse: float) -> float:
        """What left-out examples move the logit by, at most 1: where they score high, so must a paper."""
        if examples < LEFT_OUT_FROM:
            return 0.0
        # Examples that repeat each other score without limit, and say no more for it.
        return float(np.clip(self.known + self.left_dense * left_dense + self.left_sparse * left_sparse, -1.0, 1.0))

    def threshold(self, examples: int) -> float:
        """Probability from which a theme with so many examples is given."""
        return float(np.interp(examples, MEASURED_EXAMPLES, self.thresholds))


@dataclass(frozen=True, slots=True)
class Line:
    """A score that is linear in its input: `weights @ x + bias`, in standard deviations of any paper's.

    Attributes:
        tail: the score that one paper in a hundred exceeds; 0 where it is not known.
    """

    weights: Vector
    bias: float
    tail: float = 0.0

    def of(self, rows: FloatMatrix | sp.csr_matrix) -> Vector:
        """(n,) scores of (n, m) rows."""
        return np.asarray(rows @ self.weights, dtype=np.float64).ravel() + self.bias


@dataclass(frozen=True, slots=True)
class Overlap:
    """What overlap any paper has with anything, by n-gram.

    Attributes:
        mean, variance: (m,) of the tf-idf value of each n-gram in a paper.
    """

    mean: Vector
    variance: Vector

    @classmethod
    def of(cls, encoder: NgramEncoder) -> Overlap:
        """Expected values under the document frequencies that the encoder's idf stands for."""
        idf = encoder.idf.astype(np.float64)
        frequency = np.minimum(np.exp(1.0 - idf), 1.0)
        value = idf / max(float(np.sqrt((frequency * idf**2).sum())), 1e-12)
        return cls(frequency * value, frequency * (1.0 - frequency) * value**2)

    def line(self, definition: sp.csr_matrix, examples: sp.csr_matrix) -> Line:
        """Score of the overlap with a (1, m) definition and (n, m) examples; zero if they hold no known n-gram."""
        wanted = DEFINITION_WEIGHT * _row(definition) + _row(examples)
        deviation = float(np.sqrt((wanted**2) @ self.variance))
        if deviation < 1e-12:
            return Line(np.zeros_like(wanted), 0.0)
        return Line(wanted / deviation, -float(wanted @ self.mean) / deviation)


@dataclass(frozen=True, slots=True)
class Background:
    """Vectors of papers in general.

    Attributes:
        vectors: (m, d). mean: (d,) of them. definitions: (d,) mean vector of other themes' definitions.
        whitening: (d, d) inverse of their shrunken covariance.
    """

    vectors: FloatMatrix
    mean: Vector
    definitions: Vector
    whitening: npt.NDArray[np.float64]

    @classmethod
    def of(cls, papers: FloatMatrix, definitions: FloatMatrix) -> Background:
        """From (m, d) vectors of papers and (k, d) of themes' definitions.

        Raises:
            ThemeError: fewer than ten papers.
        """
        if len(papers) < _FEWEST_PAPERS:
            raise ThemeError(
                f"the bundle keeps {len(papers)} labelled papers' vectors, provisional themes need {_FEWEST_PAPERS}: "
                "use the fast profile, or a bundle trained on more papers"
            )
        mean: Vector = papers.mean(axis=0, dtype=np.float64)
        covariance: npt.NDArray[np.float64] = np.cov(papers.T.astype(np.float64))
        size = float(np.trace(covariance)) / len(mean)
        shrunk = (1.0 - _SHRINKAGE) * covariance + _SHRINKAGE * max(size, 1e-12) * np.eye(len(mean))
        # A handful of definitions has no mean of its own yet: that of papers steps in.
        total = len(definitions) + _DEFINITIONS_TRUSTED
        general: Vector = (definitions.sum(axis=0, dtype=np.float64) + _DEFINITIONS_TRUSTED * mean) / total
        return cls(papers, mean, general, np.asarray(np.linalg.inv(shrunk), dtype=np.float64))

    def line(self, definition: FloatMatrix, examples: FloatMatrix) -> Line:
        """Score of the likeness to a (d,) definition and (n, d) examples."""
        direction = DEFINITION_WEIGHT * (definition - self.definitions) + (examples - self.mean).sum(axis=0)
        # Whitening pays where papers are compared with papers; from a definition alone it lowers the precision.
        weights = self.whitening @ direction if len(examples) else direction
        scores = self.vectors @ weights
        deviation = max(float(scores.std()), 1e-12)
        tail = float(np.quantile(scores, TAIL) - scores.mean()) / deviation
        return Line(weights / deviation, -float(scores.mean()) / deviation, tail)


def left_out(rows: FloatMatrix | sp.csr_matrix, line: Callable[[FloatMatrix | sp.csr_matrix], Line]) -> float:
    """Mean score of examples, each under the line of the others; 0 where there are fewer than three."""
    count = int(rows.shape[0])
    if count < LEFT_OUT_FROM:
        return 0.0
    others = [np.delete(np.arange(count), position) for position in range(count)]
    return float(np.mean([line(rows[rest]).of(rows[[position]])[0] for position, rest in enumerate(others)]))


def _row(rows: sp.csr_matrix) -> Vector:
    return np.asarray(rows.sum(axis=0), dtype=np.float64).ravel()
