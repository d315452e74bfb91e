"""Harvests from local servers of arXiv's API and of OAI-PMH: incremental, resumed, never losing a paper."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from models.errors import FetchError, InputError
from service.fetch import OaiCursor
from service.ingest import parse_spec, visit_all
from service.ingest.harvest import QueryCursor, first_cursor
from service.store import Source
from tests.fetch.conftest import replying
from tests.ingest.samples import atom, oai_page, papers

QUERY = "/api/query?search_query=cat:cs.DC"


class Api:
    """arXiv's API over a list of papers, latest change first; `fails_from` answers 500 from that start on."""

    def __init__(self, server, found):
        self.found, self.fails_from, self.starts = found, None, []
        server.behave = self._behave
        self._heads = server.heads

    def _behave(self, head, connection):
        asked = {name: value[0] for name, value in parse_qs(urlsplit(head.split(" ")[1]).query).items()}
        assert (asked["sortBy"], asked["sortOrder"], asked["search_query"]) == (
            "lastUpdatedDate",
            "descending",
            "cat:cs.DC",
        )
        start, size = int(asked["start"]), int(asked["max_results"])
        self.starts.append(start)
        if self.fails_from is not None and start >= self.fails_from:
            replying(b"", "500 Internal Server Error")(connection)
            return
        ordered = sorted(self.found, key=lambda paper: paper.updated, reverse=True)
        replying(atom(ordered[start : start + size], len(ordered)))(connection)


def dated(count, newest, step=timedelta(hours=3), seed=31):
    return [
        replace(paper, updated=newest - step * number, published=newest - step * number)
        for number, paper in enumerate(papers(count, seed))
    ]


def visit(desk, url):
    (done,) = visit_all([desk.store.sources.get(url)], desk)
    return done


@pytest.fixture
def url(server, store):
    spec = parse_spec(server.url(QUERY))
    return store.sources.add(Source(spec.url)).url


def test_the_first_harvest_reaches_back_a_month(server, desk, clock, url):
    api = Api(server, dated(500, clock.time - timedelta(hours=1)))
    done = visit(desk, url)
    assert done.error == "" and api.starts == [0, 200]  # 400 papers are 50 days
    assert done.tally.new == 400
    place = QueryCursor.from_text(desk.store.sources.get(url).cursor)
    assert (place.since, place.page) == ((clock.time - timedelta(hours=1)).isoformat(), "")


def test_later_harvests_ask_only_for_what_is_new_and_a_week_before(server, desk, clock, url):
    api = Api(server, dated(500, clock.time))
    visit(desk, url)
    api.starts.clear()
    late = replace(papers(1, 41)[0], updated=clock.time - timedelta(days=5))  # was with a moderator
    changed = replace(api.found[7], version=2, title="Quite another title", updated=clock.time + timedelta(hours=5))
    api.found += [late, changed]
    clock.move(days=1)
    done = visit(desk, url)
    assert api.starts == [0]
    assert (done.tally.new, done.tally.updated, done.tally.retagged) == (1, 1, 1)
    assert desk.store.papers.get(changed.id).paper.version == 2


def test_an_interrupted_harvest_keeps_its_pages_and_goes_on(server, desk, clock, url):
    api = Api(server, dated(500, clock.time, step=timedelta(hours=1)))
    api.fails_from = 200
    done = visit(desk, url)
    assert "500" in done.error and done.tally.new == 200
    source = desk.store.sources.get(url)
    assert source.failures == 1 and QueryCursor.from_text(source.cursor).page
    api.fails_from = None
    api.starts.clear()
    api.found.append(replace(papers(1, 41)[0], updated=clock.time + timedelta(hours=2)))  # pushes the others back
    done = visit(desk, url)
    assert done.error == "" and api.starts == [200, 400]
    visit(desk, url)
    assert {paper.id for paper in api.found} == {one.paper.id for one in desk.store.listing.iterate()}


def test_a_page_that_is_no_feed_ends_the_harvest_and_not_the_round(server, desk, url):
    server.behave = lambda head, connection: replying(b"<html></html>")(connection)
    assert "cut short or of another kind" in visit(desk, url).error


class Repository:
    """OAI-PMH over pages of papers; `asked` lists the arguments of every request."""

    def __init__(self, server, pages):
        self.pages, self.asked, self.deleted, self.fails = pages, [], [], False
        server.behave = self._behave

    def _behave(self, head, connection):
        asked = {name: value[0] for name, value in parse_qs(urlsplit(head.split(" ")[1]).query).items()}
        self.asked.append(asked)
        number = int(asked.get("resumptionToken", "0"))
        if self.fails and number:
            replying(b"", "500 Internal Server Error")(connection)
            return
        last = number + 1 == len(self.pages)
        deleted = self.deleted if last else ()
        replying(oai_page(self.pages[number], "" if last else str(number + 1), deleted))(connection)


@pytest.fixture
def set_url(server, store):
    spec = parse_spec(server.url("/oai?verb=ListRecords&metadataPrefix=arXiv&set=cs"))
    return store.sources.add(Source(spec.url, cursor=first_cursor(spec, "2026-02-01", date(2026, 3, 4)))).url


def test_a_set_is_harvested_page_by_page_and_later_from_where_it_ended(server, desk, set_url):
    found = papers(9)
    repository = Repository(server, [found[:4], found[4:8], found[8:]])
    assert visit(desk, set_url).tally.new == 9
    assert [one.get("from") for one in repository.asked] == ["2026-02-01", None, None]
    assert repository.asked[0]["set"] == "cs"
    repository.pages, repository.deleted = [found[:1]], [found[3].id.removeprefix("arxiv:")]
    done = visit(desk, set_url)
    assert repository.asked[-1]["from"] == "2026-03-03"  # the day the first harvest began by the repository's clock
    assert (done.tally.duplicate, done.tally.withdrawn) == (1, 1)
    assert desk.store.papers.get(found[3].id).withdrawn


def test_a_harvest_of_a_set_goes_on_with_its_token(server, desk, set_url):
    found = papers(9)
    repository = Repository(server, [found[:4], found[4:8], found[8:]])
    repository.fails = True
    done = visit(desk, set_url)
    assert done.error and done.tally.new == 4
    assert OaiCursor.from_text(desk.store.sources.get(set_url).cursor).token == "1"
    repository.fails = False
    repository.asked.clear()
    assert visit(desk, set_url).tally.new == 5
    assert [one["resumptionToken"] for one in repository.asked] == ["1", "2"]


def test_a_cursor_that_is_damaged_says_what_to_do(server, desk, url):
    desk.store.sources.advanced(url, "{broken")
    assert "add the source anew" in visit(desk, url).error
    with pytest.raises(FetchError):
        QueryCursor.from_text(json.dumps({"unknown": 1}))


def test_how_far_back_to_begin_can_be_said():
    today = datetime(2026, 3, 4, tzinfo=UTC).date()
    query, whole_set = parse_spec("arxiv:cs.DC"), parse_spec("oai:cs:cs:DC")
    assert QueryCursor.from_text(first_cursor(query, "", today)).since == "2026-02-02T00:00:00+00:00"
    assert QueryCursor.from_text(first_cursor(query, "2025-01-01", today)).since.startswith("2025-01-01T")
    assert QueryCursor.from_text(first_cursor(query, "all", today)).since == ""
    assert OaiCursor.from_text(first_cursor(whole_set, "all", today)).since == ""
    assert OaiCursor.from_text(first_cursor(whole_set, "", today)).since == "2026-02-02"
    assert first_cursor(parse_spec("https://papers.example/rss"), "", today) == ""
    with pytest.raises(InputError, match="no past"):
        first_cursor(parse_spec("https://papers.example/rss"), "all", today)
    with pytest.raises(InputError, match="no date"):
        first_cursor(query, "yesterday", today)
