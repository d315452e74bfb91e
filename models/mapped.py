"""Arrays of a safetensors file, mapped into memory: processes that read one file share its pages.

Whoever replaces such a file writes another and renames it, as `models.saving` does: what is written into the file
itself is at once in the arrays, and a process that reads beyond the end of a file cut short is killed.

The format: eight bytes with the length of a JSON header, little-endian; the header, with data type, shape and offsets
of each array; the arrays, one after the other (https://github.com/huggingface/safetensors).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

_TYPES = {
    **{f"I{8 * size}": np.dtype(f"<i{size}") for size in (1, 2, 4, 8)},
    **{f"U{8 * size}": np.dtype(f"<u{size}") for size in (1, 2, 4, 8)},
    **{f"F{8 * size}": np.dtype(f"<f{size}") for size in (2, 4, 8)},
    "BOOL": np.dtype(bool),
}


def mapped_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a file by their names, read-only and read from disk as they are touched.

    Raises:
        OSError: the file cannot be read.
        SafetensorError: it is damaged, or holds a data type that numpy has not.
    """
    with safe_open(path, framework="numpy"):  # the library looks the header and all lengths over
        pass
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
    header.pop("__metadata__", None)
    start, size = 8 + length, max((entry["data_offsets"][1] for entry in header.values()), default=0)
    data = np.asarray(np.memmap(path, np.uint8, "r", start, (size,))) if size else np.zeros(0, np.uint8)
    return {name: _array(data, name, entry) for name, entry in header.items()}


def _array(data: npt.NDArray[np.uint8], name: str, entry: dict[str, Any]) -> npt.NDArray[Any]:
    if entry["dtype"] not in _TYPES:
        raise SafetensorError(f"array {name} is of type {entry['dtype']}, which numpy has not")
    first, last = entry["data_offsets"]
    return data[first:last].view(_TYPES[entry["dtype"]]).reshape(entry["shape"])
