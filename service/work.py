"""What the engine can be asked for: tags, all probabilities, or vectors of papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from models.bundle import ModelBundle
from models.paper import Paper
from models.scoring import STAGES, score_texts
from models.tagging import Profile, Tagging, TagOptions

R = TypeVar("R")

Vector = npt.NDArray[np.float32]


class Work(Protocol[R]):
    """One kind of work with its options; equal works share batches, so they are hashable."""

    kind: ClassVar[str]

    def run(self, bundle: ModelBundle, papers: Sequence[Paper]) -> list[R]:
        """One result a paper, in order, none depending on the others."""


class ScoreRow(NamedTuple):
    """(k,) float32 probabilities of every theme, and the stage that gave them (`models.scoring`)."""

    probabilities: Vector
    stage: str


class Embedding(NamedTuple):
    """(d,) float32 unit vector of a text, whether only its beginning was read, and its word pieces."""

    vector: Vector
    truncated: bool
    tokens: int


@dataclass(frozen=True, slots=True)
class Tag:
    """Answers, as `ModelBundle.tag` gives them."""

    kind: ClassVar[str] = "tag"
    options: TagOptions

    def run(self, bundle: ModelBundle, papers: Sequence[Paper]) -> list[Tagging]:
        """One answer a paper."""
        return bundle.tag(papers, self.options)


@dataclass(frozen=True, slots=True)
class Score:
    """Probabilities of all themes."""

    kind: ClassVar[str] = "score"
    profile: Profile

    def run(self, bundle: ModelBundle, papers: Sequence[Paper]) -> list[ScoreRow]:
        """One row a paper."""
        scored = score_texts(bundle, [paper.text for paper in papers], self.profile)
        pairs = zip(scored.probabilities, scored.stage.tolist(), strict=True)
        return [ScoreRow(row, STAGES[stage]) for row, stage in pairs]


@dataclass(frozen=True, slots=True)
class Embed:
    """Vectors of the encoder."""

    kind: ClassVar[str] = "embed"

    def run(self, bundle: ModelBundle, papers: Sequence[Paper]) -> list[Embedding]:
        """One vector a paper."""
        encoded = bundle.dense.encoder.encode([paper.text for paper in papers])
        rows = zip(encoded.vectors, encoded.truncated.tolist(), encoded.tokens.tolist(), strict=True)
        return [Embedding(vector, truncated, tokens) for vector, truncated, tokens in rows]
