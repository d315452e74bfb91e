"""What a bundle is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.calibration import BoolMatrix
from models.classifiers import DenseHeads
from models.paper import Paper
from models.scores import FloatMatrix
from models.themes import Taxonomy
from training.dataset import LabelledPaper
from training.student import StudentOptions

ENOUGH_DEV = 150
"""With fewer dev papers, calibration and thresholds also see the training papers, cross-validated."""


@dataclass(frozen=True, slots=True)
class EncoderSource:
    """An encoder on disk, and heads trained end to end with it where there are any.

    Attributes:
        directory: holds encoder.xml, encoder.bin, tokenizer.json.
        name: what it is, for the manifest.
        heads: heads of a fine-tuned encoder; None fits new ones on its vectors.
        max_tokens: longest text it reads, in word pieces.
    """

    directory: Path
    name: str
    heads: DenseHeads | None = None
    max_tokens: int = 256


@dataclass(frozen=True, slots=True)
class FitOptions:
    """Knobs of a fit. The shipped bundle, with 42,000 distilled papers, has order 2 and a sparse penalty of 0.01.

    Attributes:
        order, vocabulary, ngrams: longest n-gram, words known, n-grams kept.
        sparse_penalty, dense_penalty, scope_penalty: ridge strengths of the heads.
        opening: word pieces of a text that "auto" lets the encoder read first, at two fifths of the time
            of the whole; 0 reads the whole at once, as a bundle does that had too few dev papers or has a network.
        iterations: most passes of the n-gram heads over the papers; they stop when nothing moves.
        seed: of cross-validation folds and of the order of papers.
    """

    order: int = 1
    vocabulary: int = 60_000
    ngrams: int = 150_000
    sparse_penalty: float = 0.02
    dense_penalty: float = 0.02
    scope_penalty: float = 0.05
    opening: int = 96
    iterations: int = 20
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


def joined_targets(truth: BoolMatrix, soft: SoftPapers | None) -> tuple[FloatMatrix, npt.NDArray[np.float32]]:
    """(n, k) float32 targets and (n,) float32 weights of labelled papers, then of pseudo-labelled ones."""
    targets, weights = truth.astype(np.float32), np.ones(len(truth), np.float32)
    if soft is None:
        return targets, weights
    more = np.full(len(soft.papers), soft.weight, np.float32)
    return np.concatenate([targets, soft.targets.astype(np.float32)]), np.concatenate([weights, more])


@dataclass(frozen=True, slots=True)
class Job:
    """What a bundle is made from.

    Attributes:
        train, dev: labelled papers; dev tunes calibration and thresholds and may be empty.
        outside: papers of other fields, which teach what is out of scope.
        soft: pseudo-labelled papers for the n-gram heads and the network.
        student: how the fast profile's network is trained; None trains none.
        field_categories: categories of sources, such as "cs.DC", whose papers are in scope whatever they say.
        name, version: of the bundle.
        notes: further facts for the manifest.
    """

    taxonomy: Taxonomy
    encoder: EncoderSource
    train: Sequence[LabelledPaper]
    dev: Sequence[LabelledPaper] = ()
    outside: Sequence[Paper] = ()
    soft: SoftPapers | None = None
    student: StudentOptions | None = None
    field_categories: tuple[str, ...] = ()
    name: str = "themes"
    version: str = "1"
    options: FitOptions = field(default_factory=FitOptions)
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cross_validated(self) -> bool:
        """Whether heads are also fitted without each fold, because dev papers are too few to calibrate on."""
        return len(self.dev) < ENOUGH_DEV
