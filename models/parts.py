"""The parts a bundle is made of, and the names of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.calibration import Calibration
from models.classifiers import DenseHeads, SparseHeads
from models.encoders.ngrams import NgramEncoder
from models.encoders.transformer import TransformerEncoder
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
    """The n-gram half of a bundle, enough for the fast profile."""

    encoder: NgramEncoder
    heads: SparseHeads


@dataclass(frozen=True, slots=True)
class Dense:
    """The encoder half of a bundle.

    Attributes:
        vectors: (m, d) float32 unit vectors of labelled papers. ids: their ids.
        labels: their theme columns.
        novelty: (101,) float32 quantiles of a new paper's distance to its neighbours.
        opening: word pieces, special tokens included, that the stage "opening" reads; 0 where there is none.
    """

    encoder: TransformerEncoder
    heads: DenseHeads
    vectors: npt.NDArray[np.float32]
    ids: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]
    novelty: npt.NDArray[np.float32]
    opening: int = 0


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """How one stage of `models.scoring` turns logits into tags.

    Attributes:
        calibration: of the stage's scorers (n-grams; or encoder, n-grams and votes).
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
    """Everything a bundle is saved from."""

    taxonomy: Taxonomy
    lexical: Lexical
    profiles: Mapping[str, ProfileSettings]
    dense_arrays: Arrays
    encoder_files: Mapping[str, Path]
    manifest: Mapping[str, Any]
