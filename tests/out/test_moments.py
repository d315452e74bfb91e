"""Dates as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from service.out.moments import period

NOW = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("2025", at(2025, 1, 1), at(2026, 1, 1)),
        ("2025-12", at(2025, 12, 1), at(2026, 1, 1)),
        ("2024-02-29", at(2024, 2, 29), at(2024, 3, 1)),
        ("today", at(2026, 3, 1), at(2026, 3, 2)),
        ("Yesterday", at(2026, 2, 28), at(2026, 3, 1)),
        ("12h", NOW - timedelta(hours=12), NOW - timedelta(hours=12)),
        ("2w", at(2026, 2, 15, 15, 30), at(2026, 2, 15, 15, 30)),
        ("2026-03-01T10:00+02:00", at(2026, 3, 1, 8), at(2026, 3, 1, 8)),
        ("2026-03-01t08:00z", at(2026, 3, 1, 8), at(2026, 3, 1, 8)),
    ],
)
def test_periods(words: str, start: datetime, end: datetime) -> None:
    assert period(words, NOW) == (start, end)


@given(st.text(max_size=20))
def test_anything_else_is_refused(words: str) -> None:
    try:
        start, end = period(words, NOW)
    except InputError as error:
        assert "no date" in str(error)
    else:
        assert start <= end
        assert start.tzinfo is not None
