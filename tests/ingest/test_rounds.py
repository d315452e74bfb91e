"""Rounds of visits to a local server: what is fetched, remembered, and kept apart."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from service.ingest import visit_all
from service.store import Source
from tests.fetch.conftest import dripping, in_turn, replying
from tests.ingest.samples import jsonl, oai_page, papers, rss


def add(store, url, **changes):
    return store.sources.add(Source(url, interval_s=3600, **changes))


def visits(desk, *sources):
    return {visit.source.url: visit for visit in visit_all(sources or desk.store.sources.all(), desk)}


def test_a_feed_is_fetched_tagged_and_remembered(server, store, desk, clock):
    url = server.url("/rss")
    server.reply("/rss", rss(papers(12), clock.time), ETag='"one"', Last_Modified="Wed, 04 Mar 2026 08:00:00 GMT")
    add(store, url)
    visit = visits(desk)[url]
    assert (visit.error, visit.unchanged, visit.tally.new, visit.tally.tagged) == ("", False, 12, 12)
    assert visit.health.state == "ok"
    source = store.sources.get(url)
    assert (source.etag, source.last_modified) == ('"one"', "Wed, 04 Mar 2026 08:00:00 GMT")
    assert (source.last_ok, source.next_due) == (clock.time, clock.time + timedelta(hours=1))
    assert len(store.sources.batches(url)) == 1
    assert {one.source for one in store.papers.announcements(papers(1)[0].id)} == {url}


def test_the_next_visit_is_conditional_and_not_modified_costs_nothing(server, store, desk, clock):
    url = server.url("/rss")
    body = rss(papers(3), clock.time)
    server.on("/rss", in_turn(replying(body, ETag='"one"'), replying(b"", "304 Not Modified", ETag='"one"')))
    add(store, url)
    visits(desk)
    clock.move(hours=1)
    visit = visits(desk)[url]
    assert visit.unchanged and visit.tally.entries == 0
    assert 'If-None-Match: "one"' in server.heads[1]
    assert store.sources.get(url).last_ok == clock.time and len(store.sources.batches(url)) == 1


def test_validators_are_kept_only_once_the_papers_are(server, store, desk):
    url = server.url("/feed")
    server.reply("/feed", b"<html><body>maintenance</body></html>", ETag='"wrong"')
    add(store, url)
    assert "web page" in visits(desk)[url].error
    source = store.sources.get(url)
    assert (source.etag, source.failures) == ("", 1) and "web page" in source.last_error


def test_a_failing_source_costs_no_other(server, store, desk, make_fetcher, tmp_path):
    desk = replace(desk, fetcher=make_fetcher(retries=0, total_timeout_s=4.0))
    good = papers(6)
    file = tmp_path / "list.jsonl"
    file.write_bytes(jsonl(good[4:]))
    server.reply("/good", jsonl(good[:4]))
    server.reply("/gone", status="410 Gone")
    server.reply("/page", b"<html></html>")
    server.on("/slow", dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x", server))
    names = ["/good", "/gone", "/page", "/slow"]
    for name in names:
        add(store, server.url(name))
    for url in ("http://127.0.0.1:1/", "http://10.1.1.1/rss", "gopher://odd", file.as_uri(), "file:///no/such/file"):
        add(store, url)
    found = visits(desk)
    worked = {url for url, visit in found.items() if not visit.error}
    assert len(found) == 9 and worked == {server.url("/good"), file.as_uri()}
    assert store.listing.count() == 6
    for url in found.keys() - worked:
        assert store.sources.get(url).last_error == found[url].error
    assert "private" in found["http://10.1.1.1/rss"].error
    assert "No such file" in found["file:///no/such/file"].error


def test_a_source_removed_meanwhile_fails_alone(store, desk):
    source = Source("file:///no/such/file")
    (visit,) = visit_all([source], desk)
    assert visit.error and store.sources.all() == ()


def test_a_slow_feed_holds_up_no_other(server, store, desk):
    """The quick one is taken in while the slow one still waits for it."""
    released = threading.Event()
    body = jsonl(papers(2))

    def waiting(connection):
        assert released.wait(60)
        replying(body)(connection)

    server.on("/slow", waiting)
    server.reply("/quick", body)
    slow, quick = add(store, server.url("/slow")), add(store, f"http://localhost:{server.port}/quick")
    seen = []
    for visit in visit_all([slow, quick], desk):
        seen.append((visit.source.url, visit.error))
        released.set()
    assert seen == [(quick.url, ""), (slow.url, "")]


def test_a_file_is_read_again_only_when_it_has_changed(store, desk, tmp_path):
    file = tmp_path / "list.jsonl"
    file.write_bytes(jsonl(papers(2)))
    url = add(store, file.as_uri()).url
    assert visits(desk)[url].tally.new == 2
    assert visits(desk)[url].unchanged
    file.write_bytes(jsonl(papers(3)))
    os.utime(file, (1, 1))
    assert visits(desk)[url].tally.summary() == "1 new, 0 updated, 2 duplicate, 0 skipped"


def test_a_file_too_large_to_watch_is_refused_with_the_remedy(store, desk, tmp_path):
    file = tmp_path / "dump.jsonl"
    file.write_bytes(jsonl(papers(2)))
    url = add(store, file.as_uri()).url
    assert "paperwire ingest" in visits(replace(desk, largest=10))[url].error


def test_a_feed_in_a_named_format_is_read_as_that(server, store, desk):
    server.reply("/list", b"id,title\na1,Quorums without leaders\n")
    url = add(store, server.url("/list"), format="csv").url
    assert visits(desk)[url].tally.new == 1


def test_a_stale_batch_is_noticed(server, store, desk, clock):
    url = server.url("/rss")
    server.on("/rss", in_turn(replying(rss(papers(12), clock.time)), replying(rss(papers(12), clock.move(days=1)))))
    add(store, url)
    visits(desk)
    health = visits(desk)[url].health
    assert health.stale and health.state == "warning"


@pytest.mark.parametrize("status", ["301 Moved Permanently", "308 Permanent Redirect"])
def test_a_feed_that_moved_for_good_is_watched_where_it_is_now(server, store, desk, status):
    server.reply("/old", b"", status, Location="/new")
    server.reply("/new", jsonl(papers(1)), ETag='"one"')
    url, new = add(store, server.url("/old"), title="Systems").url, server.url("/new")
    visit = visits(desk)[url]
    assert (visit.moved_to, visit.stays, visit.tally.new) == (new, "", 1)
    (source,) = store.sources.all()
    assert (source.url, source.title, source.etag, source.failures) == (new, "Systems", '"one"', 0)
    assert [one.source for one in store.papers.announcements(papers(1)[0].id)] == [new]
    assert store.sources.moved_to(url) == new
    assert [entry.detail for entry in store.audit.all(subject=url)] == [{"to": new}]
    server.reply("/new", b"", "304 Not Modified")
    assert visits(desk)[new].unchanged and len(server.heads) == 3, "the old address is asked no more"


def test_a_feed_moves_with_an_unchanged_answer_too(server, store, desk):
    server.on("/old", in_turn(replying(jsonl(papers(1)), ETag='"one"'), replying(b"", "301 Moved", Location="/new")))
    server.reply("/new", b"", "304 Not Modified")
    add(store, server.url("/old"))
    visits(desk)
    assert visits(desk)[server.url("/old")].moved_to == server.url("/new") == store.sources.all()[0].url


@pytest.mark.parametrize(
    ("first", "second"), [("302 Found", ""), ("301 Moved Permanently", "302 Found"), ("307 Temporary Redirect", "")]
)
def test_a_feed_that_is_elsewhere_for_now_stays(server, store, desk, first, second):
    server.reply("/old", b"", first, Location="/between" if second else "/new")
    server.reply("/between", b"", second or "404 Not Found", Location="/new")
    server.reply("/new", jsonl(papers(1)))
    url = add(store, server.url("/old")).url
    visit = visits(desk)[url]
    assert (visit.moved_to, visit.tally.new, store.sources.all()[0].url) == ("", 1, url)


@pytest.mark.parametrize("body", [b"<html>please log in</html>", None])
def test_a_feed_that_moved_to_nothing_good_stays(server, store, desk, body):
    server.reply("/old", b"", "301 Moved Permanently", Location="/new" if body else "http://10.1.1.1/rss")
    server.reply("/new", body or b"")
    url = add(store, server.url("/old")).url
    assert visits(desk)[url].error and store.sources.all()[0].url == url


def test_a_feed_that_moved_to_a_watched_one_stays_and_says_so(server, store, desk):
    server.reply("/old", b"", "301 Moved Permanently", Location="/new")
    server.reply("/new", jsonl(papers(1)))
    url = add(store, server.url("/old")).url
    add(store, server.url("/new"))
    visit = visits(desk)[url]
    assert visit.moved_to == server.url("/new") and "watched already" in visit.stays
    assert len(store.sources.all()) == 2


def test_announce_types_are_kept_with_their_feed(server, store, desk, clock):
    found = papers(3)
    listing = rss(found, clock.time)
    for kind in (b"cross", b"replace-cross"):  # of the second and third paper
        before, after = listing.rsplit(b"type>new</arxiv", 1)
        listing = before + b"type>" + kind + b"</arxiv" + after
    server.on("/cs.DC", in_turn(replying(listing), replying(rss(found, clock.move(days=1)))))
    server.reply("/cs.LG", jsonl(found[:1]))
    url, other = add(store, server.url("/cs.DC")).url, add(store, server.url("/cs.LG")).url
    visits(desk)

    def told(paper):
        return {(one.source, one.kind) for one in store.papers.announcements(paper.id)}

    assert told(found[0]) == {(url, "new"), (other, "")}
    assert {kind for paper in found for _, kind in told(paper)} >= {"new", "cross", "replace-cross"}
    visits(desk)
    assert told(found[0]) == {(url, "new"), (other, "")} and (url, "new") in told(found[2])
    assert len(told(found[2])) == 2, "a cross-list that becomes new was announced in two ways"


def test_deleted_records_of_any_feed_mark_their_papers(server, store, desk):
    found = papers(2)
    server.reply("/oai.xml", oai_page(found))
    url = add(store, server.url("/oai.xml")).url
    visits(desk)
    server.reply("/oai.xml", oai_page(found[:1], deleted=[found[1].id.removeprefix("arxiv:")]))
    assert visits(desk)[url].tally.withdrawn == 1
    assert store.papers.get(found[1].id).withdrawn and not store.papers.get(found[0].id).withdrawn


def test_skipped_entries_are_told_with_their_source(server, store, desk):
    told = []
    server.reply("/list", jsonl(papers(1)) + b'{"id": "a"}\n')
    url = add(store, server.url("/list")).url
    visits(replace(desk, report=lambda source, entry: told.append((source, entry.position))))
    assert told == [(url, 2)]


def test_papers_left_without_tags_by_a_killed_run_are_tagged_first(store, desk):
    store.papers.upsert(papers(3))
    assert list(visit_all([], desk)) == []
    assert store.listing.count() == 3 and "" not in store.taggings.bundles()


def test_a_fault_of_ours_in_one_source_costs_no_other(server, store, desk, monkeypatch, caplog):
    from service.ingest import visits as module

    server.reply("/a", jsonl(papers(1)))
    server.reply("/b", jsonl(papers(2)))
    bad, good = add(store, server.url("/a")), add(store, server.url("/b"))
    real = module.read_entries

    def tripping(body, form=""):
        if len(body) < len(jsonl(papers(2))):
            raise ZeroDivisionError("a bug")
        return real(body, form)

    monkeypatch.setattr(module, "read_entries", tripping)
    found = visits(desk)
    assert "internal error" in found[bad.url].error and found[good.url].tally.new == 2
    assert "could not be taken in" in caplog.text


@pytest.mark.parametrize("count", [0, 1, 20])
def test_every_feed_is_visited_once_however_many_there_are(server, store, desk, count):
    server.reply("/one", jsonl(papers(1)))
    for number in range(count):
        server.reply(f"/{number}", jsonl(papers(1)))
        add(store, server.url(f"/{number}"))
    assert len(visits(desk)) == count == len(server.heads)
