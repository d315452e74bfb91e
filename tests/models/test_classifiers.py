from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from models.classifiers import SparseHeads


def _heads(rng: np.random.Generator, ngrams: int, themes: int) -> tuple[SparseHeads, np.ndarray]:
    weights = rng.normal(size=(ngrams, themes)).astype(np.float32)
    scope = rng.normal(size=ngrams).astype(np.float32)
    return SparseHeads.of(weights, rng.normal(size=themes).astype(np.float32), scope, 0.5), weights


def _features(rng: np.random.Generator, texts: int, ngrams: int) -> sp.csr_matrix:
    return sp.random(texts, ngrams, 0.2, "csr", np.float32, random_state=rng)


@given(st.integers(0, 2**16), st.integers(1, 40), st.integers(1, 5), st.integers(0, 6))
def test_weights_in_eight_bits_are_within_half_a_step(seed: int, ngrams: int, themes: int, texts: int) -> None:
    rng = np.random.default_rng(seed)
    (heads, weights), features = _heads(rng, ngrams, themes), _features(rng, texts, ngrams)
    half = np.abs(weights).max(axis=0) / 127.0 / 2.0
    assert (np.abs(heads.weights * heads.scale - weights) <= half * 1.001 + 1e-7).all()
    found = heads.logits(features)
    assert found.shape == (texts, themes)
    np.testing.assert_allclose(found, features @ (heads.weights * heads.scale) + heads.bias, atol=1e-4)
    for row in range(texts):
        assert (heads.logits(features[row])[0] == found[row]).all()


@given(st.integers(0, 2**16), st.integers(1, 4))
def test_added_themes_stand_after_the_trained_ones(seed: int, added: int) -> None:
    rng = np.random.default_rng(seed)
    (heads, _), features = _heads(rng, 30, 3), _features(rng, 4, 30)
    columns, bias = rng.normal(size=(30, added)), rng.normal(size=added)
    more = heads.with_columns(columns, bias)
    np.testing.assert_allclose(more.logits(features)[:, 3:], features @ columns + bias, atol=1e-4)
    assert (more.logits(features)[:, :3] == heads.logits(features)).all()
    again = heads.with_columns(columns[:, :1], bias[:1]).with_columns(columns[:, 1:], bias[1:])
    assert (again.logits(features) == more.logits(features)).all()
    alone = sp.csr_matrix(([1.0], ([0], [7])), shape=(1, 30), dtype=np.float32)
    each = [more.weight(7, theme) for theme in range(3 + added)]
    np.testing.assert_allclose(each, (more.logits(alone) - more.bias)[0], atol=1e-5)


def test_heads_that_say_nothing_about_a_theme_are_silent() -> None:
    heads = SparseHeads.of(np.zeros((4, 2), np.float32), np.ones(2, np.float32), np.zeros(4, np.float32), 0.0)
    assert heads.logits(sp.csr_matrix(np.ones((2, 4), np.float32))).tolist() == [[1.0, 1.0]] * 2
