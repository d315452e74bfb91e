"""A small convolutional network over word numbers: what n-grams cannot see, for under a millisecond a text.

The words go through an embedding and a convolution; each theme attends to the places that speak for
it (CAML, Mullenbach et al. 2018), and a layer on the mean and the maximum over all places adds what
the text says as a whole.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.encoders.ngrams import Words
from models.encoders.runtime import Runner, read_graph
from models.scores import FloatMatrix

NETWORK_GRAPH = "network.xml"
NETWORK_WEIGHTS = "network.bin"

SKIPPED = -1
"""Row of a word that the network does not read."""


class WordNetwork:
    """Logits of texts from their word numbers.

    Args:
        directory: holds `network.xml` and `network.bin` (input `words` (t,) int64, output (1, k) float32).
        rows: (v,) int32, the network's own number of each word of the n-gram encoder, or `SKIPPED`.
        limit: words read of a text.
        threads: cores to use; 0 takes all there are.

    Raises:
        BundleError: the graph cannot be loaded.
    """

    def __init__(self, directory: Path, rows: npt.NDArray[np.int32], limit: int, *, threads: int = 0) -> None:
        path = directory / NETWORK_GRAPH
        self.directory, self.rows, self.limit = directory, rows, limit
        self._runner = Runner(read_graph(path), path, threads)

    def logits(self, words: Words) -> FloatMatrix:
        """(n, k) float32 logits of n texts. Safe to call from threads."""
        return self._runner.run(network_inputs(words, self.rows, self.limit))


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
