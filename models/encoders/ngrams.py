"""Word n-grams as sparse vectors, fast enough that reading the feed costs more.

Words are split and numbered as a `tokenizers` WordLevel model does it (`word_numbers`); word pairs and
triples are numbered by mixing the word numbers into 64 bits and looked up in a sorted table of
the n-grams that the model knows. Weights are sublinear tf-idf (Salton & Buckley 1988), rows have
unit length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from tokenizers import Tokenizer

from models.encoders.word_numbers import WordNumbers

MAX_CHARACTERS = 20_000
"""Longer texts are cut here: ten times the longest abstract, so that a pasted book costs no more."""

_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))

Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of several texts in a row.

    Attributes:
        numbers: (w,) int64, 0 for an unknown word. owners: (w,) int64, the position of each word's text.
        count: how many texts.
    """

    numbers: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]
    count: int


@dataclass(frozen=True)
class NgramEncoder:
    """Texts to unit tf-idf rows over a fixed table of word n-grams.

    Attributes:
        tokenizer: splits into lower-case words and numbers them; 0 is "unknown".
        keys: (m,) uint64, sorted: the n-grams known.
        idf: (m,) float32, the inverse document frequency of each.
        order: longest n-gram, 1 to 3.
    """

    tokenizer: Tokenizer
    keys: Keys
    idf: npt.NDArray[np.float32]
    order: int = 2

    def words(self, texts: Sequence[str]) -> Words:
        """The numbers of the texts' words."""
        return word_numbers(self._numbers, texts)

    def encode(self, texts: Sequence[str], words: Words | None = None) -> sp.csr_matrix:
        """(n, m) float32 matrix of unit rows; a text without a known n-gram gives an empty row.

        Args:
            words: what `words` gives for the texts, where it is there already.
        """
        found = words or self.words(texts)
        keys, rows = ngram_keys(found.numbers, found.owners, self.order)
        columns = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        known = self.keys[columns] == keys
        return self._weighted(rows[known], columns[known], len(texts))

    @cached_property
    def _numbers(self) -> WordNumbers:
        return WordNumbers(self.tokenizer)

    def _weighted(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], n: int) -> sp.csr_matrix:
        shape = (n, len(self.keys))
        if not n:
            return sp.csr_matrix(shape, dtype=np.float32)
        counts = sp.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)
        counts.sum_duplicates()
        counts.data = (1.0 + np.log(counts.data)) * self.idf[counts.indices]
        rows_of = np.repeat(np.arange(n), np.diff(counts.indptr))
        # Summed one after the other in double precision: a row's length must not depend on where it lies.
        squares = np.bincount(rows_of, counts.data.astype(np.float64) ** 2, minlength=n)
        lengths = np.sqrt(np.where(squares > 0.0, squares, 1.0))
        counts.data = (counts.data / lengths[rows_of]).astype(np.float32)
        return counts


def word_numbers(words: WordNumbers, texts: Sequence[str]) -> Words:
    """Word numbers of all texts, each text cut at `MAX_CHARACTERS`."""
    ids = words.of([text[:MAX_CHARACTERS] for text in texts])
    lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
    numbers = np.array(list(chain.from_iterable(ids)), dtype=np.int64)
    return Words(numbers, np.repeat(np.arange(len(ids)), lengths), len(ids))


def ngram_keys(
    words: npt.NDArray[np.int64], owners: npt.NDArray[np.int64], order: int
) -> tuple[Keys, npt.NDArray[np.int64]]:
    """64-bit keys of every n-gram up to `order`, and the text each stands in; unknown words break n-grams."""
    keys = [words.astype(np.uint64)]
    rows = [owners]
    alive = words > 0
    keys[0], rows[0] = keys[0][alive], owners[alive]
    longer = words.astype(np.uint64)
    for n in range(2, order + 1):
        whole = (
            alive[:-1] & (words[n - 1 :] > 0) & (owners[: -(n - 1)] == owners[n - 1 :])
            if len(words) >= n
            else np.zeros(0, bool)
        )
        longer = (longer[: len(whole)] * _MIX[0]) ^ ((words[n - 1 :].astype(np.uint64) + np.uint64(n)) * _MIX[1])
        keys.append((longer | np.uint64(1 << 40))[whole])
        rows.append(owners[: len(whole)][whole])
        alive = whole
    return np.concatenate(keys), np.concatenate(rows)
