"""A small convolutional network over word numbers: what n-grams cannot see, for under a millisecond a text.

The words go through an embedding, to which their place in the text adds a vector, and a convolution; each
theme attends to the places that speak for it (CAML, Mullenbach et al. 2018), and a layer on the mean and the
maximum over all places adds what the text says as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.encoders.ngrams import Words
from models.encoders.runtime import Runner, read_graph
from models.errors import BundleError
from models.scores import FloatMatrix

NETWORK_GRAPH = "network.xml"
NETWORK_WEIGHTS = "network.bin"

SKIPPED = -1
"""Row of a word that the network does not read."""

_TOGETHER, _STEP = 4, 32


class WordNetwork:
    """Logits of texts from their word numbers.

    Four texts of about one length are read together, shorter ones filled up to the next multiple of 32 words and a
    smaller group with texts of one word: shapes are few, and what comes out for a text depends on nothing else.

    Args:
        directory: holds `network.xml` and `network.bin` (input `words` (n, t) int64, output (n, k) float32).
        rows: (v,) int32, the network's own number of each word of the n-gram encoder, or `SKIPPED`.
        limit: words read of a text.
        threads: cores to use; 0 takes all there are.

    Raises:
        BundleError: the graph cannot be loaded, or reads one text at a time.
    """

    def __init__(self, directory: Path, rows: npt.NDArray[np.int32], limit: int, *, threads: int = 0) -> None:
        path = directory / NETWORK_GRAPH
        self.directory, self.rows, self.limit = directory, rows, limit
        self._ended = int(rows.max()) + 1
        graph = read_graph(path)
        rank = graph.input(0).partial_shape.rank
        if rank.is_dynamic or rank.get_length() != 2:
            raise BundleError(
                f"the graph {path} reads one text at a time, as earlier versions did: train the bundle anew"
            )
        self._runner = Runner(graph, path, threads)

    def logits(self, words: Words) -> FloatMatrix:
        """(n, k) float32 logits of n texts. Safe to call from threads."""
        texts = network_inputs(words, self.rows, self.limit)
        groups = _groups([min(-(-len(text) // _STEP) * _STEP, self.limit) for text in texts])
        inputs = [self._filled([texts[row] for row in rows], length) for rows, length in groups]
        return self._runner.run(inputs, [rows for rows, _ in groups])

    def _filled(self, texts: Sequence[npt.NDArray[np.int64]], length: int) -> npt.NDArray[np.int64]:
        filled = np.full((_TOGETHER, length), self._ended, np.int64)
        filled[len(texts) :, 0] = 0
        for row, text in enumerate(texts):
            filled[row, : len(text)] = text
        return filled


def _groups(lengths: Sequence[int]) -> list[tuple[list[int], int]]:
    """Positions of up to four texts of one length, and that length."""
    alike: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        alike.setdefault(length, []).append(row)
    return [
        (rows[start : start + _TOGETHER], length)
        for length, rows in alike.items()
        for start in range(0, len(rows), _TOGETHER)
    ]


def network_inputs(words: Words, rows: npt.NDArray[np.int32], limit: int) -> list[npt.NDArray[np.int64]]:
    """What a network reads of each of n texts: its first `limit` words but those skipped, or the unknown word.

    Returns:
        n arrays of at least one and at most `limit` numbers, int64.
    """
    numbers = rows[words.numbers].astype(np.int64)
    kept = numbers != SKIPPED
    ends = np.cumsum(np.bincount(words.owners[kept], minlength=words.count))
    parts = np.split(numbers[kept], ends[:-1]) if words.count else []
    return [part[:limit] if len(part) else np.zeros(1, np.int64) for part in parts]
