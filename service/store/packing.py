"""Vectors as bytes: little-endian half or single precision, by the sha256 of their text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import InputError

Floats = NDArray[np.float16] | NDArray[np.float32]
DTYPES: dict[str, np.dtype[Any]] = {"f2": np.dtype("<f2"), "f4": np.dtype("<f4")}
"""Types on disk by the name they are stored under."""


def digest_bytes(digest: str) -> bytes:
    """The 32 bytes of a text digest.

    Raises:
        InputError: not 64 hex digits.
    """
    try:
        raw = bytes.fromhex(digest)
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise InputError(f"{digest[:80]!r} is no text digest: expected the 64 hex digits of Paper.digest")
    return raw


def packed_row(digest: str, vector: Floats, dtype: np.dtype[Any]) -> bytes:
    """The bytes of a vector (d,) as `dtype`; the digest is for messages.

    Raises:
        InputError: no row of floats, or not finite as `dtype`.
    """
    row = np.asarray(vector)
    if row.ndim != 1 or row.dtype.kind != "f" or not row.size:
        raise InputError(
            f"the vector of {digest[:12]} has shape {row.shape} and type {row.dtype}: expected one row of floats"
        )
    with np.errstate(over="ignore"):
        kept = row.astype(dtype)
    if not np.isfinite(kept).all():
        raise InputError(f"the vector of {digest[:12]} is not finite as {dtype.name}: keep it as f4, or normalise it")
    return kept.tobytes()


def unpacked_row(dtype: str, data: bytes) -> NDArray[np.float32]:
    """The vector (d,) that was packed under the name of this dtype."""
    vector: NDArray[np.float32] = np.frombuffer(data, dtype=DTYPES[dtype]).astype(np.float32)
    return vector
