"""Facts of a batch."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import InputError
from models.paper import Paper
from service.feeds.entries import ParsedFeed, Skipped
from service.manners.batch import BatchFacts, Channel, batch_facts, channel

SHARED = Path(__file__).parents[2].parent / "shared"
NOW = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>
<pubDate>Mon, 09 Mar 2026 00:00:00 -0500</pubDate>
<lastBuildDate>Tue, 10 Mar 2026 04:00:00 +0000</lastBuildDate>
<skipDays><day>Sunday</day><day>Saturday</day><day>Noday</day></skipDays>
<item><title>x</title><pubDate>Fri, 01 Jan 1999 00:00:00 +0000</pubDate></item></channel></rss>"""


def paper(number, **fields):
    return Paper(id=f"arxiv:2603.{number:05d}", title=f"Title {number}", **fields)


def test_an_rss_channel_says_when_it_was_built_and_rests():
    assert channel(RSS) == Channel(datetime(2026, 3, 10, 4, tzinfo=UTC), (5, 6))


def test_an_atom_feed_says_when_it_was_updated():
    atom = b'<feed xmlns="http://www.w3.org/2005/Atom"><updated>2026-03-10T05:00:00+01:00</updated><entry><updated>1999-01-01</updated></entry></feed>'
    assert channel(atom).built_at == datetime(2026, 3, 10, 4, tzinfo=UTC)


def test_what_stands_before_a_mistake_counts():
    assert channel(RSS.replace(b"<item>", b"<item &")).skip_days == (5, 6)
    assert channel(RSS.replace(b"<title>t</title>", b"<title>a & b</title>")) == Channel()


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"\xff\xfe", b"<html><p>", b'<!DOCTYPE x [<!ENTITY a "b">]><rss><channel>&a;</channel></rss>']
)
def test_anything_else_has_an_empty_channel(body):
    assert channel(body) == Channel()


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_channel_never_raises(body):
    assert isinstance(channel(b"<rss><channel>" + body), Channel)


def test_recorded_listings_name_their_days_off():
    if not SHARED.exists():
        pytest.skip("the recorded feeds are not here")
    listings = sorted((SHARED / "data/feeds/recorded/arxiv_rss").glob("*.xml"))
    found = [channel(listing.read_bytes()) for listing in listings]
    assert found
    assert all(about.skip_days == (5, 6) and about.built_at for about in found)


def test_facts_of_a_listing():
    papers = tuple(paper(n, version=1, published=NOW - timedelta(days=n % 3)) for n in range(100, 140))
    facts = batch_facts(ParsedFeed("arxiv-rss", papers, (Skipped(3, "broken"),)), NOW, channel(RSS))
    assert (facts.count, facts.skipped, facts.daily, facts.newest) == (40, 1, True, NOW)
    assert (facts.month, facts.lower, facts.upper) == ("2603", 110, 130)
    assert facts.day == datetime(2026, 3, 10).date()


def test_the_day_is_the_utc_day():
    evening = datetime(2026, 3, 9, 22, tzinfo=timezone(timedelta(hours=-5)))
    assert BatchFacts(fetched_at=evening).day == datetime(2026, 3, 10).date()


def test_other_feeds_are_not_daily_unless_told():
    feed = ParsedFeed("rss", (Paper(id="url:https://lab.example/1"),))
    assert not batch_facts(feed, NOW, Channel(skip_days=(5, 6))).daily
    assert not batch_facts(ParsedFeed("arxiv-atom", (paper(1),)), NOW).daily
    assert batch_facts(feed, NOW, daily=True).daily


def test_outliers_do_not_move_the_quartiles():
    papers = (*map(paper, range(1000, 1020)), Paper(id="arxiv:0704.0001"), paper(5, version=3), paper(2))
    facts = batch_facts(ParsedFeed("x", papers), NOW)
    assert (facts.month, facts.lower, facts.upper) == ("2603", 1004, 1014)
    assert batch_facts(ParsedFeed("x", papers[:7]), NOW).month == ""


@given(st.lists(st.integers(1, 30), unique=True, max_size=10), st.randoms())
@settings(max_examples=50, deadline=None)
def test_the_digest_knows_papers_and_versions_not_their_order(numbers, random):
    papers = [paper(n, version=1) for n in numbers]
    shuffled = random.sample(papers, len(papers))
    digest = batch_facts(ParsedFeed("x", tuple(papers)), NOW).digest
    assert batch_facts(ParsedFeed("y", tuple(shuffled)), NOW).digest == digest
    newer = [paper(n, version=2) for n in numbers]
    assert (batch_facts(ParsedFeed("x", tuple(newer)), NOW).digest == digest) is (not numbers)


def test_without_versions_the_text_counts():
    one, two = Paper(id="url:a", title="One"), Paper(id="url:a", title="Two")
    assert batch_facts(ParsedFeed("x", (one,)), NOW).digest != batch_facts(ParsedFeed("x", (two,)), NOW).digest


def test_wrong_links_are_named():
    papers = (
        paper(1, url="https://arxiv.org/abs/2603.00001v2"),
        paper(2, url="http://export.arxiv.org/abs/2603.00003"),
        paper(4, url="javascript:alert(1)"),
        Paper(id="doi:10.1/a", url="https://lab.example/p"),
        Paper(id="doi:10.1/b", url="https://lab.example/p"),
        paper(5, url="https://journal.example/5"),
        paper(6),
        paper(7, url="ftp://x"),
    )
    facts = batch_facts(ParsedFeed("x", papers), NOW)
    assert facts.wrong_links == (
        "the link of arxiv:2603.00002 leads to arxiv:2603.00003",
        "the link of arxiv:2603.00004 is no web address ('javascript:alert(1)')",
        "doi:10.1/a and doi:10.1/b have the same link",
    )
    assert facts.wrong_link_count == 4


def test_facts_survive_storage():
    papers = tuple(paper(n, version=1, published=NOW, url="x") for n in range(20))
    for facts in (batch_facts(ParsedFeed("x", papers), NOW, channel(RSS)), BatchFacts(fetched_at=NOW)):
        assert BatchFacts.from_text(facts.to_text()) == facts
        assert len(facts.to_text()) < 1000


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", json.dumps({"fetched_at": "soon", "built_at": "", "newest": ""})]
)
def test_spoilt_facts_are_named(text):
    with pytest.raises(InputError, match="not the facts of a batch"):
        BatchFacts.from_text(text)
