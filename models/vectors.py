"""Vectors for the search of similar papers, and the names under which they are kept.

Two kinds come out of a bundle. The encoder's are what it tags by in the accurate profile, tens of
milliseconds a text. Those of n-grams cost the fast profile a thirtieth of a millisecond more, so
every paper can have one: what the theme heads make of a text, beside a random projection of its
n-grams, which keeps their cosines (Achlioptas 2003) and tells papers of one theme apart.

Among 2,000 arXiv papers, half of them cs.DC, ten neighbours by these vectors hold 4.2 of the ten by
the encoder's; by tf-idf alone 2.7, by the projection alone 0.9.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.bundle import ModelBundle
from models.encoders.ngrams import Keys
from models.encoders.transformer import GRAPH, TOKENIZER, WEIGHTS
from models.parts import LEXICAL, WORDS, Lexical
from models.scores import FloatMatrix

PROJECTED = 256
"""Dimensions of the projection; the heads add one a theme."""
_HEADS = np.float32(1.5)  # their length beside the projection's; 1 to 2 are alike, below it the noise shows
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))


def encoder_id(bundle: ModelBundle) -> str:
    """The name of the encoder's vectors, such as `encoder-26f9a0c1d2e3f405`: equal for bundles with one encoder."""
    return f"encoder-{_digest(bundle, GRAPH, WEIGHTS, TOKENIZER)}"


def ngrams_id(bundle: ModelBundle) -> str:
    """The name of the n-gram vectors, such as `ngrams-26f9a0c1d2e3f405`: equal for bundles with one n-gram half."""
    return f"ngrams-{_digest(bundle, WORDS, LEXICAL)}"


class NgramVectors:
    """Features of a bundle's n-gram half to short dense vectors.

    Args:
        lexical: the n-gram half.
    """

    def __init__(self, lexical: Lexical) -> None:
        self._signs = signs(lexical.encoder.keys)
        self._heads = lexical.heads

    def of(self, features: sp.csr_matrix) -> FloatMatrix:
        """(n, PROJECTED + k) float32 rows of length 1 for (n, m) features; zeros for a text without known n-grams."""
        parts = [_unit(features @ self._signs), _HEADS * _unit(self._heads.sums(features))]
        return _unit(np.hstack(parts))


def signs(keys: Keys) -> FloatMatrix:
    """(m, PROJECTED) float32 of 1 and -1, drawn for each n-gram from its own key.

    The bits of splitmix64 (Steele, Lea and Flood 2014), and not of a library's generator, whose
    streams may change: vectors of one name must stay comparable.
    """
    words = keys[:, None] + _STEP * np.arange(1, PROJECTED // 64 + 1, dtype=np.uint64)
    for shift, factor in _MIX:
        words = (words ^ (words >> shift)) * factor
    words ^= words >> np.uint64(31)
    bits = np.unpackbits(words.astype("<u8").view(np.uint8), axis=1)
    return np.where(bits, np.float32(1), np.float32(-1))


def _digest(bundle: ModelBundle, *files: str) -> str:
    told = "\n".join(str(bundle.manifest["files"].get(name, "")) for name in files)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _unit(rows: npt.NDArray[np.float32]) -> FloatMatrix:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)
