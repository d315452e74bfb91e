from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors import SafetensorError
from safetensors.numpy import save_file

from models.mapped import mapped_arrays

KINDS = st.sampled_from(["<i1", "<u1", "<i4", "<i8", "<u8", "<f2", "<f4", "<f8", "?"])
ARRAYS = arrays.arrays(KINDS, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5))


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), ARRAYS, max_size=5))
def test_what_was_saved_is_what_is_mapped(saved: dict[str, np.ndarray[Any, Any]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "arrays.safetensors"
        save_file(saved, path, {"made": "by a test"})
        found = mapped_arrays(path)
        assert found.keys() == saved.keys()
        for name, array in saved.items():
            assert found[name].dtype == array.dtype
            assert found[name].shape == array.shape
            assert found[name].tobytes() == array.tobytes()
            assert not array.size or not found[name].flags.writeable


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "arrays.safetensors"
    save_file({"a": np.arange(100)}, path)
    whole = path.read_bytes()
    for damaged in (b"", whole[:5], whole[:40], whole[:-1], whole + b"x", b"\xff" * 8 + whole[8:]):
        path.write_bytes(damaged)
        with pytest.raises(SafetensorError):
            mapped_arrays(path)
    with pytest.raises(OSError, match="missing"):
        mapped_arrays(tmp_path / "missing")


def test_types_that_numpy_has_not_are_refused(tmp_path: Path) -> None:
    header = b'{"a":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}}'
    path = tmp_path / "arrays.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(SafetensorError, match="BF16"):
        mapped_arrays(path)
