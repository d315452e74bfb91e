"""Retry-After and backoff."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.fetch.policy import FetchPolicy
from service.fetch.retries import pause_s, retry_after_s

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Mon, 02 Mar 2026 12:01:30 GMT", 90.0),
        ("Mon, 02 Mar 2026 13:00:00 +0100", 0.0),
        ("Monday, 02-Mar-26 12:00:05 GMT", 5.0),
        ("Mon, 02 Mar 2020 00:00:00 GMT", 0.0),
        ("9" * 400, 999999999.0),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Mon, 99 Mar 2026 12:00:00 GMT", None),
    ],
)
def test_both_forms_of_retry_after_are_read(header, seconds):
    assert retry_after_s(header, NOON) == seconds


@given(st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_retry_after_is_a_wait_or_nothing(header):
    seconds = retry_after_s(header, NOON)
    assert seconds is None or seconds >= 0


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
@settings(max_examples=100, deadline=None)
def test_pauses_stay_between_half_the_step_and_the_cap(failures, rand):
    policy = FetchPolicy(backoff_s=1.0, backoff_cap_s=60.0)
    step = min(60.0, 2.0 ** min(failures - 1, 10))
    assert step / 2 <= pause_s(failures, None, policy, lambda: rand) <= step


@given(st.floats(0, 300), st.floats(0, 1, exclude_max=True))
@settings(max_examples=50, deadline=None)
def test_a_wait_that_was_asked_for_is_never_shortened(asked, rand):
    assert asked <= pause_s(3, asked, FetchPolicy(), lambda: rand) <= asked + 2.0


def test_dates_count_from_the_present():
    later = NOON + timedelta(seconds=60)
    assert retry_after_s("Mon, 02 Mar 2026 12:01:30 GMT", later) == 30.0
