"""OAI-PMH harvests, against a small repository with tokens that can expire."""

from __future__ import annotations

from itertools import pairwise, takewhile
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from models.errors import FetchError
from service.fetch.oai import ARXIV_OAI, OaiCursor, oai_pages
from service.fetch.policy import Fetched

from .conftest import in_turn, replying

BASE = "https://repository.example/oai"


def envelope(content):
    head = b'<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
    return head + b"<responseDate>2026-03-09T00:35:38Z</responseDate>" + content + b"</OAI-PMH>\n"


def error(code, text=b""):
    return envelope(b'<request verb="ListRecords">x</request><error code="%b">%b</error>' % (code, text))


class Repository:
    """Lists (id, datestamp) records, `size` a page; tokens in `expiring` (by request number) are refused once."""

    def __init__(self, records, size=2, expiring=()):
        self.records, self.size, self.expiring, self.queries = records, size, set(expiring), []

    def fetch(self, url):
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.queries.append(query)
        return Fetched(url, 200, self.answer(query), "", "", "text/xml", False, url, False)

    def answer(self, query):
        token = query.get("resumptionToken", "")
        if token and len(self.queries) in self.expiring:
            return error(b"badResumptionToken", b"expired")
        since, at = token.split("|&|") if token else (query.get("from", ""), "0")
        chosen = [record for record in self.records if record[1] >= since]
        if not chosen:
            return error(b"noRecordsMatch")
        return self.page(chosen, since, int(at))

    def page(self, chosen, since, at):
        records = b"".join(
            b"<record><header><identifier>oai:arXiv.org:%b</identifier><datestamp>%b</datestamp></header></record>"
            % (name.encode(), stamp.encode())
            for name, stamp in chosen[at : at + self.size]
        )
        following = f"{since}|&amp;|{at + self.size}" if at + self.size < len(chosen) else ""
        token = b'<resumptionToken cursor="%d">%b</resumptionToken>' % (at, following.encode())
        return envelope(b"<ListRecords>" + records + token + b"</ListRecords>")


def names(pages):
    found = []
    for page in pages:
        found += [part.split(b"<")[0].decode() for part in page.fetched.body.split(b"oai:arXiv.org:")[1:]]
    return found


def rises_before_a_fall(days):
    steps = [after - before for before, after in pairwise(days)]
    return sum(step > 0 for step in takewhile(lambda step: step >= 0, steps))


def daily(count):
    return [(f"2603.{number:05d}", f"2026-03-{number // 3 + 1:02d}") for number in range(count)]


def test_tokens_are_followed_to_the_end():
    repository = Repository(daily(7))
    pages = list(
        oai_pages(repository.fetch, BASE, set_spec="cs", since="2026-03-01", until="2026-03-31", prefix="oai_dc")
    )
    assert names(pages) == [name for name, _ in daily(7)]
    assert repository.queries[0] == {
        "verb": "ListRecords", "metadataPrefix": "oai_dc", "set": "cs", "from": "2026-03-01", "until": "2026-03-31",
    }  # fmt: skip
    assert repository.queries[1] == {"verb": "ListRecords", "resumptionToken": "2026-03-01|&|2"}
    assert [page.cursor.finished for page in pages] == [False, False, False, True]
    assert pages[-1].cursor.next_since == "2026-03-09"


def test_arxiv_is_the_default_repository():
    urls = []

    def fetch(url):
        urls.append(url)
        return Repository(daily(1)).fetch(url)

    list(oai_pages(fetch))
    assert urls == [f"{ARXIV_OAI}?verb=ListRecords&metadataPrefix=arXiv"]


def test_no_records_are_one_page():
    (page,) = oai_pages(Repository([]).fetch, BASE)
    assert page.cursor.finished
    assert b"noRecordsMatch" in page.fetched.body


def test_an_expired_token_starts_again_from_the_last_datestamp():
    repository = Repository(daily(60), expiring=[16])
    assert list(dict.fromkeys(names(oai_pages(repository.fetch, BASE)))) == [name for name, _ in daily(60)]
    assert repository.queries[16] == {"verb": "ListRecords", "metadataPrefix": "arXiv", "from": "2026-03-10"}
    assert len(repository.queries) < 40


def test_a_few_dates_in_order_are_no_proof_of_order():
    repository = Repository([("a", "2026-03-05"), ("b", "2026-03-09"), ("c", "2026-03-01")], expiring=[2])
    assert set(names(oai_pages(repository.fetch, BASE))) == set("abc")
    assert "from" not in repository.queries[2]


def test_where_datestamps_jump_it_starts_again_from_the_beginning():
    jumping = [("a", "2026-03-05"), ("b", "2026-03-09"), ("c", "2026-03-01"), ("d", "2026-03-02"), ("e", "2026-03-03")]
    repository = Repository(jumping, expiring=[3])
    assert set(names(oai_pages(repository.fetch, BASE, since="2026-02-01"))) == set("abcde")
    assert repository.queries[3]["from"] == "2026-02-01"


def test_one_fall_settles_that_there_is_no_order():
    days = [*range(1, 13), 2, 3, 4]
    records = [(f"2603.{number:05d}", f"2026-03-{day:02d}") for number, day in enumerate(days)]
    repository = Repository(records, size=1, expiring=[14])
    assert set(names(oai_pages(repository.fetch, BASE))) == {name for name, _ in records}
    assert "from" not in repository.queries[14]


def test_tokens_that_always_expire_end_the_harvest():
    repository = Repository(daily(3), expiring=range(1, 1000))
    with pytest.raises(FetchError, match="tokens expire"):
        list(oai_pages(repository.fetch, BASE))
    assert len(repository.queries) < 50


@given(
    st.lists(st.integers(1, 28), max_size=20),
    st.integers(1, 4),
    st.sets(st.integers(1, 15), max_size=4),
    st.integers(0, 6),
)
@example([5, 9, 1], 2, {2}, 0)
@example(list(range(1, 21)), 1, {12, 15}, 11)
@settings(max_examples=80, deadline=None)
def test_no_record_is_lost_to_expiry_or_interruption(days, size, expiring, stop_after):
    # Eight rises before the first fall would pass for order; see `OaiCursor.climbs`.
    assume(days == sorted(days) or rises_before_a_fall(days) < 8)
    records = [(f"2603.{number:05d}", f"2026-03-{day:02d}") for number, day in enumerate(days)]
    repository, seen, cursor = Repository(records, size, expiring), [], None
    for page, _ in zip(oai_pages(repository.fetch, BASE), range(stop_after), strict=False):
        seen += names([page])
        cursor = OaiCursor.from_text(page.cursor.to_text())
    seen += names(oai_pages(repository.fetch, BASE, resume=cursor))
    assert set(seen) == {name for name, _ in records}


def test_a_cut_page_never_passes_for_the_last():
    whole = Repository(daily(5)).fetch
    asked = []

    def cutting(url):
        asked.append(url)
        answer = whole(url)
        body = answer.body[:-60] if len(asked) == 2 else answer.body
        return Fetched(url, 200, body, "", "", "", False, url, False)

    assert names(oai_pages(cutting, BASE)) == [name for name, _ in daily(5)]
    assert asked[1] == asked[2]


def test_a_token_that_leads_to_itself_ends_the_harvest():
    body = envelope(b"<ListRecords><record/><resumptionToken>same</resumptionToken></ListRecords>")
    with pytest.raises(FetchError, match="token 'same' twice"):
        list(oai_pages(lambda url: Fetched(url, 200, body, "", "", "", False, url, False), BASE))


@pytest.mark.parametrize(
    "token",
    [
        b"<oai:resumptionToken>next&amp;1</oai:resumptionToken>",
        b"<resumptionToken><![CDATA[next&amp;1]]></resumptionToken>",
    ],
)
def test_tokens_are_found_in_every_dress(token):
    body = envelope(b"<ListRecords><record/>" + token + b"</ListRecords>")
    page = next(oai_pages(lambda url: Fetched(url, 200, body, "", "", "", False, url, False), BASE))
    assert page.cursor.token == "next&1"


def test_a_malformed_record_does_not_hide_the_token():
    body = envelope(
        b"<ListRecords><record>\x01 a < b & c <metadata></record><resumptionToken>t</resumptionToken></ListRecords>"
    )
    page = next(oai_pages(lambda url: Fetched(url, 200, body, "", "", "", False, url, False), BASE))
    assert (page.cursor.token, page.cursor.finished) == ("t", False)


def test_an_error_element_inside_a_record_is_no_error():
    body = envelope(b'<ListRecords><record><error code="measurement">0.1</error></record></ListRecords>')
    (page,) = oai_pages(lambda url: Fetched(url, 200, body, "", "", "", False, url, False), BASE)
    assert page.cursor.finished


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (error(b"badArgument", b"illegal &amp; odd"), "refuses the harvest: badArgument illegal & odd"),
        (error(b"badResumptionToken"), "badResumptionToken"),
        (b"<html>maintenance</html>", "cut short or of another kind"),
    ],
)
def test_other_errors_are_passed_on(body, words):
    with pytest.raises(FetchError, match=words):
        list(oai_pages(lambda url: Fetched(url, 200, body, "", "", "", False, url, False), BASE))


def test_a_busy_repository_is_waited_for(server, make_fetcher, time_):
    first = envelope(b"<ListRecords><record/><resumptionToken>a b</resumptionToken></ListRecords>")
    last = envelope(b"<ListRecords><record/><resumptionToken/></ListRecords>")
    server.reply("/oai?verb=ListRecords&metadataPrefix=arXiv", first)
    busy = replying(b"", "503 Busy", Retry_After="20")
    server.on("/oai?verb=ListRecords&resumptionToken=a+b", in_turn(busy, busy, replying(last)))
    pages = list(oai_pages(make_fetcher().fetch, server.url("/oai")))
    assert [page.fetched.body for page in pages] == [first, last]
    assert all(nap >= 20 for nap in time_.naps) and len(time_.naps) == 2


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"base_url": "x"}'])
def test_a_spoilt_cursor_is_named(text):
    with pytest.raises(FetchError, match="not an OAI-PMH cursor"):
        OaiCursor.from_text(text)
