from __future__ import annotations

from collections import Counter

import numpy as np

from models.encoders.ngrams import ngram_keys, word_numbers
from models.encoders.word_numbers import WordNumbers
from tests.tiny import tiny_papers
from training.lexical import fit_heads, fit_ngrams, fit_words


def test_document_frequencies_count_each_text_once() -> None:
    texts = [p.paper.text for p in tiny_papers(60, 8)]
    words = fit_words(texts, min_count=1)
    encoder = fit_ngrams(texts, words, min_documents=2)
    counts: Counter[int] = Counter()
    for text in texts:
        found = word_numbers(WordNumbers(words), [text])
        counts.update(set(ngram_keys(found.numbers, found.owners, 2)[0].tolist()))
    expected = {key: count for key, count in counts.items() if 2 <= count <= len(texts) // 3}
    assert encoder.keys.tolist() == sorted(expected)
    idf = np.log((1.0 + len(texts)) / (1.0 + np.array([expected[key] for key in sorted(expected)]))) + 1.0
    np.testing.assert_allclose(encoder.idf, idf, rtol=1e-6)


def test_the_most_frequent_are_kept_where_there_are_too_many() -> None:
    texts = [p.paper.text for p in tiny_papers(60, 8)]
    words = fit_words(texts, min_count=1)
    everything, some = (fit_ngrams(texts, words, min_documents=1, size=size) for size in (10_000, 50))
    assert len(some.keys) == 50
    rarest = some.idf.max()
    left_out = ~np.isin(everything.keys, some.keys)
    assert (everything.idf[left_out] >= rarest).all()


def test_dense_and_sparse_features_give_the_same_heads() -> None:
    import scipy.sparse as sp

    rng = np.random.default_rng(0)
    dense = rng.normal(size=(50, 6)).astype(np.float32)
    targets = (rng.random((50, 2)) < 0.4).astype(np.float32)
    first, second = (fit_heads(features, targets, penalty=0.5) for features in (dense, sp.csr_matrix(dense)))
    np.testing.assert_allclose(first[0], second[0], atol=1e-3)
