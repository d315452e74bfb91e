"""The model card: what the hub's own reader makes of it, and what people read."""

from __future__ import annotations

import pytest
import yaml
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from models.bundle import ModelBundle
from models.errors import InputError
from tests.tiny import tiny_papers
from training.card import CardFacts, model_card
from training.evaluate import Options, evaluate

FACTS = CardFacts("Invented papers", "2026-04", origin="Labels were given by reading.", base_model="example/encoder")


@pytest.fixture(scope="module")
def bundle(tiny_bundle):
    return ModelBundle.load(tiny_bundle, threads=1)


@pytest.fixture(scope="module")
def evaluations(bundle):
    return [evaluate(bundle, tiny_papers(30, 61), Options(name, resamples=100)) for name in ("fast", "accurate")]


def test_the_hub_reads_every_result(bundle, evaluations):
    card = ModelCard(model_card(bundle, evaluations, FACTS))
    results = card.data.eval_results
    assert card.data.model_name == "themes"
    assert {result.dataset_split for result in results} == {"2026-04"}
    by_name = {result.metric_name: result.metric_value for result in results}
    for evaluation in evaluations:
        value = evaluation.figures["micro_f1"].value
        assert by_name[f"micro-F1 ({evaluation.options.profile})"] == round(value, 4)
    assert (card.data.license, card.data.language, card.data.base_model) == ("apache-2.0", ["en"], "example/encoder")


def test_people_read_themes_figures_and_limits(bundle, evaluations):
    card = model_card(bundle, evaluations, FACTS)
    body = MarkdownIt("commonmark").enable("table").render(card.split("---\n", 2)[2])
    for heading in ("Themes", "Training data", "Evaluation", "Limits", "Use"):
        assert f"<h2>{heading}</h2>" in body
    for words in ("Byzantine agreement", "leader election"):
        assert words not in body, "definitions are not needed, texts are not allowed"
    assert "Trained on 240 labelled papers, tuned on 160 more" in body
    assert "Labels were given by reading." in body
    assert body.count("<th>") == 2 + 3 + 4


def test_the_metadata_is_plain_yaml(bundle, evaluations):
    head = yaml.safe_load(model_card(bundle, evaluations, FACTS).split("---\n")[1])
    assert head["pipeline_tag"] == "text-classification"
    assert len(head["model-index"][0]["results"]) == 2


def test_evaluations_of_something_else_are_refused(bundle, evaluations):
    with pytest.raises(InputError, match="at least one"):
        model_card(bundle, [], FACTS)
    evaluations[0].model["sha256"], kept = "0" * 64, evaluations[0].model["sha256"]
    with pytest.raises(InputError, match="not of this one"):
        model_card(bundle, evaluations, FACTS)
    evaluations[0].model["sha256"] = kept
