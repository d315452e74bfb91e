"""Parts of the papers, told apart by what a paper says of itself."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.paper import Paper
from tests.training.test_intervals import made_up
from training import metrics
from training.dataset import LabelledPaper
from training.slices import all_slices, month, slice_rows, title_only


@pytest.mark.parametrize(
    ("paper_id", "expected"),
    [
        ("arxiv:2603.09122", (2026, 3)),
        ("arxiv:0704.0001", (2007, 4)),
        ("arxiv:quant-ph/0201082", (2002, 1)),
        ("arxiv:math/9901001", (1999, 1)),
        ("arxiv:2613.00001", None),
        ("doi:10.1000/2603.09122", None),
        ("own:1", None),
    ],
)
def test_the_month_of_an_arxiv_id(paper_id, expected):
    assert month(Paper(paper_id)) == expected


def test_the_published_date_goes_before_the_id():
    assert month(Paper("arxiv:2603.09122", published=datetime(2025, 12, 31, tzinfo=UTC))) == (2025, 12)


@given(st.text(max_size=30))
def test_any_id_has_a_month_or_none(paper_id):
    found = month(Paper(paper_id))
    assert found is None or 1 <= found[1] <= 12


LONG = "word " * 70
PAPERS = [
    LabelledPaper(Paper("arxiv:2603.00001", "Raft", LONG, categories=("cs.DC", "cs.NI")), (), confidence="high"),
    LabelledPaper(Paper("arxiv:2603.00002", "Raft", LONG, categories=("cs.DC",)), (), confidence="low"),
    LabelledPaper(Paper("arxiv:2503.00003", "Raft", " "), ()),
    LabelledPaper(Paper("own:4", "Raft", "In short"), ()),
]


def test_papers_fall_into_the_parts_they_belong_to():
    parts = {(kind, name): rows for kind, name, rows in slice_rows(PAPERS, made_up(4, 1))}
    assert parts["text", "no abstract"] == [2]
    assert parts["text", "short (under 60 words)"] == [2, 3]
    assert parts["year", "2026"] == [0, 1]
    assert parts["year", "2025"] == [2]
    assert parts["category", "cs.DC"] == [0, 1]
    assert parts["category", "cs.NI"] == [0]
    assert parts["confidence", "low"] == [1]
    assert not any(kind == "scored by" for kind, _ in parts), "a part of all papers is none"
    by_themes = [rows for (kind, _), rows in parts.items() if kind == "true themes"]
    assert sorted(row for rows in by_themes for row in rows) == [0, 1, 2, 3]


def test_figures_of_a_part_are_those_of_its_papers_alone():
    some = made_up(4, 1)
    (found,) = [part for part in all_slices(PAPERS, some, times=50) if part.name == "2026"]
    assert found.papers == 2
    assert found.figures["micro_f1"].value == pytest.approx(metrics.micro_f1(some.given[:2], some.truth[:2]))
    assert found.to_json()["figures"]["micro_f1"]["value"] == round(found.figures["micro_f1"].value, 5)


def test_titles_alone_keep_labels_and_leave_out_what_has_no_title():
    papers = [*PAPERS, LabelledPaper(Paper("own:5", "", LONG), ("raft",))]
    found = title_only(papers)
    assert [item.paper.id for item in found] == [item.paper.id for item in PAPERS]
    assert {item.paper.abstract for item in found} == {""}
    assert np.all([item.paper.title == "Raft" for item in found])
