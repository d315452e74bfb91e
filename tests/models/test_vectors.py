"""Vectors of n-grams: short, comparable between processes and versions, near where texts are near."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from models.bundle import ModelBundle
from models.vectors import PROJECTED, NgramVectors, encoder_id, ngrams_id, signs
from tests.tiny import tiny_papers, tiny_version


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> ModelBundle:
    return ModelBundle.load(tiny_bundle)


def test_signs_are_the_same_everywhere_and_for_ever():
    keys = np.array([0, 1, 2, 2**40 + 5, 2**64 - 1], dtype=np.uint64)
    drawn = signs(keys)
    assert hashlib.sha256(drawn.astype(np.int8).tobytes()).hexdigest()[:16] == "d752a0a616a11e5a"
    assert np.array_equal(signs(keys[3:4])[0], drawn[3]), "a sign depends on its own n-gram alone"


def test_signs_are_as_good_as_drawn_at_random():
    drawn = signs(np.arange(1, 4001, dtype=np.uint64))
    assert drawn.shape == (4000, PROJECTED) and set(np.unique(drawn)) == {-1.0, 1.0}
    assert np.abs(drawn.mean(axis=0)).max() < 0.08 and np.abs(drawn.mean(axis=1)).max() < 0.3
    between = drawn.T @ drawn / len(drawn) - np.eye(PROJECTED)
    assert np.abs(between).max() < 0.1, "dimensions are independent of one another"


def test_rows_have_length_one_and_keep_to_their_own_text(bundle):
    texts = [item.paper.text for item in tiny_papers(30, 5)]
    vectors = NgramVectors(bundle.lexical)
    together = vectors.of(bundle.lexical.encoder.encode(texts))
    assert together.shape == (30, PROJECTED + len(bundle.taxonomy)) and together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    alone = vectors.of(bundle.lexical.encoder.encode(texts[4:5]))
    assert np.allclose(alone[0], together[4], atol=1e-6)


def test_a_text_without_known_words_is_like_nothing(bundle):
    vectors = NgramVectors(bundle.lexical)
    found = vectors.of(bundle.lexical.encoder.encode(["", "qqq zzz", "leader election in replicas"]))
    assert not found[:2].any() and found[2].any()


def test_texts_of_one_theme_are_nearer(bundle):
    papers = tiny_papers(60, 6)
    themes = [item.themes[0] for item in papers]
    vectors = NgramVectors(bundle.lexical).of(bundle.lexical.encoder.encode([item.paper.text for item in papers]))
    near = vectors @ vectors.T - 2 * np.eye(60)
    agree = [themes[row] == themes[int(near[row].argmax())] for row in range(60)]
    assert sum(agree) > 45


def test_names_go_with_the_files_they_come_from(bundle, tiny_bundle, tmp_path):
    other = ModelBundle.load(tiny_version(tiny_bundle, tmp_path / "other", "2"))
    assert (encoder_id(other), ngrams_id(other)) == (encoder_id(bundle), ngrams_id(bundle)), "only the version differs"
    files = {**bundle.manifest["files"], "encoder.bin": "0" * 64}
    changed = ModelBundle(tiny_bundle, {**bundle.manifest, "files": files}, "0" * 64)
    assert encoder_id(changed) != encoder_id(bundle) and ngrams_id(changed) == ngrams_id(bundle)
    assert encoder_id(bundle).startswith("encoder-") and ngrams_id(bundle).startswith("ngrams-")
