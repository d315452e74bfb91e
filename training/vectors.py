"""Vectors of many texts, cached on disk by encoder and text digest, so that a killed run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.encoders.transformer import GRAPH, TOKENIZER, WEIGHTS, TransformerEncoder
from models.errors import BundleError
from models.scores import FloatMatrix

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and how many there are."""

_BLOCK = 256


def no_progress(what: str, done: int, total: int) -> None:
    """Say nothing."""


def encoder_digest(directory: Path) -> str:
    """sha256 (hex) over the encoder's files: vectors of different encoders never mix."""
    digest = hashlib.sha256()
    for name in (GRAPH, WEIGHTS, TOKENIZER):
        try:
            digest.update((directory / name).read_bytes())
        except OSError as error:
            raise BundleError(f"the encoder {directory} lacks {name}: {error.strerror}") from None
    return digest.hexdigest()


class VectorCache:
    """Appends (digest, vector) records to one file a encoder; a torn last record is cut off.

    Args:
        path: the file; None keeps vectors in memory only.
        dim: width of the vectors.
    """

    def __init__(self, path: Path | None, dim: int) -> None:
        self._path = path
        self._dtype = np.dtype([("digest", "S32"), ("vector", "<f2", (dim,))])
        self._known: dict[bytes, npt.NDArray[np.float16]] = {}
        if path is not None and path.exists():
            whole = path.stat().st_size // self._dtype.itemsize
            for record in np.fromfile(path, dtype=self._dtype, count=whole):
                self._known[record["digest"]] = record["vector"]
            with path.open("r+b") as stream:
                stream.truncate(whole * self._dtype.itemsize)

    def get(self, key: bytes) -> npt.NDArray[np.float16] | None:
        """The vector of a digest, or None."""
        return self._known.get(key)

    def add(self, keys: Sequence[bytes], vectors: FloatMatrix) -> None:
        """Keep vectors, on disk too."""
        records = np.zeros(len(keys), dtype=self._dtype)
        records["digest"], records["vector"] = keys, vectors
        for record in records:
            self._known[record["digest"]] = record["vector"]
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as stream:
                records.tofile(stream)


def encode_all(
    encoder: TransformerEncoder, texts: Sequence[str], cache: VectorCache, progress: Progress = no_progress
) -> FloatMatrix:
    """(n, d) float32 unit vectors of the texts, those not cached encoded in blocks."""
    keys = [text_key(text) for text in texts]
    missing = sorted({key: row for row, key in enumerate(keys) if cache.get(key) is None}.values())
    for start in range(0, len(missing), _BLOCK):
        rows = missing[start : start + _BLOCK]
        cache.add([keys[row] for row in rows], encoder.encode([texts[row] for row in rows]).vectors)
        progress("encoding", min(start + _BLOCK, len(missing)), len(missing))
    out = np.zeros((len(texts), encoder.dim), dtype=np.float32)
    for row, key in enumerate(keys):
        vector = cache.get(key)
        if vector is not None:
            out[row] = vector
    lengths = np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
    return np.asarray(out / lengths, dtype=np.float32)


def text_key(text: str) -> bytes:
    """First 32 hex digits of the text's sha256, as bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32].encode()
