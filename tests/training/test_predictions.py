"""Answers beside labels: as serving gives them, and whole again from disk."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from safetensors.numpy import save_file

from models.bundle import ModelBundle
from models.errors import InputError, LabelError, ThemeError
from models.paper import Paper
from models.scoring import STAGES
from models.tagging import TagOptions
from tests.tiny import tiny_papers
from training.dataset import LabelledPaper
from training.predictions import load_predictions, predict, save_predictions

ODD = [
    LabelledPaper(Paper("own:empty"), ()),
    LabelledPaper(Paper("own:short", "Raft"), ("consensus",)),
    LabelledPaper(Paper("own:foreign", "Über verteilte Einigung", "Wir zeigen, wie sich viele Rechner einig werden, "
                        "auch wenn einige davon ausfallen oder lügen."), ("consensus",)),
]  # fmt: skip


@pytest.fixture(scope="module")
def bundle(tiny_bundle):
    return ModelBundle.load(tiny_bundle, threads=1)


@pytest.fixture(scope="module")
def labelled():
    return [*tiny_papers(60, 31), *ODD]


@pytest.mark.parametrize("profile", ["fast", "accurate", "auto"])
@pytest.mark.parametrize("promise", ["f1", "precision=0.9", "recall=0.95"])
def test_predictions_are_what_serving_answers(bundle, labelled, profile, promise):
    (found,) = predict(bundle, labelled, profile, (promise,))
    taggings = bundle.tag([item.paper for item in labelled], TagOptions(profile=profile, promise=promise))
    columns = bundle.taxonomy.columns
    for row, tagging in enumerate(taggings):
        assert {bundle.taxonomy.ids[c] for c in np.flatnonzero(found.given[row])} == {t.theme for t in tagging.tags}
        assert found.reasons[row] == (tagging.reasons[0] if tagging.reasons else "")
        assert STAGES[found.stage[row]] == tagging.profile
        for theme, probability in tagging.scores:
            assert found.probabilities[row, columns[theme]] == probability


def test_several_promises_share_one_scoring(bundle, labelled):
    f1, strict, lenient = predict(bundle, labelled, "fast", ("f1", "precision=0.9", "recall=0.95"))
    assert f1.probabilities is strict.probabilities is lenient.probabilities
    assert (strict.given != lenient.given).any()
    (alone,) = predict(bundle, labelled, "fast", ("precision=0.9",))
    np.testing.assert_array_equal(alone.given, strict.given)


def test_a_paper_without_text_ranks_nothing(bundle, labelled):
    (found,) = predict(bundle, labelled, "fast")
    row = found.ids.index("own:empty")
    assert not found.probabilities[row].any()
    assert found.reasons[row] == "no_text"


def test_batches_change_nothing(bundle, labelled, monkeypatch):
    (whole,) = predict(bundle, labelled, "accurate")
    monkeypatch.setattr("training.predictions._BATCH", 7)
    (parts,) = predict(bundle, labelled, "accurate")
    np.testing.assert_allclose(parts.probabilities, whole.probabilities, atol=1e-6)
    np.testing.assert_array_equal(parts.given, whole.given)


def test_scores_come_back_whole_from_disk(bundle, labelled, tmp_path):
    (found,) = predict(bundle, labelled, "fast")
    path, again = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    save_predictions(found, path)
    loaded = load_predictions(path)
    for field in fields(found):
        ours, theirs = getattr(found, field.name), getattr(loaded, field.name)
        assert np.array_equal(ours, theirs) if isinstance(ours, np.ndarray) else ours == theirs
    save_predictions(loaded, again)
    assert again.read_bytes() == path.read_bytes()
    assert not any(item.paper.title.encode() in path.read_bytes() for item in labelled if len(item.paper.title) > 5)


def test_what_is_no_score_file_is_refused(tmp_path):
    text, arrays = tmp_path / "text.safetensors", tmp_path / "arrays.safetensors"
    text.write_text("not arrays")
    save_file({name: np.zeros((2, 2), np.float32) for name in ("probabilities", "truth", "given", "stage")}, arrays)
    for path in (text, arrays, tmp_path / "absent.safetensors"):
        with pytest.raises(InputError, match=path.name):
            load_predictions(path)


def test_a_place_that_cannot_be_written_is_named(bundle, labelled, tmp_path):
    (found,) = predict(bundle, labelled[:2], "fast")
    with pytest.raises(InputError, match="cannot write the scores"):
        save_predictions(found, tmp_path / "no" / "such" / "folder.safetensors")


def test_labels_that_do_not_fit_are_refused(bundle):
    with pytest.raises(LabelError, match="no labelled paper"):
        predict(bundle, [])
    with pytest.raises(ThemeError, match="did you mean consensus"):
        predict(bundle, [LabelledPaper(Paper("own:1", "Raft for sensors again"), ("concensus",))])
    with pytest.raises(InputError, match="promise"):
        predict(bundle, tiny_papers(1, 1), "fast", ("speed=1",))
