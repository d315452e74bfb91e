"""Feeds of any kind: what feedparser makes of them, and what is kept from it."""

from datetime import UTC, datetime

import pytest

from models.paper import Paper
from service.feeds.entries import Note, Skipped, fold
from service.feeds.syndication import matches, read
from tests.feeds.xml_samples import ATOM_10, RSS_091, RSS_10, RSS_20


def feed(*items):
    return b'<rss version="2.0"><channel><title>t</title>' + b"".join(items) + b"</channel></rss>"


def item(number, **fields):
    inner = {"title": f"Lamp {number}", "description": "It shines.", **fields}
    return "<item>{}</item>".format("".join(f"<{name}>{text}</{name}>" for name, text in inner.items())).encode()


def test_a_journal_item():
    first, _ = read(RSS_20)
    assert (first.id, first.doi) == ("doi:10.1000/lamp.1", "10.1000/lamp.1")
    assert first.title == "On <i>Lux</i> at Sea"
    assert first.abstract.startswith("<p>The abstract proper, which is far longer")
    assert (first.authors, first.categories) == (("Ada Ode", "Bo Poe"), ("optics",))
    assert first.published == datetime(2026, 3, 3, 6, tzinfo=UTC)
    assert first.updated is None
    assert first.url == "https://lamps.example/articles/1?from=rss"


def test_a_link_to_arxiv_names_the_paper():
    _, second = read(RSS_20)
    assert (second.id, second.version) == ("arxiv:2603.01234", 1)


def test_latin_letters_and_a_doctype():
    (paper,) = read(RSS_091)
    assert (paper.title, paper.abstract, paper.id) == ("La lumière", "Un été.", "url:https://phares.example/1")


def test_rss_10():
    (paper,) = read(RSS_10)
    assert (paper.id, paper.title) == ("doi:10.1000/watch.7", "Seventh Watch")
    assert paper.authors == ("Ode, Ada", "Poe, Bo")
    assert paper.published == datetime(2026, 3, 7, tzinfo=UTC)


def test_atom_with_an_entry_that_says_nothing():
    first, second, third = read(ATOM_10)
    assert (first.id, first.title) == ("url:https://lab.example/3", "Brighter &amp; better")
    assert first.abstract == "<p>A <b>new</b> lamp.</p>"
    assert (first.published.day, first.updated.day, first.authors) == (1, 3, ("Ada Ode",))
    assert second.id.startswith("sha256:")
    assert isinstance(third, Skipped)
    assert third.position == 3


def test_the_guid_names_the_entry_and_the_link_stays():
    (paper,) = read(feed(item(1, guid="https://blog.example/?p=1", link="https://elsewhere.example/story")))
    assert (paper.id, paper.url) == ("url:https://blog.example/?p=1", "https://elsewhere.example/story")


def test_entries_that_share_an_address_stay_apart():
    data = feed(*(item(number, link="https://blog.example/") for number in (1, 2, 3, 1)))
    papers, _, folded, _ = fold(read(data))
    assert [paper.title for paper in papers] == ["Lamp 1", "Lamp 2", "Lamp 3"]
    assert folded == 1


def test_markup_is_kept_as_it_came():
    (paper,) = read(feed(item(1, description="&lt;script&gt;x&lt;/script&gt; $a_1$ &lt;a href='/b'&gt;b&lt;/a&gt;")))
    assert paper.abstract == "<script>x</script> $a_1$ <a href='/b'>b</a>"


@pytest.mark.parametrize(
    "author",
    [
        "ada@lamps.example (Ada Ode)",
        "Ada Ode (mailto:ada@lamps.example)",
        "Ada Ode &lt;ada@lamps.example&gt;",
        "Ada Ode",
    ],
)
def test_a_mail_address_is_no_name(author):
    (paper,) = read(feed(item(1, author=author)))
    assert paper.authors == ("Ada Ode",)


def test_a_broken_entry_among_many_keeps_its_place():
    items = [item(number, guid=f"g{number}") for number in range(1, 101)]
    items[49] = b"<item><title>Lamp 50 & more</title><description>It <b>shines.</description><guid>g50</guid></item>"
    items[69] = b"<item><a b='1' b='2'></item>"
    entries = list(read(feed(*items)))
    papers = [entry for entry in entries if isinstance(entry, Paper)]
    assert len(papers) == 99
    assert (papers[49].title, papers[49].abstract) == ("Lamp 50 & more", "It <b>shines.</b>")
    assert [entry.position for entry in entries if isinstance(entry, Skipped)] == [70]
    assert any("mended: 2 (50, 70)" in entry.text for entry in entries if isinstance(entry, Note))


@pytest.mark.parametrize(
    "excess",
    [
        b"<author>" + b"a" * 501 + b"</author>",
        b"<author>ada <b/>" + b"a." * 300 + b"</author>",
        b"<x " + b" ".join(b'a%d="1"' % number for number in range(101)) + b"/>",
    ],
)
def test_what_would_take_feedparser_for_ever_is_skipped(excess):
    first, second, third = read(feed(item(1), b"<item><title>t</title>" + excess + b"</item>", item(3)))
    assert isinstance(second, Skipped)
    assert second.position == 2
    assert (first.title, third.title) == ("Lamp 1", "Lamp 3")


def test_no_entries_is_a_note():
    assert list(read(feed())) == [Note("the feed holds no entries")]


def test_a_feed_cut_short_says_so():
    entries = list(read(feed(item(1), item(2))[:-40]))
    assert [entry.title for entry in entries if isinstance(entry, Paper)] == ["Lamp 1", "Lamp 2"]
    assert any("breaks off" in entry.text for entry in entries if isinstance(entry, Note))


@pytest.mark.parametrize("data", [b"<opml/>", b"<rdf:RDF><records/></rdf:RDF>", b"text"])
def test_other_documents_do_not_match(data):
    assert not matches(data)
