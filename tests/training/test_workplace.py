from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import ConflictError, StoreError
from tests.tiny import tiny_encoder
from training.workplace import held, vectors_of


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with held(tmp_path / "cache"), pytest.raises(ConflictError, match="another run"), held(tmp_path / "cache"):
        pass
    with held(tmp_path / "cache") as free:
        assert free.is_dir()


def test_a_place_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"), held(tmp_path / "file" / "cache"):
        pass


def test_vectors_that_would_differ_never_share_a_file(tmp_path: Path) -> None:
    encoder = tiny_encoder(tmp_path / "encoder")
    assert vectors_of(encoder, tmp_path) != vectors_of(replace(encoder, max_tokens=32), tmp_path)
