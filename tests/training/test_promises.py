"""A promise is kept within its interval, broken outside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.training.test_intervals import made_up
from training.promises import check_all, check_promise


def _given(promise: str, hits: int, wrong: int, missed: int):
    """One theme with so many right, wrong and missed tags."""
    base = made_up(hits + wrong + missed, 1)
    truth, given = np.zeros_like(base.truth), np.zeros_like(base.given)
    truth[: hits + missed, 0] = True
    given[:hits, 0] = given[hits + missed :, 0] = True
    return replace(base, promise=promise, truth=truth, given=given)


@pytest.mark.parametrize(
    ("promise", "counts", "measured", "kept", "broken"),
    [
        ("precision=0.9", (90, 10, 0), 0.9, True, ()),
        ("precision=0.9", (85, 15, 0), 0.85, True, ()),
        ("precision=0.9", (60, 40, 0), 0.6, False, ("raft",)),
        ("recall=0.95", (97, 50, 3), 0.97, True, ()),
        ("recall=0.95", (70, 0, 30), 0.7, False, ("raft",)),
    ],
)
def test_what_came_of_a_promise(promise, counts, measured, kept, broken):
    found = check_promise(_given(promise, *counts), times=400)
    assert found.measured.value == pytest.approx(measured)
    assert (found.kept, found.broken) == (kept, broken)
    assert found.to_json()["kept"] is kept


def test_silence_breaks_no_promise_of_precision_and_says_so():
    found = check_promise(_given("precision=0.9", 0, 0, 5), times=100)
    assert found.kept
    assert (found.tags, found.coverage) == (0, 0.0)
    assert found.to_json()["measured"] == {"value": None, "low": None, "high": None}


def test_f1_promises_no_number():
    some = made_up(5, 1)
    assert check_promise(some) is None
    assert len(check_all([some, replace(some, promise="recall=0.5")], times=100)) == 1
