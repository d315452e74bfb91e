"""Paging the arXiv API, against a small imitation of its answers."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import FetchError
from service.fetch.arxiv_api import ApiCursor, arxiv_api_pages
from service.fetch.policy import Fetched


def fetched(url, body):
    return Fetched(url, 200, body, "", "", "application/atom+xml", False, url, False)


class Api:
    """Serves `total` numbered entries; `faults` maps the number of a request to a body or a count of entries."""

    def __init__(self, total, faults=None):
        self.total, self.faults, self.queries = total, dict(faults or {}), []

    def fetch(self, url):
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.queries.append(query)
        fault = self.faults.get(len(self.queries))
        if isinstance(fault, bytes):
            return fetched(url, fault)
        start = int(query["start"])
        count = int(query["max_results"]) if fault is None else fault
        return fetched(url, self.feed(range(start, min(start + count, self.total))))

    def feed(self, numbers):
        entries = b"".join(b"<entry><id>http://arxiv.org/abs/2603.%05d</id></entry>" % number for number in numbers)
        total = b"<opensearch:totalResults>%d</opensearch:totalResults>" % self.total
        return b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">' + total + entries + b"</feed>\n"


def numbers(pages):
    found = []
    for page in pages:
        found += [int(part[:5]) for part in page.fetched.body.split(b"2603.")[1:]]
    return found


def test_every_result_comes_once():
    api = Api(25)
    assert numbers(arxiv_api_pages(api.fetch, "cat:cs.DC AND ti:consensus", page_size=10)) == list(range(25))
    assert [query["start"] for query in api.queries] == ["0", "10", "20"]
    assert api.queries[0] == {
        "search_query": "cat:cs.DC AND ti:consensus", "start": "0", "max_results": "10",
        "sortBy": "submittedDate", "sortOrder": "ascending",
    }  # fmt: skip


def test_no_results_are_one_page():
    api = Api(0)
    (page,) = arxiv_api_pages(api.fetch, "ti:nothing")
    assert page.cursor.finished
    assert len(api.queries) == 1


def test_empty_pages_are_asked_for_again():
    api = Api(25, faults={2: 0, 3: 0})
    assert numbers(arxiv_api_pages(api.fetch, "q", page_size=10)) == list(range(25))
    assert len(api.queries) == 5


def test_a_page_that_stays_empty_ends_with_its_place():
    api = Api(25, faults=dict.fromkeys(range(2, 99), 0))
    with pytest.raises(FetchError, match="no entry from 10 on in 4 requests, though 25 results"):
        list(arxiv_api_pages(api.fetch, "q", page_size=10, empty_tries=4))
    assert len(api.queries) == 5


def test_pages_cut_short_are_asked_for_again():
    cut = Api(25).feed(range(10))[:-9]
    assert numbers(arxiv_api_pages(Api(25, faults={1: cut}).fetch, "q", page_size=10)) == list(range(25))
    with pytest.raises(FetchError, match="cut short"):
        list(arxiv_api_pages(Api(25, faults=dict.fromkeys(range(1, 9), cut)).fetch, "q"))


@given(st.integers(0, 60), st.integers(1, 25), st.dictionaries(st.integers(1, 12), st.integers(0, 24), max_size=4))
@settings(max_examples=60, deadline=None)
def test_short_and_empty_pages_lose_nothing(total, page_size, faults):
    faults = {request: min(count, page_size) for request, count in faults.items()}
    assert numbers(arxiv_api_pages(Api(total, faults).fetch, "q", page_size=page_size)) == list(range(total))


@given(st.integers(1, 60), st.integers(1, 25), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_an_interrupted_harvest_goes_on(total, page_size, stop_after):
    api, seen, cursor = Api(total), [], None
    for page, _ in zip(arxiv_api_pages(api.fetch, "q", page_size=page_size), range(stop_after), strict=False):
        seen += numbers([page])
        cursor = ApiCursor.from_text(page.cursor.to_text())
    seen += numbers(arxiv_api_pages(api.fetch, "q", resume=cursor, page_size=page_size))
    assert seen == list(range(total))


def test_a_result_list_that_shrinks_ends():
    api = Api(25)
    pages = arxiv_api_pages(api.fetch, "q", page_size=10)
    next(pages)
    api.total = 10
    assert [page.cursor.finished for page in pages] == [True]


def test_more_results_than_the_api_serves_is_told_after_the_last_page():
    api = Api(40_000)
    pages = arxiv_api_pages(api.fetch, "q", resume=ApiCursor("q", start=29_950, total=40_000))
    assert numbers([next(pages)])[-1] == 29_999
    assert api.queries[-1]["max_results"] == "50"
    with pytest.raises(FetchError, match=r"40,000 results, the arXiv API serves 30,000: split it by submittedDate"):
        next(pages)


def test_errors_of_the_api_are_passed_on():
    body = (
        b"<feed><opensearch:totalResults>1</opensearch:totalResults><entry><id>https://arxiv.org/api/errors#bad_start</id>"
        b"<title>Error</title><summary>start must be an integer</summary></entry></feed>"
    )
    with pytest.raises(FetchError, match="refuses 'q': start must be an integer"):
        list(arxiv_api_pages(Api(5, faults={1: body}).fetch, "q"))


def test_another_feed_is_not_taken_for_an_answer():
    with pytest.raises(FetchError, match="no totalResults"):
        list(arxiv_api_pages(Api(5, faults={1: b"<feed><title>Blog</title></feed>"}).fetch, "q"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"query": "q", "page": 1}', "null"])
def test_a_spoilt_cursor_is_named(text):
    with pytest.raises(FetchError, match="not an arXiv API cursor"):
        ApiCursor.from_text(text)
