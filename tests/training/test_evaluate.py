"""A whole evaluation of the small bundle: consistent in itself and the same every time."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from models.bundle import ModelBundle
from models.errors import InputError, LabelError
from models.paper import Paper
from tests.tiny import tiny_papers
from training import metrics
from training.dataset import LabelledPaper
from training.evaluate import Options, evaluate
from training.intervals import compare

OPTIONS = Options("accurate", resamples=200)


@pytest.fixture(scope="module")
def bundle(tiny_bundle):
    return ModelBundle.load(tiny_bundle, threads=1)


@pytest.fixture(scope="module")
def labelled():
    fields = [
        LabelledPaper(Paper(f"far:{n}", "Coral reef ecology", "We count fish and corals again."), ()) for n in (1, 2)
    ]
    return [*tiny_papers(60, 41), *fields]


@pytest.fixture(scope="module")
def found(bundle, labelled):
    return evaluate(bundle, labelled, OPTIONS)


def test_figures_are_those_of_the_answers_that_are_served(bundle, labelled, found):
    taggings = bundle.tag([item.paper for item in labelled], replace_profile("accurate"))
    given = np.array(
        [[theme in {t.theme for t in tagging.tags} for theme in bundle.taxonomy.ids] for tagging in taggings]
    )
    truth = np.array([[theme in item.themes for theme in bundle.taxonomy.ids] for item in labelled])
    assert found.figures["micro_f1"].value == pytest.approx(metrics.micro_f1(given, truth))
    assert found.figures["macro_f1"].value == pytest.approx(metrics.macro_f1(given, truth))
    assert sum(found.reasons.values()) == sum(tagging.abstained for tagging in taggings)


def replace_profile(profile):
    from models.tagging import TagOptions

    return TagOptions(profile=profile)


def test_themes_groups_and_totals_agree(bundle, found):
    predictions = found.predictions
    assert [theme.theme for theme in found.themes] == list(bundle.taxonomy.ids)
    assert sum(theme.support for theme in found.themes) == predictions.truth.sum()
    assert sum(theme.given for theme in found.themes) == predictions.given.sum()
    hits = sum(theme.hits for theme in found.themes)
    assert found.figures["micro_precision"].value == pytest.approx(hits / predictions.given.sum())
    assert sum(theme.trained_on for theme in found.themes) == sum(map(len, bundle.dense.labels))
    assert [group.group for group in found.groups] == ["learning", "systems"]
    assert [check.promise for check in found.promises] == ["precision=0.9", "recall=0.95"]


def test_titles_alone_are_a_part_unless_switched_off(bundle, labelled, found):
    assert [part.name for part in found.slices if part.name == "title only"] == ["title only"]
    without = evaluate(bundle, labelled[:20], replace(OPTIONS, without_abstracts=False))
    assert not [part.name for part in without.slices if part.name == "title only"]


def test_training_papers_are_recognised(bundle, found):
    assert found.seen == 0
    assert evaluate(bundle, tiny_papers(12, 1), OPTIONS).seen == 12


def test_the_same_data_and_seed_give_the_same_json(bundle, labelled, found):
    record = json.dumps(found.to_json(), allow_nan=False)
    assert json.dumps(evaluate(bundle, labelled, OPTIONS).to_json(), allow_nan=False) == record
    assert "Coral" not in record


def test_json_holds_the_comparison(bundle, labelled, found):
    fast = evaluate(bundle, labelled, Options("fast", resamples=200))
    record = found.to_json(compare(fast.predictions, found.predictions, times=200))
    assert record["comparison"]["first"] == "themes 1 (fast)"
    assert record["comparison"]["papers"] == len(labelled)
    assert set(record["comparison"]["figures"]) == set(record["figures"])


def test_one_paper_is_enough_and_none_is_refused(bundle):
    found = evaluate(bundle, tiny_papers(1, 3), OPTIONS)
    json.dumps(found.to_json(), allow_nan=False)
    with pytest.raises(LabelError, match="no labelled paper"):
        evaluate(bundle, [], OPTIONS)


def test_odd_options_are_refused(bundle, labelled):
    for options, word in ((replace(OPTIONS, profile="slow"), "profile"), (replace(OPTIONS, promise="luck"), "promise")):
        with pytest.raises(InputError, match=word):
            evaluate(bundle, labelled[:2], options)
