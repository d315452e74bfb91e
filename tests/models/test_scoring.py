"""Stages: each text is left with the first that is sure of it, and no text depends on another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.bundle import ModelBundle
from models.scoring import ACCURATE, FAST, OPENING, STAGES, Scored, expected_errors, score_texts, unsure
from models.tagging import TagOptions
from tests.tiny import outside_papers, tiny_job, tiny_papers
from training.fit import fit_bundle

TEXTS = [item.paper.text for item in tiny_papers(80, 71)]


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> ModelBundle:
    return ModelBundle.load(tiny_bundle)


@pytest.fixture(scope="module")
def scored(bundle: ModelBundle) -> dict[str, Scored]:
    return {profile: score_texts(bundle, TEXTS, profile) for profile in (*STAGES, "auto")}


def test_every_stage_scores_all_texts_when_it_is_asked_alone(scored: dict[str, Scored]) -> None:
    for place, stage in enumerate(STAGES):
        inside = scored[stage].in_scope
        assert inside.all()
        assert (scored[stage].stage == place).all()


def test_auto_takes_each_text_from_the_stage_that_it_names(scored: dict[str, Scored]) -> None:
    auto = scored["auto"]
    assert set(auto.stage.tolist()) == {0, 1, 2}
    for row, place in enumerate(auto.stage.tolist()):
        assert np.array_equal(auto.probabilities[row], scored[STAGES[place]].probabilities[row])


def test_auto_goes_on_exactly_where_a_stage_is_in_doubt(bundle: ModelBundle, scored: dict[str, Scored]) -> None:
    asked = unsure(scored[FAST].probabilities, bundle.profiles[FAST])
    again = asked & unsure(scored[OPENING].probabilities, bundle.profiles[OPENING])
    longer = bundle.dense.encoder.encode(TEXTS).tokens > bundle.dense.opening
    assert np.array_equal(scored["auto"].stage, asked.astype(int) + (again & longer))


def test_a_text_that_the_opening_holds_whole_is_not_read_twice(bundle: ModelBundle) -> None:
    short = [item.paper.title for item in tiny_papers(60, 72)]
    assert (bundle.dense.encoder.encode(short).tokens < bundle.dense.opening).any()
    found = score_texts(bundle, short, "auto")
    held = bundle.dense.encoder.encode(short).tokens < bundle.dense.opening
    assert not (found.stage[held] == STAGES.index(ACCURATE)).any()


def test_no_text_depends_on_its_neighbours(bundle: ModelBundle, scored: dict[str, Scored]) -> None:
    for row in range(0, len(TEXTS), 9):
        alone = score_texts(bundle, [TEXTS[row]], "auto")
        assert alone.stage[0] == scored["auto"].stage[row]
        assert np.array_equal(alone.probabilities[0], scored["auto"].probabilities[row])


@pytest.mark.parametrize("profile", ["auto", FAST, ACCURATE])
def test_looking_for_neighbours_changes_no_probability(bundle: ModelBundle, profile: str) -> None:
    plain, with_neighbours = (score_texts(bundle, TEXTS, profile, neighbours=wish) for wish in (False, True))
    assert np.array_equal(plain.probabilities, with_neighbours.probabilities)
    assert np.array_equal(plain.stage, with_neighbours.stage)
    assert (with_neighbours.neighbours >= 0).all()


def test_texts_not_worth_the_time_stay_with_the_first_stage(bundle: ModelBundle) -> None:
    usable = np.arange(len(TEXTS)) % 2 == 0
    found = score_texts(bundle, TEXTS, ACCURATE, usable=usable)
    assert np.array_equal(found.stage == STAGES.index(ACCURATE), usable)


def test_texts_known_to_be_of_the_field_are_in_scope_whatever_they_say(bundle: ModelBundle) -> None:
    far = [paper.text for paper in outside_papers(20)]
    known = np.arange(20) % 2 == 0
    plain, told = (score_texts(bundle, far, ACCURATE, of_field=mask) for mask in (None, known))
    assert not plain.in_scope.any()
    assert np.array_equal(told.in_scope, known)
    assert np.array_equal(told.stage == STAGES.index(ACCURATE), known)


def test_expected_errors_are_those_of_the_probabilities(bundle: ModelBundle, scored: dict[str, Scored]) -> None:
    settings = bundle.profiles[FAST]
    row = scored[FAST].probabilities[0]
    by_hand = sum(1 - p if p >= t else p for p, t in zip(row, settings.calibration.best, strict=True))
    assert expected_errors(scored[FAST].probabilities, settings)[0] == pytest.approx(by_hand, abs=1e-5)


def test_a_bundle_without_openings_reads_the_whole_at_once_and_one_with_categories_heeds_them(tmp_path: Path) -> None:
    job = tiny_job(tmp_path / "encoder")
    fit_bundle(replace(job, field_categories=("cs.DC",), options=replace(job.options, opening=0)), tmp_path / "bundle")
    bundle = ModelBundle.load(tmp_path / "bundle")
    assert OPENING not in bundle.profiles
    assert set(score_texts(bundle, TEXTS, "auto").stage.tolist()) == {0, 2}
    answers = bundle.tag([item.paper for item in tiny_papers(5, 3)], TagOptions("auto", "full"))
    assert {answer.profile for answer in answers} <= {FAST, ACCURATE}
    (far,) = outside_papers(1)
    lists = [(), ("math.FA",), ("math.FA", "cs.DC")]
    reasons = [bundle.tag([replace(far, categories=categories)])[0].reasons for categories in lists]
    assert reasons[:2] == [("out_of_scope",)] * 2
    assert reasons[2] != ("out_of_scope",)
