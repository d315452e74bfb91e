from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.paper import Paper
from service.feeds.entries import MAX_ENTRY_BYTES, Skipped
from service.feeds.loose import labels, loose_paper, moment, plain_text, version_number

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
FIELD_NAMES = (
    "id",
    "title",
    "abstract",
    "summary",
    "authors",
    "categories",
    "published",
    "doi",
    "url",
    "version",
    "metadata",
)


@pytest.mark.parametrize(
    ("record", "field", "expected"),
    [
        ({"Abstract Note": "We log."}, "abstract", "We log."),
        ({"summary": "We log.", "abstract": ""}, "abstract", "We log."),
        ({"Publication Year": "2019.0"}, "published", datetime(2019, 1, 1, tzinfo=UTC)),
        ({"date": "2024-05-06"}, "published", datetime(2024, 5, 6, tzinfo=UTC)),
        ({"publishedDate": "2024-05-06T01:02:03+02:00"}, "published", datetime(2024, 5, 5, 23, 2, 3, tzinfo=UTC)),
        ({"arxiv_id": "2602.01234v3"}, "id", "arxiv:2602.01234"),
        ({"arxiv_id": "2602.01234v3"}, "version", 3),
        ({"DOI": "https://doi.org/10.1000/ABC"}, "id", "doi:10.1000/abc"),
        ({"DOI": "https://doi.org/10.1000/ABC"}, "doi", "10.1000/ABC"),
        ({"link": "https://a.example/p"}, "id", "url:https://a.example/p"),
        ({"id": 4711}, "id", "4711"),
        ({"metadata": {"creators": [{"name": "Ada Vane"}]}}, "authors", ("Ada Vane",)),
        ({"categories": "cs.DC cs.LG", "primary_category": "cs.LG"}, "categories", ("cs.LG", "cs.DC")),
        ({"comments": "12 pages"}, "comment", "12 pages"),
        ({"abstract": "nan"}, "abstract", ""),
        ({"abstract": float("nan")}, "abstract", ""),
        ({"abstract": "NaN", "summary": "We log."}, "abstract", "We log."),
        ({"authors": "None"}, "authors", ()),
    ],
)
def test_fields_are_found_under_other_names(record, field, expected):
    paper = loose_paper(1, {"title": "Quorum leases", **record})
    assert isinstance(paper, Paper)
    assert getattr(paper, field) == expected


def test_a_name_is_a_title_only_of_a_work():
    assert loose_paper(1, {"name": "Quorum leases", "description": "We log."}).title == "Quorum leases"
    assert isinstance(loose_paper(1, {"name": "Ada Vane"}), Skipped)


def test_what_has_no_text_or_too_much_is_skipped_with_its_id():
    assert loose_paper(7, {"id": "k1"}) == Skipped(7, "neither a title nor an abstract: nothing to tag", "k1")
    skipped = loose_paper(7, {"id": "k1", "abstract": "x" * (MAX_ENTRY_BYTES + 1)})
    assert isinstance(skipped, Skipped) and "too large" in skipped.reason


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["cs.DC", "cs.LG"], ["cs.DC", "cs.LG"]),
        ("cs.DC, cs.LG", ["cs.DC", " cs.LG"]),
        ("cs.DC hep-th math", ["cs.DC", "hep-th", "math"]),
        ("machine learning", ["machine learning"]),
        ([{"display_name": "Data stores"}], ["Data stores"]),
        (None, []),
    ],
)
def test_categories_are_taken_apart(value, expected):
    assert [label for label in labels(value) if label] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2024, 5, 6), datetime(2024, 5, 6, tzinfo=UTC)),
        (1714953600, datetime(2024, 5, 6, tzinfo=UTC)),
        (1714953600000, datetime(2024, 5, 6, tzinfo=UTC)),
        (2024, datetime(2024, 1, 1, tzinfo=UTC)),
        (10**30, None),
        (True, None),
        ("soon", None),
    ],
)
def test_moments_come_in_many_forms(value, expected):
    assert moment(value) == expected


@pytest.mark.parametrize(("value", "expected"), [("v2", 2), (3, 3), (2.0, 2), ("0", None), ("1.2", None), (None, None)])
def test_versions_are_whole_numbers(value, expected):
    assert version_number(value) == expected


@given(st.dictionaries(st.sampled_from(FIELD_NAMES) | st.text(max_size=10), json_values, max_size=8))
def test_any_record_is_a_paper_or_skipped(record):
    assert isinstance(loose_paper(1, record), Paper | Skipped)


def test_lists_within_lists_do_not_reach_the_bottom_of_the_stack():
    value = "deep"
    for _ in range(900):
        value = [value]
    assert plain_text(value) == ""
    assert isinstance(loose_paper(1, {"title": value, "authors": value, "categories": value}), Skipped)
