"""Durations, and which sources are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from service.ingest import due_sources, duration_s, duration_text
from service.store import Source

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h30m", 5400), (" 1D ", 86_400), ("2w", 1_209_600), ("45", 45)]
)
def test_durations_are_read_as_people_write_them(text, seconds):
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "1 h", "-1h", "1.5h", "0", "0h", "1hh", "h"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(InputError, match="write for instance"):
        duration_s(text)


@given(st.integers(1, 10_000_000))
def test_a_duration_is_written_as_it_is_read(seconds):
    assert duration_s(duration_text(seconds)) == seconds


def source(url, due_in_s, **changes):
    due = None if due_in_s is None else NOW + timedelta(seconds=due_in_s)
    return Source(url, interval_s=3600, next_due=due, **changes)


def test_the_source_that_waited_longest_comes_first():
    watched = [source("c", 0), source("b", -50), source("a", None), source("z", -50), source("late", 3000)]
    assert [one.url for one in due_sources(watched, NOW)] == ["a", "b", "z", "c"]


def test_a_nightly_run_does_not_miss_a_source_by_a_minute():
    assert due_sources([source("a", 300)], NOW) != []
    assert due_sources([source("a", 400)], NOW) == []
    assert due_sources([source("a", 1700)], NOW, slack_s=1800) != []


def test_pauses_after_failures_are_kept_whole():
    assert due_sources([source("a", 60, failures=1)], NOW, slack_s=1800) == []
    assert due_sources([source("a", 0, failures=1)], NOW) != []


def test_a_source_that_is_switched_off_is_never_due():
    assert due_sources([source("a", None, active=False)], NOW) == []
