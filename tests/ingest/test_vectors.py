"""Vectors kept while papers are tagged, never worked out twice, and those that are missing added."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.encoders.transformer import TransformerEncoder
from models.paper import Paper
from models.tagging import TagOptions
from service.ingest import Tagger, TextVectors, fill_vectors, ingest, preview, retag
from service.ruled import under_rules
from service.store import Store
from tests.ingest.samples import papers


def noting(loaded, profile="fast", *, encode=False):
    vectors = TextVectors(loaded, encode=encode)
    return Tagger.of(vectors.bundle, TagOptions(profile=profile), vectors)


def digests(found):
    return sorted({paper.digest for paper in found})


@pytest.fixture
def encoded(monkeypatch):
    """Texts that the encoder has read as a whole, in order."""
    texts, real = [], TransformerEncoder.encode

    def encode(self, given, *, limit=None):
        found = real(self, given, limit=limit)
        texts.extend(text for text, read in zip(given, found.tokens, strict=True) if limit is None or read < limit)
        return found

    monkeypatch.setattr(TransformerEncoder, "encode", encode)
    return texts


def test_every_tagged_paper_has_a_vector_and_fast_runs_no_encoder(store, loaded, encoded):
    tagger, found = noting(loaded), papers(30)
    ingest(found, store, tagger)
    kept = store.vectors.load(tagger.vectors.ngrams, [paper.digest for paper in found])
    assert sorted(kept) == digests(found) and encoded == []
    assert store.vectors.encoders() == [tagger.vectors.ngrams]
    near = store.vectors.similar_to(tagger.vectors.ngrams, found[0].id, limit=3)
    assert len(near) == 3 and near[0].similarity > 0


@pytest.mark.parametrize("profile", ["accurate", "auto", "fast"])
def test_no_text_is_encoded_twice(store, loaded, encoded, profile):
    tagger, found = noting(loaded, profile, encode=True), papers(30)
    ingest(found, store, tagger)
    assert sorted(encoded) == sorted({paper.text for paper in found})
    kept = store.vectors.load(tagger.vectors.encoder, [paper.digest for paper in found])
    direct = loaded.dense.encoder.encode([paper.text for paper in found]).vectors
    for paper, vector in zip(found, direct, strict=True):
        assert np.allclose(kept[paper.digest], vector, atol=1e-3)


def test_what_tagging_encoded_anyway_is_kept(store, loaded, encoded):
    tagger, found = noting(loaded, "auto"), papers(60)
    ingest(found, store, tagger)
    assert 0 < len(set(encoded)) < 60
    assert store.vectors.counts() == {tagger.vectors.encoder: len(set(encoded)), tagger.vectors.ngrams: 60}


@pytest.mark.parametrize("profile", ["fast", "auto", "accurate"])
def test_answers_are_those_of_the_bundle(loaded, profile):
    found, options = papers(30), TagOptions(profile=profile)
    assert TextVectors(loaded).bundle.tag(found, options) == loaded.tag(found, options)


def test_a_changed_text_has_a_vector_of_its_own_and_an_unchanged_one_is_not_encoded_again(store, loaded, encoded):
    tagger = noting(loaded, encode=True)
    first, same = papers(2)
    ingest([first, same], store, tagger)
    second = replace(first, version=2, abstract="We present quorum certificates for atomic broadcast.")
    ingest([second, replace(same, version=2)], store, tagger)
    assert encoded == [first.text, same.text, second.text]
    for name in (tagger.vectors.encoder, tagger.vectors.ngrams):
        assert store.vectors.counts()[name] == 3
        assert store.vectors.counts(first.id)[name] == 3, "of what it shows now, there is one"
    assert [near.paper.paper.id for near in store.vectors.similar_to(tagger.vectors.encoder, first.id)] == [same.id]


def test_papers_that_rules_skip_have_vectors_too(store, loaded, tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text('skip:\n  - {field: primary_category, phrase: "math.*"}\n')
    vectors = TextVectors(loaded, encode=True)
    tagger = Tagger.of(under_rules(vectors.bundle, rules), TagOptions(profile="fast"), vectors)
    first, second = papers(2)
    ingest([first, replace(second, categories=("math.CO",))], store, tagger)
    assert "skipped_by_rule" in store.papers.get(second.id).tagging.reasons
    assert store.vectors.counts() == {vectors.encoder: 2, vectors.ngrams: 2}


def test_odd_texts_are_no_reason_to_stop(store, loaded):
    tagger = noting(loaded, encode=True)
    odd = [
        Paper("a:1", "\udcff\x00"),
        Paper("a:2", "", ""),
        Paper("a:3", "x" * 300_000),
        Paper("a:4", "量子" * 500),
        Paper("a:5", "x" * 300_000),
    ]
    ingest(odd, store, tagger)
    assert store.vectors.count_lacking(tagger.vectors.ngrams) == 0
    assert store.vectors.count_lacking(tagger.vectors.encoder) == 0


def test_a_retag_keeps_vectors_and_its_preview_none(store, loaded, tagger):
    ingest(papers(20), store, tagger)
    newer = replace(noting(loaded), bundle="tiny@2+0000000000000000")
    preview(store, newer)
    assert store.vectors.counts() == {}
    retag(store, newer)
    assert store.vectors.counts() == {newer.vectors.ngrams: 20}
    ingest(papers(3, seed=77), store, newer)
    assert store.vectors.counts() == {newer.vectors.ngrams: 23}, "what the preview met is not kept later"


def test_missing_vectors_are_filled_in_and_a_stop_is_gone_on_from(store, loaded, tagger, encoded):
    ingest(papers(150), store, tagger)
    vectors = TextVectors(loaded)
    names = [vectors.ngrams, vectors.encoder]
    assert fill_vectors(store, vectors, names, limit=10).papers == 20

    def stop(far):
        if far.papers > 150:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill_vectors(store, vectors, names, progress=stop)
    done = fill_vectors(store, vectors, names)
    assert done.papers == done.total > 0
    assert len(encoded) == len(set(encoded)) == 150
    assert store.vectors.counts() == {vectors.ngrams: 150, vectors.encoder: 150}
    assert fill_vectors(store, vectors, names).total == 0


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 5), st.text(max_size=40)), max_size=12), st.booleans())
def test_whatever_is_taken_in_has_vectors(loaded, items, encode):
    found = [Paper(f"a:{number}", title, "federated averaging of clients") for number, title in items]
    with Store.open(":memory:") as store:
        tagger = noting(loaded, encode=encode)
        ingest(found, store, tagger, batch=3)
        assert store.vectors.count_lacking(tagger.vectors.ngrams) == 0
        assert not encode or store.vectors.count_lacking(tagger.vectors.encoder) == 0
