from __future__ import annotations

from pathlib import Path

import numpy as np

from models.encoders.transformer import TransformerEncoder
from tests.tiny import tiny_encoder, tiny_papers
from training.vectors import VectorCache, encode_all


def test_a_torn_file_is_cut_and_only_what_is_missing_is_encoded(tmp_path: Path) -> None:
    encoder = TransformerEncoder(tiny_encoder(tmp_path / "encoder").directory, max_tokens=64)
    texts = [p.paper.text for p in tiny_papers(300, 2)]
    path = tmp_path / "vectors"
    whole = encode_all(encoder, texts, VectorCache(path, encoder.dim))
    size = path.stat().st_size
    with path.open("r+b") as stream:
        stream.truncate(size // 2 + 7)  # as a kill in the middle of a write leaves it
    calls: list[tuple[int, int]] = []
    again = encode_all(
        encoder, texts, VectorCache(path, encoder.dim), lambda _, done, total: calls.append((done, total))
    )
    assert (again == whole).all()
    assert 0 < calls[-1][1] < 300
    assert path.stat().st_size == size


def test_equal_texts_are_encoded_once_and_rows_are_unit_vectors(tmp_path: Path) -> None:
    encoder = TransformerEncoder(tiny_encoder(tmp_path / "encoder").directory, max_tokens=64)
    texts, calls = ["gating networks", "cold starts", "gating networks"], list[tuple[int, int]]()
    vectors = encode_all(encoder, texts, VectorCache(None, encoder.dim), lambda _, *counts: calls.append(counts))
    assert calls == [(2, 2)]
    assert (vectors[0] == vectors[2]).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)
