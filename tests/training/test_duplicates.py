"""Near-duplicates: found where they are, not where texts merely share phrases, and quickly."""

from __future__ import annotations

import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from training.duplicates import SIMILAR, near_duplicates, normalised

WORDS = [f"word{n}" for n in range(3000)]


def _text(seed: int, length: int = 150) -> list[str]:
    return random.Random(seed).choices(WORDS, k=length)


def _jaccard(a: str, b: str) -> float:
    one, other = ({tuple(w[i : i + 3]) for i in range(len(w) - 2)} for w in (a.split(), b.split()))
    return len(one & other) / len(one | other)


def test_edited_copies_are_found_with_their_exact_similarity():
    originals = [" ".join(_text(seed)) for seed in range(120)]
    copies = []
    for seed in range(0, 120, 3):
        words = _text(seed)
        words[10:12] = ["replaced"]
        copies.append(" ".join(words).upper() + " ... and two more words!")
    found = near_duplicates(originals, copies)
    assert [(pair.first, pair.second) for pair in found] == [(3 * n, n) for n in range(40)]
    for pair in found:
        expected = _jaccard(normalised(originals[pair.first]), normalised(copies[pair.second]))
        assert pair.similarity == expected > SIMILAR


def test_shared_phrases_do_not_make_duplicates():
    boilerplate = ["in", "this", "paper", "we", "propose", "a", "new", "method", "that"]
    texts = [" ".join(boilerplate + _text(seed, 60)) for seed in range(300)]
    assert near_duplicates(texts[:150], texts[150:]) == []


def test_a_crowd_of_equal_texts_does_not_cost_its_square():
    same = " ".join(_text(1))
    assert len(near_duplicates([same] * 20, [same] * 20)) == 400
    crowd = near_duplicates([same] * 300, [same] * 100)
    assert {pair.second for pair in crowd} == set(range(100))
    assert len(crowd) == 100 * 30


@given(st.lists(st.sampled_from(WORDS[:40]), min_size=12, max_size=60), st.data())
@settings(max_examples=60)
def test_similarity_is_never_overstated(words, data):
    other = list(words)
    for _ in range(data.draw(st.integers(0, 6))):
        other[data.draw(st.integers(0, len(other) - 1))] = data.draw(st.sampled_from(WORDS))
    a, b = " ".join(words), " ".join(other)
    for pair in near_duplicates([a], [b], threshold=0.0):
        assert pair.similarity == _jaccard(a, b)
    assert near_duplicates([a], [a])[0].similarity == 1.0


def test_short_and_empty_texts_have_no_near_duplicates():
    assert near_duplicates(["a b c", "", "one two three four"], ["a b c", "", "one two three four"]) == []
    assert near_duplicates([], ["a b c"]) == near_duplicates(["a b c"], []) == []


def test_texts_are_compared_by_their_words_alone():
    assert normalised("Raft,  RE-visited_again (2nd ed.)!") == "raft re visited again 2nd ed"


def test_time_grows_with_the_number_of_texts_not_its_square():
    def seconds(n: int) -> float:
        texts = [" ".join(_text(seed, 80)) for seed in range(2 * n)]
        start = time.process_time()
        near_duplicates(texts[:n], texts[n:])
        return time.process_time() - start

    seconds(100)
    assert min(seconds(3200), seconds(3200)) < 10 * seconds(800)
