"""Verdicts on batches, as sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.manners.batch import BatchFacts
from service.manners.health import assess

MONDAY = datetime(2026, 3, 9, 4, tzinfo=UTC)


def batch(day, count=60, **changes):
    """The batch of a day counted from Monday 9 March 2026, fetched two hours after it was built."""
    built = MONDAY + timedelta(days=day)
    facts = BatchFacts(
        fetched_at=built + timedelta(hours=2),
        built_at=built,
        skip_days=(5, 6),
        daily=True,
        count=count,
        digest=f"d{day}" if count else "",
        newest=built if count else None,
        month="2603" if count else "",
        lower=4000 + 800 * day if count else 0,
        upper=4400 + 800 * day if count else 0,
    )
    return replace(facts, **changes)


def week(*days):
    return [batch(day) for day in days]


def kinds(present, history=()):
    return [finding.kind for finding in assess(present, history).findings]


def test_a_usual_week_is_fine():
    for day in range(1, 5):
        health = assess(batch(day), week(*range(day)))
        assert (health.state, health.findings, health.stale) == ("ok", (), False)
    assert health.sentences == ("60 papers, the newest of Friday 13 March 2026, fetched on Friday 13 March 2026.",)


def test_weekends_are_quiet():
    health = assess(batch(5, 0), week(3, 4))
    assert health.state == "quiet"
    assert (
        health.sentences[1] == "No papers on Saturday 14 March 2026, one of the days on which this feed announces none."
    )


def test_a_monday_after_a_weekend_without_fetches_misses_nothing():
    assert kinds(batch(7, lower=8000, upper=8400), week(3, 4)) == []


def test_a_weekend_that_repeats_friday_is_not_stale():
    friday = batch(4)
    assert kinds(batch(5, digest="d4", newest=friday.newest, lower=friday.lower, upper=friday.upper), [friday]) == []


def test_a_holiday_is_quiet_until_the_third_day():
    history = week(0)
    for day, state in ((1, "quiet"), (2, "quiet"), (3, "warning")):
        health = assess(batch(day, 0), history)
        assert health.state == state
        history.append(batch(day, 0))
    assert health.sentences[1].startswith(
        "No papers on 3 days in a row, up to Thursday 12 March 2026: check the address"
    )


def test_empty_days_are_counted_once_however_often_fetched():
    history = [batch(1, 0, fetched_at=MONDAY + timedelta(days=1, hours=hour)) for hour in range(5)]
    assert assess(batch(1, 0), history).state == "quiet"


def test_a_fresh_date_on_the_same_papers_is_stale():
    health = assess(batch(2, digest="d1", lower=4800, upper=5200), week(0, 1))
    assert health.stale and health.state == "warning"
    assert (
        "built anew on Wednesday 11 March 2026, with the same 60 papers as on Tuesday 10 March 2026"
        in health.sentences[1]
    )


def test_the_same_batch_fetched_twice_is_not_stale():
    assert kinds(batch(1), week(0, 1)) == []


def test_fresh_dates_on_old_papers_are_stale_without_any_history():
    health = assess(batch(2, newest=MONDAY - timedelta(days=40)))
    assert health.stale
    assert "the newest paper is of Wednesday 28 January 2026, 30 working days before" in health.sentences[1]


def test_a_feed_that_is_not_built_any_more_is_stale():
    health = assess(batch(0, fetched_at=MONDAY + timedelta(days=10)))
    assert (
        "last built on Monday 9 March 2026, 8 working days before it was fetched on Thursday 19 March 2026"
        in health.sentences[1]
    )


def test_feeds_that_keep_their_last_entries_are_never_stale():
    old = batch(2, daily=False, digest="d1", newest=MONDAY - timedelta(days=40))
    assert kinds(old, week(0, 1)) == []
    silent = assess(replace(old, newest=MONDAY - timedelta(days=120)), week(0, 1))
    assert silent.state == "quiet"
    assert silent.sentences[1] == "Nothing new for 122 days: the feed may have moved or ended."


def test_missed_working_days_are_named_with_the_remedy():
    assert assess(batch(3), week(0, 1)).findings[0].sentence == (
        "No batch was fetched for Wednesday 11 March 2026: "
        "unless these were holidays, harvest OAI-PMH from 2026-03-11 until 2026-03-11."
    )
    found = assess(batch(9), week(0)).findings
    assert "for 6 working days, Tuesday 10 March 2026 to Tuesday 17 March 2026" in found[0].sentence
    assert [finding.kind for finding in found] == ["missed", "gap"]


def test_a_jump_in_arxiv_numbers_is_a_gap():
    skipped = batch(1, lower=5600, upper=6000)
    (finding,) = assess(skipped, week(0)).findings
    assert finding.kind == "gap"
    assert "About 1,200 arXiv numbers lie between" in finding.sentence
    assert "harvest OAI-PMH from 2026-03-09 until 2026-03-10" in finding.sentence


def test_a_new_month_or_another_order_is_no_gap():
    assert kinds(batch(1, month="2604", lower=9000, upper=9400), week(0)) == []
    assert kinds(batch(1, lower=100, upper=300), week(0)) == []


@given(st.integers(50, 5000), st.integers(0, 50_000), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_batches_side_by_side_have_no_gap_and_left_out_ones_have(length, start, left_out):
    def at(day, begin):
        return batch(day, lower=begin + length // 4, upper=begin + 3 * length // 4)

    assert "gap" not in kinds(at(1, start + length), [at(0, start)])
    assert "gap" in kinds(at(1, start + (1 + left_out) * length + length // 2), [at(0, start)])


@pytest.mark.parametrize(("skipped", "state"), [(1, "quiet"), (30, "warning"), (1000, "warning")])
def test_unreadable_entries_are_counted(skipped, state):
    health = assess(batch(1, skipped=skipped), week(0))
    assert health.state == state
    assert f"{skipped:,} of {60 + skipped:,} entries could not be read" in health.sentences[1]


def test_a_batch_of_unreadable_entries_is_not_empty():
    assert kinds(batch(1, 0, skipped=3), week(0)) == ["unreadable"]


def test_wrong_links_are_shown_in_part():
    links = ("the link of a leads to b", "the link of c leads to d", "x and y have the same link")
    (finding,) = assess(batch(1, wrong_links=links, wrong_link_count=12), week(0)).findings
    assert finding.sentence.startswith("Wrong links: the link of a leads to b; ")
    assert "; and 9 more. " in finding.sentence


def test_dates_to_come_are_noticed():
    assert kinds(batch(1, newest=MONDAY + timedelta(days=9)), week(0)) == ["clock"]
    assert kinds(batch(1, built_at=MONDAY + timedelta(days=9), daily=False), week(0)) == ["clock"]


def test_unusually_small_batches_are_noticed():
    history = [batch(day) for day in (0, 1, 2, 3, 4)]
    (finding,) = assess(batch(7, 5, lower=8000, upper=8400), history).findings
    assert finding.sentence == "Only 5 papers where 60 are usual: it may be cut short."
    assert kinds(batch(3, 5), history[:3]) == []


def test_one_paper_is_one_paper():
    assert assess(batch(0, 1)).summary.startswith("1 paper, ")


def test_dates_far_apart_are_no_burden():
    ancient = batch(0, newest=datetime(1, 1, 1, tzinfo=UTC))
    assert "stale" in kinds(ancient)
