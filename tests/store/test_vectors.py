"""Vectors belong to texts; neighbours are exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError, NotFoundError
from service.store import PaperFilter
from service.store.matrix import Matrix, unit
from tests.store.samples import make_paper, make_tagging

E = "test-encoder-1"


def vectors_for(papers, length: int = 24, seed: int = 0) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    return {paper.digest: generator.standard_normal(length).astype(np.float32) for paper in papers}


@pytest.mark.parametrize(("dtype", "tolerance"), [("f2", 1e-3), ("f4", 0.0)])
def test_vectors_come_back_as_they_were(store, dtype, tolerance):
    found = vectors_for(map(make_paper, range(3)))
    assert store.vectors.save(E, found, dtype) == 3
    assert store.vectors.save(E, found, dtype) == 0
    loaded = store.vectors.load(E, found)
    assert loaded.keys() == found.keys()
    for digest, vector in found.items():
        assert loaded[digest].dtype == np.float32
        np.testing.assert_allclose(loaded[digest], vector, rtol=tolerance)


def test_missing_names_digests_without_vector_in_order(store):
    papers = [make_paper(number) for number in range(4)]
    store.vectors.save(E, vectors_for(papers[1:2]))
    digests = [paper.digest for paper in papers]
    assert store.vectors.missing(E, [*digests, digests[0]]) == [digests[0], digests[2], digests[3]]
    assert store.vectors.missing("another", digests[:1]) == digests[:1]
    assert store.vectors.load("another", digests) == {}


def test_papers_whose_text_has_no_vector_are_met_in_order(store):
    papers = [make_paper(number) for number in range(7)]
    store.papers.upsert(papers)
    store.vectors.save(E, vectors_for(papers[2:4]))
    store.vectors.save("another", vectors_for(papers))
    lacking = [paper.id for paper in (*papers[:2], *papers[4:])]
    assert [one.paper.id for part in store.vectors.lacking(E, batch=2) for one in part] == lacking
    assert store.vectors.count_lacking(E) == 5 and store.vectors.count_lacking("another") == 0
    assert store.vectors.count_lacking("unknown") == 7 and len([*store.vectors.lacking("unknown", batch=7)]) == 1
    seen = []
    for part in store.vectors.lacking(E, batch=2):
        seen += part
        store.vectors.save(E, vectors_for([one.paper for one in part]))
    assert [one.paper.id for one in seen] == lacking and store.vectors.count_lacking(E) == 0
    store.papers.upsert([make_paper(3, version=2, abstract="Another text.")])
    assert [one.paper.id for part in store.vectors.lacking(E) for one in part] == [papers[3].id]


def test_vectors_are_counted_by_name_and_for_one_paper(store):
    papers = [make_paper(number) for number in range(4)]
    store.papers.upsert(papers)
    assert store.vectors.counts() == {} == store.vectors.counts(papers[0].id)
    store.vectors.save(E, vectors_for(papers[:3]))
    store.vectors.save("another", vectors_for(papers[2:]))
    assert store.vectors.counts() == {E: 3, "another": 2}
    assert store.vectors.counts(papers[0].id) == {E: 3}
    assert store.vectors.counts(papers[2].id) == {E: 3, "another": 2}
    assert store.vectors.counts("arxiv:0000.00000") == {}


def test_papers_with_one_text_share_a_vector_and_are_both_found(store):
    twins = [make_paper(1), make_paper(1, id="doi:10.1000/twin")]
    store.papers.upsert(twins)
    store.vectors.save(E, vectors_for(twins[:1]))
    found = store.vectors.similar(E, vectors_for(twins[:1])[twins[0].digest])
    assert {neighbour.paper.paper.id for neighbour in found} == {paper.id for paper in twins}
    assert [neighbour.similarity for neighbour in found] == pytest.approx([1.0, 1.0], abs=1e-5)


def nearest_in_python(papers, found, wanted, limit: int) -> list[str]:
    def cosine(paper) -> float:
        stored = found[paper.digest].astype(np.float16).astype(np.float32)
        return float(stored @ wanted / np.linalg.norm(stored) / np.linalg.norm(wanted))

    return [paper.id for paper in sorted(papers, key=cosine, reverse=True)[:limit]]


def test_neighbours_are_the_true_ones(store):
    papers = [make_paper(number) for number in range(300)]
    store.papers.upsert(papers)
    found = vectors_for(papers)
    store.vectors.save(E, found)
    for seed in range(5):
        wanted = np.random.default_rng(100 + seed).standard_normal(24).astype(np.float32)
        neighbours = store.vectors.similar(E, wanted, limit=7)
        assert [n.paper.paper.id for n in neighbours] == nearest_in_python(papers, found, wanted, 7)
        scores = [n.similarity for n in neighbours]
        assert scores == sorted(scores, reverse=True)


def test_neighbours_of_a_paper_leave_it_out_and_obey_filters(store):
    papers = [make_paper(number) for number in range(120)]
    store.papers.upsert(papers)
    found = vectors_for(papers)
    store.vectors.save(E, found)
    chosen = papers[10::40]
    store.taggings.save([make_tagging(paper, ("kv-cache", 0.9)) for paper in chosen])
    neighbours = store.vectors.similar_to(E, papers[3].id, limit=5, query=PaperFilter(any_of=("kv-cache",)))
    assert [n.paper.paper.id for n in neighbours] == nearest_in_python(chosen, found, found[papers[3].digest], 5)
    everyone = [n.paper.paper.id for n in store.vectors.similar_to(E, papers[3].id, limit=200)]
    assert len(everyone) == 119 and papers[3].id not in everyone


def test_texts_that_no_paper_shows_any_more_are_not_found(store):
    store.papers.upsert([make_paper(1)])
    store.vectors.save(E, vectors_for([make_paper(1)]))
    changed = make_paper(1, version=2, abstract="Rewritten.")
    store.papers.upsert([changed])
    assert store.vectors.similar(E, np.ones(24, np.float32)) == ()
    with pytest.raises(NotFoundError, match="encode it first"):
        store.vectors.similar_to(E, changed.id)


def test_the_matrix_follows_the_store(store):
    wanted = np.eye(24, dtype=np.float32)[0]
    assert store.vectors.similar(E, wanted) == ()
    for number in range(3):
        paper = make_paper(number)
        store.papers.upsert([paper])
        store.vectors.save(E, vectors_for([paper], seed=number))
        assert len(store.vectors.similar(E, wanted)) == number + 1
    store.vectors.drop(E)
    assert store.vectors.encoders() == []
    assert store.vectors.similar(E, wanted) == ()
    store.vectors.save(E, {make_paper(1).digest: np.ones(5, np.float32)})
    assert store.vectors.similar(E, np.ones(5, np.float32))[0].similarity == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("found", "word"),
    [
        ({"zz": np.ones(3, np.float32)}, "digest"),
        ({"ab" * 32: np.ones((2, 2), np.float32)}, "shape"),
        ({"ab" * 32: np.ones(3, np.int64)}, "int64"),
        ({"ab" * 32: np.array([np.nan], np.float32)}, "finite"),
        ({"ab" * 32: np.array([1e30], np.float32)}, "finite"),
        ({"ab" * 32: np.ones(3, np.float32), "cd" * 32: np.ones(4, np.float32)}, "lengths"),
    ],
)
def test_vectors_that_are_none_are_refused(store, found, word):
    with pytest.raises(InputError, match=word):
        store.vectors.save(E, found)
    assert store.vectors.load(E, ["ab" * 32]) == {}


def test_questions_that_make_no_sense_are_refused(store):
    store.papers.upsert([make_paper(1)])
    store.vectors.save(E, vectors_for([make_paper(1)]))
    with pytest.raises(InputError, match="shape"):
        store.vectors.similar(E, np.ones(5, np.float32))
    with pytest.raises(InputError, match="finite"):
        store.vectors.similar(E, np.full(24, np.nan, np.float32))
    with pytest.raises(InputError, match="limit"):
        store.vectors.similar(E, np.ones(24, np.float32), limit=0)
    with pytest.raises(InputError, match="dtype"):
        store.vectors.save(E, {}, "f8")
    with pytest.raises(NotFoundError, match="nobody"):
        store.vectors.similar_to(E, "nobody")
    with pytest.raises(NotFoundError, match="another"):
        store.vectors.drop("another")


@given(st.integers(1, 3000), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_a_settled_scan_holds_the_true_best(rows, length, seed):
    generator = np.random.default_rng(seed)
    vectors = generator.standard_normal((rows, length)).astype(np.float32)
    if seed % 3 == 0:
        vectors[generator.integers(rows)] = 0
    matrix = Matrix()
    for start in range(0, rows, 700):
        matrix.add(range(start + 1, min(start + 700, rows) + 1), vectors[start : start + 700])
    assert (matrix.rows, matrix.length, matrix.last_id) == (rows, length, rows)
    query = unit(generator.standard_normal(length).astype(np.float32))
    true = unit(vectors) @ query
    scan = matrix.scan(query)
    for number in (1, 5, 50, rows):
        ids = scan.candidates(number)
        best = max(true[row - 1] for row in ids)
        if scan.is_settled(float(best), number):
            assert best >= true.max() - 1e-6
    assert scan.is_settled(-2.0, rows) and len(scan.candidates(rows)) == rows


def test_replacing_a_text_finds_the_paper_by_the_new_one(store):
    paper = make_paper(1)
    changed = replace(paper, version=2, abstract="Rewritten.")
    store.papers.upsert([paper])
    store.papers.upsert([changed])
    store.vectors.save(E, vectors_for([paper, changed]))
    found = store.vectors.similar(E, vectors_for([paper, changed])[changed.digest])
    assert [(n.paper.paper.version, round(n.similarity, 3)) for n in found] == [(2, 1.0)]
