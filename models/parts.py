"""The parts a bundle is made of, and the names of its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.calibration import Calibration
from models.classifiers import DenseHeads, SparseHeads
from models.encoders.ngrams import NgramEncoder, Words
from models.encoders.transformer import TransformerEncoder
from models.encoders.word_network import WordNetwork
from models.neighbours import LabelledVectors
from models.scores import FloatMatrix
from models.themes import Taxonomy

FORMAT = 1
MANIFEST = "manifest.json"
THEMES = "themes.json"
WORDS = "words.json"
LEXICAL = "lexical.safetensors"
PROFILES = "profiles.safetensors"
DENSE = "dense.safetensors"

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Lexical:
    """The half of a bundle that goes by words, enough for the fast profile.

    Attributes:
        encoder, heads: of n-grams. network: reads the words in their order; None where a bundle has none.
    """

    encoder: NgramEncoder
    heads: SparseHeads
    network: WordNetwork | None = None

    def read(self, texts: Sequence[str]) -> tuple[sp.csr_matrix, LexicalLogits]:
        """(n, m) n-gram features of the texts and what the scorers make of them."""
        words = self.encoder.words(texts)
        features = self.encoder.encode(texts, words)
        return features, LexicalLogits(self.heads.logits(features), self._network_logits(words))

    def _network_logits(self, words: Words) -> FloatMatrix | None:
        if self.network is None:
            return None
        logits = self.network.logits(words)
        # Provisional themes are further columns of the heads, of which no network knows.
        return np.pad(logits, ((0, 0), (0, len(self.heads.bias) - logits.shape[1])))


@dataclass(frozen=True, slots=True)
class LexicalLogits:
    """What the scorers that go by words say.

    Attributes:
        ngrams: (n, k) float32. network: the same, or None where there is no network.
    """

    ngrams: FloatMatrix
    network: FloatMatrix | None = None

    @property
    def all(self) -> list[FloatMatrix]:
        """One (n, k) matrix a scorer."""
        return [self.ngrams] if self.network is None else [self.ngrams, self.network]

    def beside(self, heads: FloatMatrix, votes: FloatMatrix) -> list[FloatMatrix]:
        """One (n, k) matrix a scorer of a stage with an encoder, in the order of its calibration."""
        first, *network = self.all
        return [heads, first, votes, *network]

    def of(self, rows: npt.NDArray[np.int64]) -> LexicalLogits:
        """The logits of some of the texts."""
        return LexicalLogits(self.ngrams[rows], None if self.network is None else self.network[rows])


@dataclass(frozen=True, slots=True)
class Dense:
    """The encoder half of a bundle.

    Attributes:
        papers: the vectors of labelled papers. ids: their ids.
        labels: their theme columns.
        novelty: (101,) float32 quantiles of a new paper's distance to its neighbours.
        opening: word pieces, special tokens included, that the stage "opening" reads; 0 where there is none.
    """

    encoder: TransformerEncoder
    heads: DenseHeads
    papers: LabelledVectors
    ids: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]
    novelty: npt.NDArray[np.float32]
    opening: int = 0


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """How one stage of `models.scoring` turns logits into tags.

    Attributes:
        calibration: of the stage's scorers, in the order of `LexicalLogits.all`, or `beside` where it has an encoder.
        floor: the most probable theme is given from this probability on when nothing passes its threshold.
        scope_floor: scope logit below which a paper is out of scope.
        novelty: (101,) float32 quantiles of what novelty is measured by: the energy score, and for "opening"
            the distance of a text's opening to its neighbours.
        unsure: expected number of wrong decisions above which "auto" goes on to the next stage.
    """

    calibration: Calibration
    floor: float
    scope_floor: float
    novelty: npt.NDArray[np.float32]
    unsure: float


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a bundle is saved from; `graph_files` are copied under the names they are given here."""

    taxonomy: Taxonomy
    lexical: Lexical
    profiles: Mapping[str, ProfileSettings]
    dense_arrays: Arrays
    graph_files: Mapping[str, Path]
    manifest: Mapping[str, Any]
