from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from models.paper import Paper, arxiv_id


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("2603.09122", ("arxiv:2603.09122", None)),
        ("arXiv:2603.09122v3", ("arxiv:2603.09122", 3)),
        ("oai:arXiv.org:2203.01250v2", ("arxiv:2203.01250", 2)),
        ("http://arxiv.org/abs/quant-ph/0201082v1", ("arxiv:quant-ph/0201082", 1)),
        ("https://export.arxiv.org/abs/0704.0001", ("arxiv:0704.0001", None)),
        ("https://arxiv.org/pdf/2101.03961v2.pdf", ("arxiv:2101.03961", 2)),
        ("math.GT/0309136", ("arxiv:math/0309136", None)),
        ("10.48550/arXiv.2401.01234", ("arxiv:2401.01234", None)),
        ("https://doi.org/10.48550/arXiv.2401.01234", ("arxiv:2401.01234", None)),
        ("10.1145/3600006", None),
        ("https://elsewhere.example/abs/2101.03961", None),
        ("2101.1", None),
        ("", None),
    ],
)
def test_arxiv_references_are_understood(reference: str, expected: tuple[str, int | None] | None) -> None:
    assert arxiv_id(reference) == expected


def test_old_archives_keep_equal_numbers_apart() -> None:
    assert arxiv_id("quant-ph/0201082") != arxiv_id("math/0201082")


_TIMES = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(year=max(moment.year, 1000)))
_LINES = st.text(max_size=60)


@given(
    st.builds(
        Paper,
        id=st.text(min_size=1, max_size=40),
        title=_LINES,
        abstract=st.text(max_size=300),
        version=st.none() | st.integers(1, 99),
        authors=st.lists(_LINES, max_size=4).map(tuple),
        categories=st.lists(_LINES, max_size=4).map(tuple),
        published=st.none() | _TIMES,
        updated=st.none() | _TIMES,
        url=_LINES,
        comment=_LINES,
        doi=_LINES,
    )
)
def test_a_paper_survives_its_json(paper: Paper) -> None:
    assert Paper.from_json(json.loads(json.dumps(paper.to_json()))) == paper


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({}, "'id' is missing"),
        ({"id": 7}, "'id' is int"),
        ({"id": "a", "title": ["x"]}, "'title' is list"),
        ({"id": "a", "authors": [1]}, "'authors' must be a list of strings"),
        ({"id": "a", "version": 0}, "'version' is 0"),
        ({"id": "a", "version": True}, "'version' is True"),
        ({"id": "a", "published": "soon"}, "'published' is 'soon'"),
    ],
)
def test_a_wrong_field_is_named(record: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Paper.from_json(record)


def test_times_become_utc() -> None:
    east = datetime(2026, 3, 1, 5, tzinfo=timezone(timedelta(hours=5)))
    assert Paper.from_json({"id": "a", "published": east}).published == datetime(2026, 3, 1, tzinfo=UTC)
    assert Paper.from_json({"id": "a", "published": "2026-03-01"}).published == datetime(2026, 3, 1, tzinfo=UTC)


def test_text_joins_cleaned_title_and_abstract() -> None:
    assert Paper("a", "On $O(n)$\n rounds", "<p>We show \\emph{less}.</p>").text == "On O(n) rounds. We show less."
    assert Paper("a", "", "Only this").text == "Only this"
    assert Paper("a", "Only this", " \n").text == "Only this"
    assert Paper("a", "x", "y").digest != Paper("a", "x", "z").digest
