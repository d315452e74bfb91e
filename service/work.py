"""What the engine can be asked for: tags, all probabilities, or vectors of papers.

Feeds skip entries over 1 MiB; papers that come in by themselves are held to the same limit here, before
their text is cleaned: that of 10 MiB would hold up everybody for seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from models.bundle import ModelBundle
from models.gates import listed
from models.paper import Paper
from models.scoring import score_texts
from models.tagging import Profile, Tagging, TagOptions
from service.feeds.entries import MAX_ENTRY_BYTES
from service.feeds.text_input import is_too_large

R = TypeVar("R")

Vector = npt.NDArray[np.float32]


TOO_LARGE = "too_large"
"""Reason of an answer without tags: title and abstract together take more than `MAX_ENTRY_BYTES`."""


AT_ONCE: dict[Profile, int] = {"fast": 256, "auto": 16, "accurate": 4}
"""Most texts of a batch: the encoder reads each by itself, and more of them only let the first wait for the last."""


class Work(Protocol[R]):
    """One kind of work with its options; equal works share batches, so they are hashable."""

    kind: ClassVar[str]

    @property
    def at_once(self) -> int:
        """Most texts of a batch."""

    def run(self, bundle: ModelBundle, papers: Sequence[Paper]) -> list[R]:
        """One result a paper, in order, none depending on the others."""


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

    @property
    def at_once(self) -> int:
        """Most texts of a batch."""
        return AT_ONCE[self.options.profile]

    def run(self, bundle: ModelBundle, papers: Sequence[Paper]) -> list[Tagging]:
        """One answer a paper; of one that is too large, that it is: no tags, no title, the reason `TOO_LARGE`."""
        fitting = [replace(paper, title="", abstract="") if _too_large(paper) else paper for paper in papers]
        answers = zip(papers, fitting, bundle.tag(fitting, self.options), strict=True)
        return [
            replace(tagging, reasons=(TOO_LARGE,)) if fit is not paper else tagging for paper, fit, tagging in answers
        ]


@dataclass(frozen=True, slots=True)
class Score:
    """Probabilities of all themes."""

    kind: ClassVar[str] = "score"
    profile: Profile

    @property
    def at_once(self) -> int:
        """Most texts of a batch."""
        return AT_ONCE[self.profile]

    def run(self, bundle: ModelBundle, papers: Sequence[Paper]) -> list[Vector]:
        """(k,) float32 probabilities of every theme for each paper."""
        of_field = listed(papers, bundle.field_categories)
        scored = score_texts(bundle, [_text(paper) for paper in papers], self.profile, of_field=of_field)
        return list(scored.probabilities)


@dataclass(frozen=True, slots=True)
class Embed:
    """Vectors of the encoder."""

    kind: ClassVar[str] = "embed"
    at_once: ClassVar[int] = AT_ONCE["accurate"]

    def run(self, bundle: ModelBundle, papers: Sequence[Paper]) -> list[Embedding]:
        """One vector a paper."""
        encoded = bundle.dense.encoder.encode([_text(paper) for paper in papers])
        rows = zip(encoded.vectors, encoded.truncated.tolist(), encoded.tokens.tolist(), strict=True)
        return [Embedding(vector, truncated, tokens) for vector, truncated, tokens in rows]


def _too_large(paper: Paper) -> bool:
    return is_too_large(paper.title + paper.abstract)


def _text(paper: Paper) -> str:
    """The paper's text; of one that is too large, its beginning: the encoder reads no further anyway."""
    return replace(paper, abstract=paper.abstract[:MAX_ENTRY_BYTES], title=paper.title[:MAX_ENTRY_BYTES]).text
