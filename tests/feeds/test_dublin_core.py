"""Dublin Core: telling values apart by what they look like."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.paper import Paper
from service.feeds.dublin_core import dublin_core
from service.feeds.entries import Skipped

ELEMENTS = "title creator subject description date identifier".split()


def described(*values, own=""):
    root = ET.Element("dc")
    for name, text in values:
        ET.SubElement(root, name).text = text
    return dublin_core(1, root, own)


def test_the_longest_description_is_the_abstract():
    paper = described(
        ("title", "t"),
        ("description", "Master of Lamps"),
        ("description", "An abstract that says more than that."),
        ("description", "https://x.example/a/very/long/address/of/a/thumbnail/which/is/longer.jpg"),
    )
    assert paper.abstract == "An abstract that says more than that."


@pytest.mark.parametrize("nothing", ["N/A", "None", "No abstract available.", "null"])
def test_saying_nothing_is_no_abstract(nothing):
    assert described(("title", "t"), ("description", nothing)).abstract == ""


def test_the_earliest_date_is_the_publication():
    paper = described(("title", "t"), ("date", "2026-03-09T01:02:03Z"), ("date", "1999"), ("date", "soon"))
    assert paper.published == datetime(1999, 1, 1, tzinfo=UTC)
    assert paper.updated is None


@pytest.mark.parametrize(
    ("identifiers", "own", "paper_id"),
    [
        (["https://x.example/1", "doi:10.1000/A"], "oai:x:1", "doi:10.1000/a"),
        (["https://x.example/", "https://x.example/1"], "oai:x:1", "url:https://x.example/1"),
        (["https://x.example/"], "oai:x:1", "oai:x:1"),
        (["Journal of Lamps 3, 1-9"], "", "Journal of Lamps 3, 1-9"),
        (["http://arxiv.org/abs/math/0501001"], "oai:arXiv.org:math/0501001", "arxiv:math/0501001"),
        (["https://x.example/arxiv"], "oai:x:1", "url:https://x.example/arxiv"),
    ],
)
def test_identity(identifiers, own, paper_id):
    paper = described(("title", "t"), *(("identifier", text) for text in identifiers), own=own)
    assert paper.id == paper_id


@given(st.lists(st.tuples(st.sampled_from(ELEMENTS), st.text(max_size=30)), max_size=8), st.text(max_size=20))
def test_any_values_are_a_paper_or_a_reason(values, own):
    assert isinstance(described(*values, own=own), Paper | Skipped)
