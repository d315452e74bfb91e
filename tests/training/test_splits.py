from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.paper import Paper
from tests.tiny import tiny_papers
from training.dataset import LabelledPaper
from training.slices import month
from training.splits import named_splits, split


def dated(count: int, themes: int = 4) -> list[LabelledPaper]:
    """A paper a month from January 2000 on, in a mixed order."""
    papers = [
        LabelledPaper(
            Paper(f"own:{n}", published=datetime(2000 + n // 12, n % 12 + 1, 3, tzinfo=UTC)), (f"t{n % themes}",)
        )
        for n in range(count)
    ]
    return papers[1::2] + papers[::2]


def test_the_newest_are_held_out_by_turns() -> None:
    found = split(dated(600))
    held = [month(item.paper) for item in [*found.dev, *found.test]]
    assert max(month(item.paper) for item in found.train) < min(held)
    assert (len(found.train), len(found.dev), len(found.test)) == (510, 45, 45)
    assert month(found.dev[0].paper) > month(found.test[0].paper) > month(found.dev[1].paper)


def test_arxiv_ids_are_dates_too() -> None:
    papers = [LabelledPaper(Paper(f"arxiv:{20 + n // 240:02}{n // 20 % 12 + 1:02}.{n:05}"), ("a",)) for n in range(600)]
    found = split(papers)
    assert {item.paper.id for item in [*found.dev, *found.test]} == {item.paper.id for item in papers[510:]}


@settings(max_examples=40)
@given(st.integers(0, 700), st.integers(1, 60), st.booleans(), st.integers(0, 5))
def test_every_paper_is_used_once_and_every_theme_can_be_learnt(
    count: int, themes: int, tested: bool, seed: int
) -> None:
    papers = dated(count, themes)
    found = split(papers, seed=seed, small=100, tested=tested)
    parts = [*found.train, *found.dev, *found.test]
    assert Counter(item.paper.id for item in parts) == Counter(item.paper.id for item in papers)
    before, after = (Counter(t for item in some for t in item.themes) for some in (papers, found.train))
    assert all(after[theme] >= min(3, before[theme]) for theme in before)
    assert tested or not found.test


def test_without_dates_the_order_is_drawn_by_the_seed() -> None:
    papers = tiny_papers(600, 3)
    first, same, other = (split(papers, seed=seed) for seed in (1, 1, 2))
    assert first == same != other
    assert "at random" in first.how


def test_few_papers_are_all_learnt_from() -> None:
    found = split(tiny_papers(499, 3))
    assert (len(found.train), found.dev, found.test) == (499, (), ())


def test_splits_may_be_named_by_files_or_fields() -> None:
    papers = tiny_papers(6, 1)
    assert named_splits(papers, [], []) is None
    marked = [
        replace(item, split=name) for item, name in zip(papers, ["train", "", "dev", "test", "dev", "x"], strict=True)
    ]
    found = named_splits(marked, papers[:1], [])
    assert found is not None
    assert [item.paper.id for item in found.train] == [papers[n].paper.id for n in (0, 1, 5)]
    assert [item.paper.id for item in found.dev] == [papers[n].paper.id for n in (0, 2, 4)]
    assert [item.paper.id for item in found.test] == [papers[3].paper.id]


@pytest.mark.parametrize("count", [100, 1000])
def test_papers_newer_than_the_held_out_ones_stay_only_for_rare_themes(count: int) -> None:
    papers = [*dated(count), LabelledPaper(Paper("own:rare", published=datetime(2090, 1, 1, tzinfo=UTC)), ("rare",))]
    found = split(papers, small=0)
    assert "own:rare" in {item.paper.id for item in found.train}
