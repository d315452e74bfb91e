"""Near-duplicates between two sets of texts, found in time proportional to their number.

Texts are sets of word triples; MinHash signatures (Broder 1997) of 64 values in 16 bands of 4 find
pairs that share a band, and the Jaccard similarity of the triples themselves decides. A pair of
similarity 0.7 is missed once in eighty times, one of 0.8 once in five thousand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SIMILAR = 0.7
"""Jaccard similarity of word triples from which on two texts are near-duplicates."""

MIN_WORDS = 12
"""Shorter texts are only compared whole: two titles may be alike by chance."""

_BANDS, _ROWS = 16, 4
_CHUNK = 2_000
_MAX_BUCKET = 30
_WORD = re.compile(r"[^\W_]+")
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))

Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Near:
    """A pair of near-duplicates.

    Attributes:
        first, second: positions in the two sets. similarity: Jaccard of their word triples.
    """

    first: int
    second: int
    similarity: float


def normalised(text: str) -> str:
    """Lower-case words alone: two texts that differ in case, spacing or punctuation become one."""
    return " ".join(_WORD.findall(text.lower()))


def near_duplicates(first: Sequence[str], second: Sequence[str], *, threshold: float = SIMILAR) -> list[Near]:
    """Pairs of similarity `threshold` or more, by position; the same texts give the same pairs."""
    vocabulary: defaultdict[str, int] = defaultdict()
    vocabulary.default_factory = vocabulary.__len__
    generator = np.random.default_rng(20_240_601)
    hashes = generator.integers(0, 2**64, (2, _BANDS * _ROWS), dtype=np.uint64)
    hashes[0] |= np.uint64(1)
    pairs = _candidates(*(_sketch(texts, vocabulary, hashes) for texts in (first, second)))
    return list(_confirmed(pairs, first, second, vocabulary, threshold))


def _sketch(texts: Sequence[str], vocabulary: defaultdict[str, int], hashes: Keys) -> Keys:
    """(n, 16) band keys; triples are not kept, for few texts will be candidates."""
    bands = np.zeros((len(texts), _BANDS), dtype=np.uint64)
    for start in range(0, len(texts), _CHUNK):
        chunk = [_triples(text, vocabulary) for text in texts[start : start + _CHUNK]]
        bands[start : start + len(chunk)] = _bands(chunk, hashes)
    return bands


def _triples(text: str, vocabulary: defaultdict[str, int]) -> Keys:
    words = _WORD.findall(text.lower())
    if len(words) < MIN_WORDS:
        return np.zeros(0, dtype=np.uint64)
    numbers = np.fromiter(map(vocabulary.__getitem__, words), dtype=np.uint64, count=len(words))
    mixed = numbers[:-2] * _MIX[0] ^ (numbers[1:-1] + np.uint64(1)) * _MIX[1] ^ (numbers[2:] + np.uint64(2)) * _MIX[2]
    return _scrambled(mixed)


def _scrambled(keys: Keys) -> Keys:
    """Keys whose high bits depend on every bit (the finaliser of SplitMix64, Steele et al. 2014)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def _bands(chunk: Sequence[Keys], hashes: Keys) -> Keys:
    """(n, 16) keys of four MinHash values each; 0 for a text without triples."""
    out = np.zeros((len(chunk), _BANDS), dtype=np.uint64)
    filled = [row for row, keys in enumerate(chunk) if len(keys)]
    if not filled:
        return out
    flat = np.concatenate([chunk[row] for row in filled])
    starts = np.cumsum([0, *(len(chunk[row]) for row in filled[:-1])])
    for band in range(_BANDS):
        key = np.full(len(filled), band + 1, dtype=np.uint64)
        for row in range(band * _ROWS, (band + 1) * _ROWS):
            smallest = np.minimum.reduceat((flat * hashes[0, row] + hashes[1, row]) >> np.uint64(32), starts)
            key = _scrambled(key ^ smallest)
        out[filled, band] = key
    return out


def _candidates(first: Keys, second: Keys) -> set[tuple[int, int]]:
    """Pairs that share a band, at most 30 a text and band: a crowd of equal texts must not cost its square."""
    pairs: set[tuple[int, int]] = set()
    for band in range(_BANDS):
        order = np.argsort(first[:, band], kind="stable")
        keys = first[order, band]
        low = np.searchsorted(keys, second[:, band], side="left")
        high = np.searchsorted(keys, second[:, band], side="right")
        high = np.minimum(high, low + _MAX_BUCKET)
        found = np.flatnonzero((high > low) & (second[:, band] != 0))
        pairs.update((int(a), int(b)) for b in found for a in order[low[b] : high[b]])
    return pairs


def _confirmed(
    pairs: set[tuple[int, int]],
    first: Sequence[str],
    second: Sequence[str],
    vocabulary: defaultdict[str, int],
    threshold: float,
) -> Iterator[Near]:
    for a, b in sorted(pairs):
        one, other = np.unique(_triples(first[a], vocabulary)), np.unique(_triples(second[b], vocabulary))
        shared = len(np.intersect1d(one, other, assume_unique=True))
        similarity = shared / (len(one) + len(other) - shared)
        if similarity >= threshold:
            yield Near(a, b, similarity)
