from __future__ import annotations

from dataclasses import replace

import pytest

from models.errors import LabelError
from models.paper import Paper
from tests.tiny import tiny_papers, tiny_taxonomy
from training.dataset import LabelledPaper
from training.prepare import Labels, prepare


def test_themes_in_use_are_kept_where_most_labels_fit() -> None:
    papers = [*tiny_papers(40, 1), LabelledPaper(Paper("own:odd", "On stars", "They twinkle."), ("astrology",))]
    prepared = prepare(Labels(papers, in_use=tiny_taxonomy()))
    assert prepared.taxonomy.ids == tiny_taxonomy().ids
    assert [finding.kind for finding in prepared.problems.errors] == ["unknown_theme"]
    assert len(prepared.splits.train) == 40


def test_other_labels_are_themes_of_their_own() -> None:
    papers = [replace(item, themes=tuple(f"my {theme}" for theme in item.themes)) for item in tiny_papers(40, 1)]
    prepared = prepare(Labels(papers, in_use=tiny_taxonomy()))
    assert set(prepared.taxonomy.ids) == {f"my-{theme}" for theme in tiny_taxonomy().ids}
    assert any("taken from the labels" in remark for remark in prepared.remarks)
    assert not prepared.problems.errors


def test_a_given_taxonomy_is_the_law() -> None:
    papers = [replace(item, themes=("astrology",)) for item in tiny_papers(5, 1)]
    with pytest.raises(LabelError, match="none of 5 train papers"):
        prepare(Labels(papers, themes=tiny_taxonomy()))


def test_repetitions_are_settled_before_papers_are_held_out() -> None:
    papers = tiny_papers(560, 4)
    prepared = prepare(Labels([*papers, *papers[:200]], themes=tiny_taxonomy()), strict=True)
    splits = prepared.splits
    ids = [item.paper.id for item in [*splits.train, *splits.dev, *splits.test]]
    assert len(ids) == len(set(ids))
    assert len(splits.dev) + len(splits.test) > 60
    assert "leaked_id" not in {finding.kind for finding in prepared.problems.findings}


def test_papers_like_held_out_ones_are_left_out_and_told_by_their_line() -> None:
    papers = tiny_papers(600, 4)
    papers += [
        replace(item, paper=replace(item.paper, id=f"{item.paper.id}-again", abstract=f"{item.paper.abstract} Indeed."))
        for item in papers[:100]
    ]
    papers = [replace(item, line=number) for number, item in enumerate(papers, start=1)]
    prepared = prepare(Labels(papers, themes=tiny_taxonomy()))
    near = [finding for finding in prepared.problems.findings if finding.kind == "near_duplicate"]
    assert near
    kept = {item.line for item in prepared.splits.train}
    for finding in near:
        assert finding.dropped
        assert not kept & {papers[row].line for _, row in finding.dropped}


def test_errors_are_refused_if_asked() -> None:
    papers = [*tiny_papers(20, 1), LabelledPaper(Paper("own:odd", "On stars", "They twinkle."), ("astrology",))]
    with pytest.raises(LabelError, match="1 error;"):
        prepare(Labels(papers, themes=tiny_taxonomy()), strict=True)


def test_given_splits_stay_apart() -> None:
    dev = [replace(item, split="train") for item in tiny_papers(30, 2)]  # what the dev file says of them is no matter
    prepared = prepare(Labels(tiny_papers(50, 1), dev, tiny_papers(20, 3), themes=tiny_taxonomy()))
    assert [len(part) for part in (prepared.splits.dev, prepared.splits.test)] == [30, 20]
    with pytest.raises(LabelError, match="nothing to learn from"):
        prepare(Labels([replace(item, split="dev") for item in dev], themes=tiny_taxonomy()))


def test_splits_of_other_names_are_told() -> None:
    papers = [
        replace(item, split=name)
        for item, name in zip(tiny_papers(9, 1), ["validation", "dev", "train"] * 3, strict=True)
    ]
    prepared = prepare(Labels(papers, themes=tiny_taxonomy()))
    assert "warning: 3 papers of the split 'validation' not held out: only dev and test are" in prepared.remarks
    assert sum("not held out" in remark for remark in prepared.remarks) == 1


def test_fine_tuning_always_has_dev_papers() -> None:
    splits = prepare(Labels(tiny_papers(80, 1), themes=tiny_taxonomy()), fine_tuned=True).splits
    assert len(splits.dev) == 12
    assert not splits.test
