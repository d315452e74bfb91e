"""Dates: every way feeds write them, and no guesses."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.feeds.dates import date_of, parse_date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-09T10:11:12Z", datetime(2026, 3, 9, 10, 11, 12, tzinfo=UTC)),
        ("2026-03-09T10:11:12+0900", datetime(2026, 3, 9, 1, 11, 12, tzinfo=UTC)),
        ("2026-03-09 10:11:12", datetime(2026, 3, 9, 10, 11, 12, tzinfo=UTC)),
        ("20260309", datetime(2026, 3, 9, tzinfo=UTC)),
        ("2026-03", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026/03/09", datetime(2026, 3, 9, tzinfo=UTC)),
        ("2026-03-09T25:61:00Z", datetime(2026, 3, 9, tzinfo=UTC)),
        ("Mon, 9 Mar 2026 00:00:00 -0500", datetime(2026, 3, 9, 5, tzinfo=UTC)),
        ("Mon, 9 Mar 2026 10:00 EST", datetime(2026, 3, 9, 15, tzinfo=UTC)),
        ("Tue, 10 Jun 03 09:41:01 GMT", datetime(2003, 6, 10, 9, 41, 1, tzinfo=UTC)),
        ("Thu, 4 November 2021 10:00:00 +0200", datetime(2021, 11, 4, 8, tzinfo=UTC)),
        ("Thu, 9 Sept 2021 10:00:00 GMT", datetime(2021, 9, 9, 10, tzinfo=UTC)),
        ("Mon Apr  2 19:18:42 2007", datetime(2007, 4, 2, 19, 18, 42, tzinfo=UTC)),
        ("15 May 2021", datetime(2021, 5, 15, tzinfo=UTC)),
        ("May 15, 2021", datetime(2021, 5, 15, tzinfo=UTC)),
        ("2021 May 15", datetime(2021, 5, 15, tzinfo=UTC)),
        ("2021-May-15", datetime(2021, 5, 15, tzinfo=UTC)),
        ("December 2021", datetime(2021, 12, 1, tzinfo=UTC)),
        ("12-20-2007", datetime(2007, 12, 20, tzinfo=UTC)),
        ("20.12.2007", datetime(2007, 12, 20, tzinfo=UTC)),
        ("Spring 2020", datetime(2020, 1, 1, tzinfo=UTC)),
        ("1935?", datetime(1935, 1, 1, tzinfo=UTC)),
        (" \n 2026-03-09 \t", datetime(2026, 3, 9, tzinfo=UTC)),
    ],
)
def test_reads_the_date(text, expected):
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    "text", ["", "   ", "yesterday", "December", "03/04/2015", "12345", "20:15", "0001-01-01T00:00:00+10:00", "9" * 90]
)
def test_never_guesses(text):
    assert parse_date(text) is None


@given(st.text(max_size=90) | st.text("0123456789-/:T+. ZJanuMrhGMT,", max_size=40))
def test_any_text_is_a_moment_in_utc_or_nothing(text):
    moment = parse_date(text)
    assert moment is None or moment.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1500, 1, 1), timezones=st.just(UTC)))
def test_iso_text_comes_back_as_it_went(moment):
    assert parse_date(moment.isoformat()) == moment


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("2026", "3", "9"), datetime(2026, 3, 9, tzinfo=UTC)),
        (("2026", "March"), datetime(2026, 3, 1, tzinfo=UTC)),
        (("2026", "Sept", ""), datetime(2026, 9, 1, tzinfo=UTC)),
        (("2026",), datetime(2026, 1, 1, tzinfo=UTC)),
        (("2026", "2", "31"), datetime(2026, 2, 1, tzinfo=UTC)),
        (("2026", "13", "5"), datetime(2026, 1, 1, tzinfo=UTC)),
        (("",), None),
        (("MMXX", "1", "1"), None),
    ],
)
def test_parts_make_a_date(parts, expected):
    assert date_of(*parts) == expected
