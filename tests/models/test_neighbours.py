from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.neighbours import VOTERS, nearest_papers, no_votes
from models.scores import sigmoid


def _unit(rng: np.random.Generator, n: int, d: int = 16) -> np.ndarray:
    vectors = rng.normal(size=(n, d)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(st.integers(0, 2**16), st.integers(1, 60), st.integers(0, 5))
def test_the_nearest_are_the_nearest_in_order(seed: int, labelled: int, queries: int) -> None:
    rng = np.random.default_rng(seed)
    papers, vectors = _unit(rng, labelled), _unit(rng, queries)
    found = nearest_papers(papers, vectors)
    expected = -np.sort(-(vectors @ papers.T), axis=1)[:, :VOTERS]
    assert found.positions.shape == (queries, min(labelled, VOTERS))
    np.testing.assert_allclose(found.similarity, expected, atol=1e-6)


def test_a_paper_does_not_vote_for_itself() -> None:
    papers = _unit(np.random.default_rng(0), 40)
    found = nearest_papers(papers, papers, skip=range(40))
    assert not (found.positions == np.arange(40)[:, None]).any()


def test_a_theme_that_all_near_papers_carry_is_likely_and_one_that_none_carries_is_not() -> None:
    papers = _unit(np.random.default_rng(1), 30)
    labels = [[0] if similar > 0 else [1, 2] for similar in papers @ papers[0]]
    shares = sigmoid(nearest_papers(papers, papers[:1]).vote_logits(labels, 4))[0]
    assert shares[0] > 0.9
    assert shares[3] < 0.01
    assert abs(shares[1] - shares[2]) < 1e-6


def test_without_labelled_papers_nobody_votes() -> None:
    assert no_votes(2, 3).tolist() == [[0.0] * 3] * 2
