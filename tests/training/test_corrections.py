from __future__ import annotations

import io
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from models.paper import Paper
from training.corrections import Correction, corrected, labelled, write_labels
from training.dataset import LabelledPaper, load_labels

THEMES = ("consensus", "kv-cache", "gpu-kernels", "serverless")
ids = st.sampled_from(("own:1", "own:2", "own:3"))
labels = st.lists(
    st.builds(
        lambda name, themes, split: LabelledPaper(Paper(name, "A title", "An abstract."), tuple(themes), split),
        ids,
        st.lists(st.sampled_from(THEMES), unique=True),
        st.sampled_from(("", "train", "dev")),
    )
)
corrections = st.lists(
    st.builds(
        lambda name, settled, whole: Correction(Paper(name, "Another title"), settled, whole),
        ids,
        st.dictionaries(st.sampled_from(THEMES), st.booleans()),
        st.booleans(),
    ),
    unique_by=lambda one: one.paper.id,
)


def test_only_whole_papers_are_labelled_by_corrections_alone():
    whole = Correction(Paper("own:1", "A"), {"kv-cache": True, "consensus": True, "serverless": False}, whole=True)
    part = Correction(Paper("own:2", "B"), {"consensus": True}, whole=False)
    [item] = labelled([whole, part])
    assert (item.paper, item.themes, item.origin) == (whole.paper, ("consensus", "kv-cache"), "verdicts")


def test_part_of_a_word_corrects_a_label_that_is_there():
    there = LabelledPaper(Paper("own:1", "A"), ("serverless", "kv-cache"), "dev", "reading")
    said = Correction(Paper("own:1", "A, revised"), {"serverless": False, "consensus": True}, whole=False)
    [item] = corrected([there], [said])
    assert item == LabelledPaper(there.paper, ("kv-cache", "consensus"), "dev", "verdicts")
    [item] = corrected([there], [Correction(there.paper, {"consensus": True}, whole=True)])
    assert item.themes == ("consensus",)
    [item] = corrected([there], [Correction(there.paper, {"kv-cache": True}, whole=False)])
    assert item is there, "who agrees changes nothing, not even where the label comes from"


@given(labels, corrections)
def test_corrections_hold_and_nothing_else_changes(given_labels, said):
    found = corrected(given_labels, said)
    by_id = {one.paper.id: one for one in said}
    assert [item.paper for item in found[: len(given_labels)]] == [item.paper for item in given_labels]
    for before, after in zip(given_labels, found, strict=False):
        settled = by_id[before.paper.id].settled if before.paper.id in by_id else {}
        assert {t for t, fits in settled.items() if fits} <= set(after.themes)
        assert not {t for t, fits in settled.items() if not fits} & set(after.themes)
        assert after.split == before.split
    assert corrected(found, said) == found
    new = {item.paper.id for item in found[len(given_labels) :]}
    assert new == {one.paper.id for one in said if one.whole} - {item.paper.id for item in given_labels}


@settings(max_examples=30)
@given(labels.filter(bool), corrections)
def test_what_is_written_is_read_back(tmp_path_factory, given_labels, said):
    papers = corrected(given_labels, said)
    path: Path = tmp_path_factory.mktemp("labels") / "labels.jsonl"
    with path.open("wb") as stream:
        assert write_labels(papers, stream) == len(papers)
    read = load_labels(path)
    assert [(item.paper, item.themes, item.split, item.origin) for item in read] == [
        (item.paper, item.themes, item.split, item.origin) for item in papers
    ]


def test_broken_text_can_be_written():
    stream = io.BytesIO()
    write_labels([LabelledPaper(Paper("own:1", "half \ud800 a pair"), ())], stream)
    assert b"\\ud800" in stream.getvalue()
