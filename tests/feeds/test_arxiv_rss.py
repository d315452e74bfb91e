"""arXiv's listings of today: announcements, dates, versions."""

from datetime import UTC, datetime

import pytest

from models.paper import Paper
from service.feeds.arxiv_rss import read
from service.feeds.entries import Announced, Note, Skipped, fold
from service.feeds.rdf import NO_PAPERS
from tests.feeds.xml_samples import ARXIV_ATOM_LISTING, ARXIV_RSS

DAY = datetime(2026, 3, 2, 5, tzinfo=UTC)


def papers(data):
    return [entry for entry in read(data) if isinstance(entry, Paper)]


def test_every_field_of_a_new_paper():
    assert papers(ARXIV_RSS)[0] == Paper(
        id="arxiv:2603.00001",
        title="Gossip Among Lighthouses",
        abstract="Lamps agree on a colour in three rounds.",
        version=1,
        authors=("Ada Ode", "Bo Poe"),
        categories=("cs.DC", "cs.MA"),
        published=DAY,
        updated=DAY,
        url="https://arxiv.org/abs/2603.00001",
    )


def test_dates_mean_what_was_announced():
    new, cross, replaced = papers(ARXIV_RSS)
    assert (new.published, new.updated) == (DAY, DAY)
    assert (cross.published, cross.updated) == (None, None)
    assert (replaced.published, replaced.updated) == (None, DAY)


def test_a_replaced_old_paper_keeps_its_archive_and_version():
    *_, replaced = papers(ARXIV_RSS)
    assert (replaced.id, replaced.version, replaced.doi) == ("arxiv:math/0501003", 4, "10.1000/lock.3")
    assert replaced.abstract == "Locks of old towers."


def test_the_atom_listing_reads_alike_and_folds_into_it():
    found, skipped, folded, notes = fold([*read(ARXIV_RSS), *read(ARXIV_ATOM_LISTING)])
    assert (len(found), skipped, folded, notes) == (3, [], 1, [])
    assert (found[0].version, found[0].abstract) == (2, "Lamps agree on a colour in two rounds.")
    assert found[0].categories == ("cs.DC", "cs.MA")


@pytest.mark.parametrize("listing", [ARXIV_RSS, ARXIV_RSS.replace(b"arxiv:announce_type>", b"arxiv:other>")])
def test_each_paper_comes_after_how_it_was_announced(listing):
    entries = list(read(listing))
    told, found = entries[::2], entries[1::2]
    assert [entry.kind for entry in told] == ["new", "cross", "replace-cross"]
    assert [entry.id for entry in told] == [paper.id for paper in found] == [paper.id for paper in papers(listing)]


def test_kinds_that_arxiv_does_not_have_are_not_told():
    odd = ARXIV_RSS.replace(b"announce_type>new<", b"announce_type>renewed<")
    assert [entry.kind for entry in read(odd) if isinstance(entry, Announced)] == ["cross", "replace-cross"]


def test_the_announcement_alone_will_do():
    bare = ARXIV_RSS.replace(b"<arxiv:announce_type>new</arxiv:announce_type>", b"")
    bare = bare.replace(b'<guid isPermaLink="false">oai:arXiv.org:2603.00001v1</guid>', b"")
    paper = papers(bare)[0]
    assert (paper.id, paper.version, paper.updated) == ("arxiv:2603.00001", 1, DAY)


def test_an_item_without_an_arxiv_id_is_skipped():
    item = (
        b"<item><title>Ad</title><link>https://ads.example</link><description>Announce Type: new</description></item>"
    )
    (entry,) = read(b'<rss version="2.0"><channel>' + item + b"</channel></rss>")
    assert isinstance(entry, Skipped)


def test_old_items_in_rss_20_are_read_too():
    title = b"<title>Lamp. (arXiv:1501.00001v1 [cs.LG])</title>"
    item = b"<item>" + title + b"<description>&lt;p&gt;It shines.&lt;/p&gt;</description></item>"
    (paper,) = read(b'<rss version="2.0"><channel>' + item + b"</channel></rss>")
    assert (paper.id, paper.title, paper.abstract, paper.version) == ("arxiv:1501.00001", "Lamp", "It shines.", 1)


@pytest.mark.parametrize(
    ("title", "note"),
    [
        (b"cs.DC updates on arXiv.org", NO_PAPERS),
        (
            b"Feed error for query: http://rss.arxiv.org/rss/nope",
            "arXiv answered with an error for http://rss.arxiv.org/rss/nope",
        ),
    ],
)
def test_a_listing_without_papers_is_a_note(title, note):
    assert list(read(b"<rss><channel><title>" + title + b"</title></channel></rss>")) == [Note(note)]
