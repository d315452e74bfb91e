"""Mistakes, confusions and advice on cases worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.training.test_intervals import made_up
from training.breakdown import ThemeFigures
from training.findings import advise, confusions, worst_mistakes
from training.intervals import Estimate


def _predictions():
    truth = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 0]], dtype=bool)
    given = np.array([[0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]], dtype=bool)
    p = np.array([[0.4, 0.6, 0, 0], [0, 1, 0, 0], [0.1, 0.9, 0.9, 0], [0, 0, 0, 0.7], [0.8, 0.2, 0, 0]], np.float32)
    return replace(made_up(5, 1), truth=truth, given=given, probabilities=p)


def test_mistakes_are_ordered_by_how_sure_the_model_was():
    found = worst_mistakes(_predictions())
    assert [item.id for item in found] == ["own:2", "own:0", "own:3"]
    assert [round(item.weight, 5) for item in found] == [1.8, 1.2, 0.7]
    assert found[0].to_json() == {
        "id": "own:2",
        "wrong": [{"theme": "paxos", "probability": 0.9}],
        "missed": [{"theme": "raft", "probability": 0.1}],
    }
    assert [item.id for item in worst_mistakes(_predictions(), limit=1)] == ["own:2"]


def test_confusions_count_papers_with_one_missed_and_another_given():
    (pair,) = confusions(_predictions())
    assert (pair.missed, pair.given, pair.papers, pair.examples) == ("raft", "paxos", 2, ("own:0", "own:2"))


def test_a_perfect_model_has_neither():
    some = _predictions()
    perfect = replace(some, given=some.truth)
    assert worst_mistakes(perfect) == confusions(perfect) == []


def _theme(name, *, support=40, trained_on=200, f1=0.9, width=0.1, precision=0.9, recall=0.9):
    estimate = Estimate(f1, f1 - width / 2, f1 + width / 2)
    return ThemeFigures(name, name, "", support, support, support, precision, recall, estimate, 0.9, trained_on)


def test_advice_names_the_reasons_and_the_rival():
    themes = [
        _theme("good"),
        _theme("thin", trained_on=20),
        _theme("greedy", f1=0.4, precision=0.3, recall=0.8),
        _theme("shy", f1=0.3, precision=0.8, recall=0.2, support=4, width=0.6, trained_on=9),
        _theme("unseen", f1=float("nan"), support=0),
        _theme("unsure", width=0.5),
    ]
    pairs = confusions(_predictions())
    found = {item.theme: item for item in advise(themes, [replace(pairs[0], missed="shy", given="greedy")])}
    assert next(iter(found)) == "shy"
    assert "good" not in found
    assert found["thin"].reasons == ("trained on 20 papers",)
    assert found["thin"].action == "label at least 30 more to train on"
    assert found["greedy"].action == "label papers that only look like it, those near shy above all"
    assert found["shy"].action == "label more papers of it, those near greedy above all"
    assert "only 4 papers here to measure it on" in found["shy"].reasons
    assert "F1 known only within 0.00 to 0.60" in found["shy"].reasons
    assert found["unseen"].reasons == ("no paper here to measure it on",)
    assert found["unsure"].action == "label more recent papers of it to measure on"
