from __future__ import annotations

from pathlib import Path

import numpy as np

from models.bundle import ModelBundle
from models.paper import Paper
from models.tagging import TagOptions
from tests.tiny import outside_papers, tiny_papers
from training.distil import sample, soften, within_scope


def papers(count: int) -> list[Paper]:
    return [item.paper for item in tiny_papers(count, 6)]


def test_the_same_papers_are_chosen_in_whatever_order_they_come() -> None:
    whole = papers(200)
    chosen = sample(iter(whole), 30, ())
    assert len(chosen) == 30
    assert chosen == sample(iter(whole[::-1]), 30, ())
    assert set(sample(whole, 20, ())) < set(chosen)


def test_labelled_papers_repetitions_and_empty_ones_are_left_out() -> None:
    whole = papers(20)
    odd = [Paper("x:1"), Paper("x:2", "一", "二"), Paper("x:3", whole[0].title, whole[0].abstract)]
    chosen = sample([*whole, *odd], 100, {whole[1].id})
    assert whole[1] not in chosen
    assert len({paper.text for paper in chosen}) == len(chosen) == 19


def test_targets_are_what_the_teacher_would_answer(tiny_bundle: Path) -> None:
    teacher = ModelBundle.load(tiny_bundle)
    some = papers(30)
    soft = soften(teacher, some)
    for row, answer in zip(soft.targets, teacher.tag(some, TagOptions(profile="accurate")), strict=True):
        scores = dict(answer.scores)
        expected = [scores[theme] for theme in teacher.taxonomy.ids]
        np.testing.assert_allclose(row, expected, atol=2e-3)  # vectors are kept in half precision


def test_other_fields_are_left_out(tiny_bundle: Path) -> None:
    teacher = ModelBundle.load(tiny_bundle)
    of_field, others = papers(700), outside_papers(700, seed=3)
    mixed = [paper for pair in zip(of_field, others, strict=True) for paper in pair]
    kept = list(within_scope(teacher, mixed))
    assert sum(paper in others for paper in kept) < 0.1 * len(others)
    assert sum(paper in of_field for paper in kept) > 0.9 * len(of_field)


def test_no_papers_are_no_trouble(tiny_bundle: Path) -> None:
    assert sample([], 10, ()) == []
    assert soften(ModelBundle.load(tiny_bundle), []).targets.shape == (0, 5)
