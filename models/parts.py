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
    """

    encoder: TransformerEncoder
    heads: DenseHeads
    vectors: npt.NDArray[np.float32]
    ids: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]
    novelty: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """How one profile turns logits into tags.

    Attributes:
        calibration: of the profile's scorers (n-grams; or encoder and n-grams).
        floor: the most probable theme is given from this probability on when nothing passes its threshold.
        scope_floor: scope logit below which a paper is out of scope.
        novelty: (101,) float32 quantiles of the energy score, for the profile without vectors.
        unsure: expected number of wrong decisions above which "auto" asks the accurate profile.
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
