"""Atom, RSS, JSON Feed and OPML: valid for other readers, and the same papers for ours."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import fromstring

import feedparser
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from models.paper import Paper
from models.text import clean
from service.feeds import parse
from service.out.atom import atom
from service.out.channel import (
    Channel,
    PageWish,
    Site,
    channel_of,
    feed_address,
    group_subject,
    subject_of,
    theme_subject,
)
from service.out.conditions import Context
from service.out.json_feed import json_feed
from service.out.opml import opml
from service.out.rss import rss
from service.out.text import legal, legal_line
from service.store import EVERYTHING, Store
from tests.out.samples import NAMES, SITE, TAXONOMY, fill
from tests.store.samples import START, make_paper, make_tagging

ATOM = "{http://www.w3.org/2005/Atom}"
FORMS = {"atom": atom, "rss": rss, "json": json_feed}
# Every sign that means something in a format, and characters that XML or UTF-8 do not have.
HOSTILE = st.text(
    alphabet=st.one_of(
        st.sampled_from("<>&\"'`]{}[]()$\\%#_^~*|;,=+-@\0\x01\x08\x0b\x1f\x7f\x85\u2028\ufeff\ufffe\r\n\t "),
        st.characters(exclude_categories=("Cs",)),
    ),
    max_size=40,
)
TRICKS = (
    "]]><script>alert(1)</script>",
    "<![CDATA[ x ]]>",
    "&lt;b&gt; &amp;amp; &#0; &nbsp;",
    "<!ENTITY a 'b'> <?php ?>",
    "A < B & C > D",
    r"On $\alpha$-stable {\bf processes} \& \LaTeX",
    "= cmd|' /C calc'!A0",
    "Ünïcödé 統計 🧪 \u202eabc",
)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:", clock=lambda: START) as opened:
        yield opened


def channel(store: Store, form: str = "atom", limit: int = 50, cursor: str = "") -> Channel:
    return channel_of(store, theme_subject("consensus", NAMES), NAMES, SITE, PageWish(form, limit, cursor))


def with_title(title: str, abstract: str = "") -> Store:
    store = Store.open(":memory:", clock=lambda: START)
    papers = [make_paper(1), make_paper(2, title=title, abstract=abstract or "One sentence."), make_paper(3)]
    store.papers.upsert(papers)
    store.taggings.save([make_tagging(paper, ("consensus", 0.9)) for paper in papers])
    return store


@pytest.mark.parametrize("form", FORMS)
def test_papers_come_back(store: Store, form: str) -> None:
    papers = fill(store, 40)
    wanted = {paper.id: paper for n, paper in enumerate(papers) if n % 5 == 2 or (n % 2 and (n + 1) % 5 == 2)}
    read = parse(FORMS[form](channel(store, form)))
    assert not read.skipped
    assert {paper.id for paper in read.papers} == wanted.keys()
    for paper in read.papers:
        same = ("title", "abstract", "authors", "categories", "published", "updated", "url", "doi")
        assert [getattr(paper, name) for name in same] == [getattr(wanted[paper.id], name) for name in same]


@pytest.mark.parametrize("form", ["atom", "rss"])
def test_other_readers_find_no_fault(store: Store, form: str) -> None:
    fill(store, 40)
    parsed = feedparser.parse(io.BytesIO(FORMS[form](channel(store, form, limit=3))))
    assert not parsed.bozo
    assert parsed.version == {"atom": "atom10", "rss": "rss20"}[form]
    links = {link["rel"] for link in parsed.feed.links}
    assert {"self", "next"} <= links
    entry = parsed.entries[0]
    assert entry.id.startswith("tag:example.org,2026:paper/arxiv:")
    themes = [tag["term"] for tag in entry.tags if tag["scheme"] == "urn:paperwire:theme"]
    assert "consensus" in themes
    assert entry.published_parsed is not None


def test_atom_has_what_rfc_4287_asks_for(store: Store) -> None:
    fill(store, 40)
    root = fromstring(atom(channel(store)))
    assert root.tag == f"{ATOM}feed"
    assert [len(root.findall(f"{ATOM}{name}")) for name in ("id", "title", "updated")] == [1, 1, 1]
    assert root.find(f"{ATOM}author/{ATOM}name") is not None
    ids = [root.findtext(f"{ATOM}id")]
    for entry in root.findall(f"{ATOM}entry"):
        assert [len(entry.findall(f"{ATOM}{name}")) for name in ("id", "title", "updated", "summary")] == [1, 1, 1, 1]
        assert len([link for link in entry.findall(f"{ATOM}link") if link.get("rel") == "alternate"]) == 1
        assert datetime.fromisoformat(entry.findtext(f"{ATOM}updated") or "").tzinfo is not None
        ids.append(entry.findtext(f"{ATOM}id"))
    assert len(set(ids)) == len(ids)


def test_rss_has_what_its_profile_asks_for(store: Store) -> None:
    fill(store, 40)
    (root,) = fromstring(rss(channel(store)))
    assert all(root.findtext(name) for name in ("title", "link", "description", "lastBuildDate"))
    for item in root.findall("item"):
        assert item.find("guid").get("isPermaLink") == "false"  # type: ignore[union-attr]
        assert parsedate_to_datetime(item.findtext("pubDate") or "").tzinfo is not None
        assert item.find("author") is None, "that one is for mail addresses"


def test_json_feed_has_what_version_1_1_asks_for(store: Store) -> None:
    fill(store, 40)
    page = channel(store, "json", limit=3)
    feed = json.loads(json_feed(page))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    assert feed["feed_url"] == page.link
    assert feed["next_url"] == page.next
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert isinstance(item["content_text"], str)
        assert all(isinstance(tag, str) for tag in item["tags"])
        assert all(author.keys() == {"name"} for author in item["authors"])
        assert datetime.fromisoformat(item["date_published"]).tzinfo is not None
        assert all(tag["automatic"] is True for tag in item["_paperwire"]["tags"])


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_forth_and_back(store: Store, limit: int) -> None:
    fill(store, 40)
    whole = [entry.id for entry in channel(store, limit=500).entries]
    pages = [channel(store, limit=limit)]
    while pages[-1].next:
        pages.append(channel(store, limit=limit, cursor=cursor_of(pages[-1].next)))
    assert [entry.id for page in pages for entry in page.entries] == whole
    assert pages[0].previous == ""
    assert {page.first for page in pages} == {pages[0].link}
    assert [page.previous for page in pages[1:]] == [page.link for page in pages[:-1]]


def cursor_of(address: str) -> str:
    return parse_qs(urlsplit(address).query).get("cursor", [""])[0]


@settings(max_examples=40)
@given(HOSTILE, HOSTILE)
@example("NAN", "None")
def test_hostile_text_is_only_text(title: str, abstract: str) -> None:
    assume(not mended(title) and not mended(abstract))
    check(title, abstract)


@pytest.mark.parametrize("trick", TRICKS)
def test_known_tricks_are_only_text(trick: str) -> None:
    check(trick, f"{trick} {trick}")


def mended(text: str) -> bool:
    """Whether feedparser takes a text, as feeds have it, for UTF-8 that was read as Latin-1, and mends it."""
    for shown in (legal(text).strip(), legal_line(text)):
        with suppress(UnicodeError):
            if shown.encode("iso-8859-1").decode() != shown:
                return True
    return False


def check(title: str, abstract: str) -> None:
    with with_title(title, abstract) as store:
        kept = store.papers.get("arxiv:2603.00002").paper
        for form, write in FORMS.items():
            read = {paper.id: paper for paper in parse(write(channel(store, form))).papers}
            assert read.keys() == {f"arxiv:2603.{n:05d}" for n in (1, 2, 3)}
            found = read[kept.id]
            assert found.title == (legal_line(kept.title) or "(no title)")
            if form == "rss":  # a description is HTML, as a reader shows it
                assert clean(found.abstract) == clean(escaped(kept.abstract))
            else:
                assert found.abstract == legal_line(kept.abstract)


def escaped(text: str) -> str:
    return legal_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def test_addresses_that_are_no_links(store: Store) -> None:
    papers = [make_paper(1, url="javascript:alert(1)"), make_paper(2, url=""), make_paper(3, url="http://[bad")]
    papers.append(make_paper(4, url="https://papers.example/a b?q=<ü>"))
    store.papers.upsert(papers)
    store.taggings.save([make_tagging(paper, ("consensus", 0.9)) for paper in papers])
    links = {entry.id[-1]: entry.link for entry in channel(store).entries}
    assert links["1"] == "http://127.0.0.1:8000/v1/papers/arxiv:2603.00001"
    assert links["2"].startswith("http://127.0.0.1:8000/")
    assert links["3"].startswith("http://127.0.0.1:8000/")
    assert links["4"] == "https://papers.example/a%20b?q=%3C%C3%BC%3E"


def test_an_empty_feed_is_a_feed(store: Store) -> None:
    for form, write in FORMS.items():
        document = write(channel(store, form))
        assert parse(document).papers == ()
        if form != "json":
            assert not feedparser.parse(io.BytesIO(document)).bozo


def test_the_same_store_gives_the_same_bytes(store: Store) -> None:
    fill(store, 20)
    for form, write in FORMS.items():
        assert write(channel(store, form)) == write(channel(store, form))


@settings(max_examples=40)
@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=60))
def test_ids_of_any_paper_come_back(own: str) -> None:
    with Store.open(":memory:") as store:
        store.papers.upsert([Paper(own, "A title")])
        (kept,) = store.listing.iterate()
        store.taggings.save([make_tagging(kept.paper, ("consensus", 0.9))])
        for form, write in FORMS.items():
            assert [paper.id for paper in parse(write(channel(store, form))).papers] == [own]


def test_subjects_by_name(store: Store) -> None:
    store.queries.save("systems", "theme:surveys")
    store.queries.save("mine", 'text:"x" since:7d', title="Mine & yours")
    context = Context(NAMES, START)
    assert subject_of("consensus", store, context).kind == "theme"
    assert subject_of("systems", store, context) == group_subject("systems", NAMES)
    assert subject_of("query:systems", store, context).query != subject_of("systems", store, context).query
    assert subject_of("mine", store, context).title == "Mine & yours"
    shadowed = feed_address(SITE, subject_of("query:systems", store, context), NAMES, "rss")
    assert shadowed == "http://127.0.0.1:8000/v1/feeds/query:systems.rss"


def test_opml_lists_every_feed(store: Store) -> None:
    store.queries.save("mine", "theme:surveys", title="Mine & <yours>")
    document = opml(NAMES, store.queries.all(), SITE)
    root = fromstring(document)
    feeds = {node.get("xmlUrl"): node.get("text") for node in root.iter("outline") if node.get("xmlUrl")}
    names = [*TAXONOMY.ids, *NAMES.groups, "mine"]
    assert feeds.keys() == {f"http://127.0.0.1:8000/v1/feeds/{name}.atom" for name in names}
    assert feeds["http://127.0.0.1:8000/v1/feeds/mine.atom"] == "Mine & <yours>"
    assert all(node.get("type") == "rss" for node in root.iter("outline") if node.get("xmlUrl"))


def test_tag_uris_are_valid() -> None:
    site = Site("http://h", "example.org,2026-01")
    assert site.tag("paper/a b<ü>") == "tag:example.org,2026-01:paper/a%20b%3C%C3%BC%3E"


def test_ids_of_feeds_are_the_same_in_all_forms(store: Store) -> None:
    fill(store, 5)
    assert {channel(store, form).id for form in FORMS} == {"tag:example.org,2026:feed/theme/consensus"}
    assert store.listing.count(EVERYTHING) == 5
