from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import ThreadpoolController

from models.neighbours import CANDIDATES, NEAREST, VOTERS, LabelledVectors, no_votes
from models.scores import sigmoid


def _unit(rng: np.random.Generator, n: int, d: int = 16) -> np.ndarray:
    vectors = rng.normal(size=(n, d)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(st.integers(0, 2**16), st.integers(1, 60), st.integers(0, 5))
def test_the_nearest_are_the_nearest_in_order(seed: int, labelled: int, queries: int) -> None:
    rng = np.random.default_rng(seed)
    papers, vectors = _unit(rng, labelled), _unit(rng, queries)
    found = LabelledVectors(papers).nearest(vectors)
    expected = -np.sort(-(vectors @ papers.T), axis=1)[:, :VOTERS]
    assert found.positions.shape == (queries, min(labelled, VOTERS))
    np.testing.assert_allclose(found.similarity, expected, atol=1e-6)


def test_a_paper_does_not_vote_for_itself() -> None:
    papers = _unit(np.random.default_rng(0), 40)
    found = LabelledVectors(papers).nearest(papers, skip=range(40))
    assert not (found.positions == np.arange(40)[:, None]).any()


def test_a_theme_that_all_near_papers_carry_is_likely_and_one_that_none_carries_is_not() -> None:
    papers = _unit(np.random.default_rng(1), 30)
    labels = [[0] if similar > 0 else [1, 2] for similar in papers @ papers[0]]
    shares = sigmoid(LabelledVectors(papers).nearest(papers[:1]).vote_logits(labels, 4))[0]
    assert shares[0] > 0.9
    assert shares[3] < 0.01
    assert abs(shares[1] - shares[2]) < 1e-6


def test_without_labelled_papers_nobody_votes() -> None:
    assert no_votes(2, 3).tolist() == [[0.0] * 3] * 2


def _papers_of_themes(rng: np.random.Generator, n: int) -> np.ndarray:
    """Vectors as a tuned encoder gives them: most of what tells papers apart lies in few directions."""
    spread = 1.0 / (1.0 + np.arange(160.0))
    vectors = (rng.normal(size=(n, 160)) * spread).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(st.integers(0, 2**16))
@settings(max_examples=5, deadline=None)
def test_among_many_papers_the_nearest_are_found_by_their_main_directions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    papers, vectors = _papers_of_themes(rng, 8 * CANDIDATES), _papers_of_themes(rng, 50)
    found = LabelledVectors(papers).nearest(vectors)
    expected = -np.sort(-(vectors @ papers.T), axis=1)[:, :VOTERS]
    np.testing.assert_allclose(found.similarity[:, :NEAREST], expected[:, :NEAREST], atol=1e-6)
    assert np.isclose(found.similarity, expected, atol=1e-6).mean() > 0.99
    alone = np.concatenate([LabelledVectors(papers).nearest(vector[None]).positions for vector in vectors[:3]])
    assert (alone == found.positions[:3]).all()


def test_many_papers_do_not_vote_for_themselves_either() -> None:
    papers = _papers_of_themes(np.random.default_rng(2), 3 * CANDIDATES)
    rows = np.arange(0, len(papers), 100)
    found = LabelledVectors(papers).nearest(papers[rows], skip=rows.tolist())
    assert not (found.positions == rows[:, None]).any()
    assert (LabelledVectors(papers).nearest(papers[rows]).positions[:, 0] == rows).all()


def test_vectors_of_eight_bits_are_near_to_what_they_were_made_from() -> None:
    papers = _papers_of_themes(np.random.default_rng(3), 2 * CANDIDATES)
    small = LabelledVectors(np.rint(papers * 127.0).astype(np.int8))
    np.testing.assert_allclose(small.full(), papers, atol=0.5 / 127 + 1e-6)
    found = small.nearest(papers[:20])
    assert (found.positions[:, 0] == np.arange(20)).all()
    np.testing.assert_allclose(found.similarity, LabelledVectors(papers).nearest(papers[:20]).similarity, atol=0.02)


def test_nothing_is_near_where_there_is_nothing() -> None:
    with pytest.raises(ValueError, match="no labelled papers"):
        LabelledVectors(np.zeros((0, 4), np.int8)).nearest(np.ones((1, 4), np.float32))


def test_searches_at_the_same_time_leave_the_cores_as_they_were() -> None:
    papers = LabelledVectors(_papers_of_themes(np.random.default_rng(4), 2 * CANDIDATES))
    vectors = _papers_of_themes(np.random.default_rng(5), 300)

    def cores() -> list[int]:
        return [library["num_threads"] for library in ThreadpoolController().info() if library["user_api"] == "blas"]

    before = cores()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: papers.nearest(vectors).positions, range(8)))
    assert all((one == found[0]).all() for one in found)
    assert cores() == before
