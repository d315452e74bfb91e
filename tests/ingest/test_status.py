"""How sources are doing: failures, stale batches, empty weekends, gaps, and nobody looking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.ingest import source_status
from service.ingest.reading import facts_of
from service.manners import Channel
from service.store import Source
from tests.ingest.samples import papers

URL = "https://rss.example/cs.DC"
DAY = 86_400
WEEKEND = (5, 6)


def batch(store, clock, found, built=None, daily=True):
    facts = facts_of(found, clock.time, Channel(built or clock.time, WEEKEND), daily=daily)
    store.sources.succeeded(URL, facts=facts.to_text())


@pytest.fixture
def watched(store):
    return store.sources.add(Source(URL, title="cs.DC", interval_s=DAY))


def look(store, clock):
    return source_status(store, store.sources.get(URL), clock.time)


def test_a_new_source_waits_for_its_first_visit(store, clock, watched):
    found = look(store, clock)
    assert (found.state, found.needs_a_look) == ("new", False) and "feeds run" in found.sentences[0]


def test_a_fresh_batch_is_in_order(store, clock, watched):
    batch(store, clock, papers(12))
    found = look(store, clock)
    assert (found.state, found.needs_a_look) == ("ok", False)
    assert found.sentences == ("12 papers, fetched on Wednesday 4 March 2026.",)


def test_a_failing_source_says_since_when_and_what_comes_next(store, clock, watched):
    batch(store, clock, papers(12))
    clock.move(days=1)
    store.sources.failed(URL, "the server answers 503 Service Unavailable")
    store.sources.failed(URL, "the server answers 503 Service Unavailable")
    found = look(store, clock)
    assert found.state == "failing" and found.needs_a_look
    assert found.sentences[0] == (
        "Failed 2 times in a row: the server answers 503 Service Unavailable; "
        "last good visit 2026-03-04 09:00 UTC, next try 2026-03-05 09:02 UTC."
    )
    assert len(found.sentences) == 2  # and its last batch


def test_the_same_papers_under_a_new_date_are_stale(store, clock, watched):
    batch(store, clock, papers(12))
    clock.move(days=1)
    batch(store, clock, papers(12))
    found = look(store, clock)
    assert found.state == "warning" and found.health.stale
    assert "with the same 12 papers" in " ".join(found.sentences)


def test_a_feed_that_is_not_modified_for_a_working_week_is_stale(store, clock, watched):
    batch(store, clock, papers(12))
    clock.move(days=2)
    store.sources.succeeded(URL)
    assert look(store, clock).state == "ok"
    clock.move(days=5)
    store.sources.succeeded(URL)
    found = look(store, clock)
    assert found.state == "warning" and "last built on Wednesday 4 March 2026" in " ".join(found.sentences)


def test_an_empty_weekend_is_quiet_and_three_empty_working_days_are_not(store, clock, watched):
    clock.time = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
    batch(store, clock, papers(12))
    clock.move(days=1)
    batch(store, clock, [])
    found = look(store, clock)
    assert (found.state, found.needs_a_look) == ("quiet", False)
    assert "one of the days on which this feed announces none" in found.sentences[1]
    for _ in range(4):
        clock.move(days=1)
        batch(store, clock, [])
    found = look(store, clock)
    assert found.state == "warning" and "No papers on 3 days in a row" in " ".join(found.sentences)


def test_working_days_without_a_batch_are_a_gap(store, clock, watched):
    batch(store, clock, papers(12, 21))
    clock.move(days=5)
    batch(store, clock, papers(12, 22))
    text = " ".join(look(store, clock).sentences)
    assert "No batch was fetched for 2 working days, Thursday 5 March 2026 to Friday 6 March 2026" in text
    assert "harvest OAI-PMH from 2026-03-05 until 2026-03-06" in text


def test_a_source_that_nobody_visits_is_late(store, clock, watched):
    batch(store, clock, papers(12))
    clock.move(days=1.9)
    assert look(store, clock).state == "ok"
    clock.move(days=0.2)
    found = look(store, clock)
    assert found.state == "late" and "is `paperwire feeds run` scheduled?" in found.sentences[0]


def test_a_source_that_is_switched_off_asks_for_nothing(store, clock, watched):
    batch(store, clock, papers(12))
    store.sources.change(URL, active=False)
    clock.move(days=30)
    found = look(store, clock)
    assert (found.state, found.needs_a_look) == ("off", False)


def test_a_source_without_any_batch_yet_is_in_order(store, clock, watched):
    store.sources.succeeded(URL)
    clock.time += timedelta(minutes=1)
    assert look(store, clock).sentences == ("Nothing new since it was added.",)
