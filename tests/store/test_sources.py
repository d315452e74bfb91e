"""Feeds: added once, due when they should be, their health and last batches remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from models.errors import ConflictError, InputError, NotFoundError
from service.store import Source
from service.store.sources import KEPT_BATCHES
from tests.store.samples import START, make_paper

URL = "https://papers.example/rss"


def test_a_feed_is_added_once_and_is_due_at_once(store):
    added = store.sources.add(Source(URL, title="Systems", format="rss", interval_s=3600))
    assert added.added == START and store.sources.get(URL) == added
    assert store.sources.due() == store.sources.all() == (added,)
    with pytest.raises(ConflictError, match="already"):
        store.sources.add(Source(URL))


def test_a_good_answer_keeps_validators_and_waits_an_interval(store, clock):
    store.sources.add(Source(URL, interval_s=3600))
    store.sources.failed(URL, "timed out")
    after = store.sources.succeeded(URL, etag='"1"', last_modified="Mon", cursor="c1", facts="first")
    assert (after.etag, after.last_modified, after.cursor, after.failures, after.last_error) == (
        '"1"',
        "Mon",
        "c1",
        0,
        "",
    )
    assert (after.last_ok, after.next_due) == (START, START + timedelta(hours=1))
    assert store.sources.due() == ()
    clock.move(hours=1)
    assert [source.url for source in store.sources.due()] == [URL]
    unmodified = store.sources.succeeded(URL)
    assert (unmodified.etag, unmodified.cursor, store.sources.batches(URL)) == ('"1"', "c1", ("first",))
    assert store.sources.succeeded(URL, cursor="").cursor == ""


def test_failures_wait_ever_longer_but_not_beyond_the_interval(store):
    store.sources.add(Source(URL, interval_s=3600))
    waits = [(store.sources.failed(URL, f"no {n}").next_due - START).total_seconds() for n in range(8)]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert store.sources.get(URL).failures == 8
    assert store.sources.failed(URL, "busy", retry_after_s=5).next_due == START + timedelta(seconds=5)
    assert len(store.sources.failed(URL, "x" * 5000).last_error) == 1000


def test_the_last_batches_are_kept_oldest_first(store):
    store.sources.add(Source(URL))
    for number in range(KEPT_BATCHES + 5):
        store.sources.succeeded(URL, facts=f"batch {number}")
    kept = store.sources.batches(URL)
    assert len(kept) == KEPT_BATCHES and kept[-1] == f"batch {KEPT_BATCHES + 4}" and kept[0] == "batch 5"
    store.sources.remove(URL)
    assert store.sources.batches(URL) == ()


def test_settings_change_and_inactive_feeds_are_not_due(store):
    store.sources.add(Source(URL))
    changed = store.sources.change(URL, title="New", active=False, interval_s=60)
    assert (changed.title, changed.active, changed.interval_s) == ("New", False, 60)
    assert store.sources.due() == ()
    with pytest.raises(InputError, match="etag"):
        store.sources.change(URL, etag="x")
    with pytest.raises(InputError, match="at least"):
        store.sources.change(URL, interval_s=5)


def test_longest_due_comes_first(store, clock):
    for name, interval in (("b", 120), ("a", 60)):
        store.sources.add(Source(f"https://{name}.example/", interval_s=interval))
        store.sources.succeeded(f"https://{name}.example/")
    store.sources.add(Source("https://c.example/"))
    due = store.sources.due(START + timedelta(hours=1))
    assert [source.url for source in due] == ["https://c.example/", "https://a.example/", "https://b.example/"]


def test_a_feed_moves_with_all_that_is_known_of_it(store, clock):
    new, paper = "https://papers.example/new", make_paper(1)
    store.sources.add(Source(URL, title="Systems", interval_s=3600))
    store.papers.upsert([paper], source=URL, announced={paper.id: "new"})
    before = store.sources.succeeded(URL, etag='"1"', facts="first")
    revision, told = store.papers.revision(), store.papers.announcements(paper.id)
    clock.move(hours=1)
    assert store.sources.move(URL, new) == replace(before, url=new) == store.sources.get(new)
    assert store.sources.all() == (store.sources.get(new),) and store.sources.batches(new) == ("first",)
    assert store.papers.announcements(paper.id) == (told[0]._replace(source=new),)
    assert store.papers.revision() > revision, "listings by source are other listings now"
    (entry,) = store.audit.all(subject=URL)
    assert (entry.action, entry.detail, entry.time) == ("move source", {"to": new}, clock.time)


def test_what_both_addresses_announced_is_announced_once(store):
    new, paper = "https://papers.example/new", make_paper(1)
    store.sources.add(Source(URL))
    for source in (URL, new):
        store.papers.upsert([paper], source=source)
    store.sources.move(URL, new)
    assert [one.source for one in store.papers.announcements(paper.id)] == [new]


def test_a_feed_does_not_move_where_another_is(store):
    store.sources.add(Source(URL))
    store.sources.add(Source("https://b.example/"))
    with pytest.raises(ConflictError, match="watched already"):
        store.sources.move(URL, "https://b.example/")
    with pytest.raises(NotFoundError):
        store.sources.move("https://c.example/", "https://d.example/")
    with pytest.raises(InputError):
        store.sources.move(URL, " ")
    assert len(store.sources.all()) == 2 and store.audit.all() == ()


def test_a_feed_is_found_by_the_addresses_it_had(store):
    places = [f"https://{name}.example/" for name in "abc"]
    store.sources.add(Source(places[0]))
    for old, new in pairwise(places):
        store.sources.move(old, new)
    assert {store.sources.moved_to(place) for place in places} == {places[-1]}
    assert store.sources.moved_to("https://never.example/") == "https://never.example/"
    store.sources.move(places[-1], places[0])
    assert store.sources.moved_to(places[1]) == places[0], "in a circle, where it is now"
    store.sources.remove(places[0])
    assert store.sources.moved_to(places[0]) in places, "and nowhere, it ends all the same"


def test_unwatched_feeds_are_named(store):
    for action in (store.sources.get, store.sources.remove, store.sources.succeeded):
        with pytest.raises(NotFoundError, match=URL):
            action(URL)
    with pytest.raises(NotFoundError):
        store.sources.failed(URL, "x")
    with pytest.raises(InputError, match="URL"):
        store.sources.add(Source(" "))
