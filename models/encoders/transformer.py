"""A sentence transformer's graph on OpenVINO: text to unit vectors without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from models.encoders.ngrams import MAX_CHARACTERS
from models.encoders.runtime import Runner, read_graph
from models.errors import BundleError
from models.scores import FloatMatrix

GRAPH = "encoder.xml"
WEIGHTS = "encoder.bin"
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Encoded:
    """Vectors of a batch.

    Attributes:
        vectors: (n, d) float32 with unit rows.
        truncated: (n,) bool, true where the text was longer than the encoder ever reads.
        tokens: (n,) int64 word pieces read of each text, special tokens included.
    """

    vectors: FloatMatrix
    truncated: npt.NDArray[np.bool_]
    tokens: npt.NDArray[np.int64]


class TransformerEncoder:
    """Mean-pooled, normalised sentence vectors from an OpenVINO graph.

    Args:
        directory: holds `encoder.xml`, `encoder.bin` (inputs `input_ids` (1, t) int64; output
            (1, d) float32) and `tokenizer.json`.
        max_tokens: longest input in word pieces, special tokens included; less where the graph
            has positions for less.
        threads: cores to use; 0 takes all there are.

    Raises:
        BundleError: the graph cannot be loaded, or the tokenizer marks no beginning and end.
    """

    def __init__(self, directory: Path, *, max_tokens: int = 256, threads: int = 0) -> None:
        self._tokenizer = _tokenizer(directory / TOKENIZER)
        graph = read_graph(directory / GRAPH)
        self.max_tokens = _readable(graph, max_tokens)
        self._runner = Runner(graph, directory / GRAPH, threads)
        self.dim = self._runner.width

    def encode(self, texts: Sequence[str], *, limit: int | None = None) -> Encoded:
        """Unit vectors of the texts in order; the empty text has one too. Safe to call from threads.

        Args:
            limit: read no more word pieces than this, for less time; a text is not truncated by that.
        """
        read = self.max_tokens if limit is None else min(limit, self.max_tokens)
        rows = self._tokenizer.encode_batch_fast([text[:MAX_CHARACTERS] for text in texts])
        ids = [np.array(row.ids, dtype=np.int64) for row in rows]
        truncated = np.array(
            [len(i) > self.max_tokens or len(t) > MAX_CHARACTERS for i, t in zip(ids, texts, strict=True)], dtype=bool
        )
        tokens = np.array([min(len(i), read) for i in ids], dtype=np.int64)
        vectors = self._runner.run([_cut(row, read)[None] for row in ids], [[row] for row in range(len(ids))])
        return Encoded(vectors, truncated, tokens)


def _cut(ids: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.int64]:
    return ids if len(ids) <= length else np.append(ids[: length - 1], ids[-1])


def _tokenizer(path: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_buffer(path.read_bytes())  # `from_file` raises bare Exception, this one ValueError
    except (OSError, ValueError) as error:
        raise BundleError(f"cannot read {path.name}: {error}") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if len(tokenizer.encode("").ids) < 2:
        raise BundleError(f"{path.name} marks no beginning and end of a text: it is not a BERT tokenizer")
    return tokenizer


def readable_tokens(directory: Path, most: int) -> int:
    """How many word pieces the graph in `directory` has positions for, at most `most`.

    Raises:
        BundleError: the graph cannot be read.
    """
    return _readable(read_graph(directory / GRAPH), most)


def _readable(graph: Any, most: int) -> int:
    """Rows of the graph's table of positions, at most `most`, which holds for a graph that has none.

    Beyond its last row the runtime reads whatever lies behind it in memory, without an error.
    """
    for node in graph.get_ordered_ops():
        if node.get_type_name() == "Gather" and node.input_value(1).get_node().get_type_name() == "Range":
            rows = node.input_value(0).get_partial_shape()[0]
            return min(most, int(rows.get_length())) if rows.is_static else most
    return most
