from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.batches import Batches, Shortening, masked, padded, rate_at


@given(st.lists(st.integers(2, 300), min_size=1, max_size=400), st.integers(1, 20), st.integers(0, 9))
def test_an_epoch_holds_every_text_once_in_batches_of_like_length(lengths: list[int], size: int, seed: int) -> None:
    batches = Batches(np.array(lengths), size, seed)
    found = batches.of_epoch(2)
    assert sorted(np.concatenate(found).tolist()) == list(range(len(lengths)))
    assert len(found) == batches.in_epoch
    assert all(len(rows) <= size for rows in found)


def test_padding_is_little() -> None:
    lengths = np.random.default_rng(0).integers(2, 300, 1000)
    epoch = Batches(lengths, 16, 0).of_epoch(0)
    assert sum(len(rows) * lengths[rows].max() for rows in epoch) < 1.1 * lengths.sum()


@given(st.integers(1, 60), st.integers(1, 8), st.integers(0, 40))
def test_a_run_goes_on_as_it_would_have(count: int, size: int, after: int) -> None:
    batches = Batches(np.arange(count) + 2, size, 3)
    whole = [(step, rows.tolist()) for step, rows in batches.steps(0, 60)]
    rest = [(step, rows.tolist()) for step, rows in batches.steps(after, 60)]
    assert rest == whole[after:]


@given(st.lists(st.lists(st.integers(5, 99), min_size=1, max_size=30), min_size=1, max_size=6), st.integers(0, 99))
def test_masking_spares_first_and_last_pieces_and_padding(texts: list[list[int]], step: int) -> None:
    ids, seen = padded(texts)
    hidden = masked(ids, seen, 4, 0.5, seed=1, step=step)
    for row, text in enumerate(texts):
        assert hidden[row, 0] == text[0]
        assert hidden[row, len(text) - 1] == text[-1]
        assert (hidden[row, len(text) :] == 0).all()
        assert all(piece in (4, known) for piece, known in zip(hidden[row], text, strict=False))
    assert (hidden == masked(ids, seen, 4, 0.5, seed=1, step=step)).all()


def test_about_the_share_asked_for_is_masked() -> None:
    ids, seen = padded([[9] * 200] * 50)
    assert 0.08 < (masked(ids, seen, 4, 0.1, seed=0, step=0) == 4).mean() < 0.12


@pytest.mark.parametrize(("step", "expected"), [(0, 0.1), (9, 1.0), (10, 1.0), (55, 0.5), (99, 1 / 90)])
def test_the_rate_rises_and_falls(step: int, expected: float) -> None:
    assert rate_at(step, 100, 0.1) == pytest.approx(expected)


@given(st.lists(st.integers(2, 260), min_size=1, max_size=50), st.integers(0, 9), st.integers(0, 99))
def test_a_text_is_shown_whole_cut_or_by_its_title(lengths: list[int], seed: int, step: int) -> None:
    texts = [[1, *range(10, 8 + length), 2] for length in lengths]
    titles = [[1, -1, 2] for _ in lengths]
    shortening = Shortening(titles=0.2, cut=0.5, least=30, most=90)
    shown = shortening.of(texts, titles, seed=seed, step=step)
    assert shown == shortening.of(texts, titles, seed=seed, step=step)
    for text, title, seen in zip(texts, titles, shown, strict=True):
        cut = 30 <= len(seen) <= 90 and list(seen[:-1]) == text[: len(seen) - 1] and seen[-1] == text[-1]
        assert seen in (text, title) or cut


def test_texts_are_shortened_as_often_as_asked() -> None:
    texts, titles = [list(range(200))] * 4000, [[0, 1]] * 4000
    shown = Shortening(titles=0.12, cut=0.3).of(texts, titles, seed=1, step=7)
    assert sum(text == [0, 1] for text in shown) / 4000 == pytest.approx(0.12, abs=0.02)
    assert sum(2 < len(text) < 200 for text in shown) / 4000 == pytest.approx(0.3, abs=0.03)
