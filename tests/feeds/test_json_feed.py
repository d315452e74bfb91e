import json
from datetime import UTC, datetime

import pytest

from models.paper import Paper
from service.feeds import parse

SUMMARY = " ".join(["We revisit leases for replicated logs and measure when they expire."] * 2)
ITEM = {
    "id": "https://lab.example/notes/17",
    "url": "https://lab.example/notes/17",
    "title": "Quorum leases,\nrevisited",
    "summary": SUMMARY,
    "content_html": "<p>We revisit leases. At length.</p>",
    "date_published": "2026-02-03T04:05:06+01:00",
    "date_modified": "2026-02-04T00:00:00Z",
    "tags": ["logs", "consensus"],
    "authors": [{"name": "Ada Vane"}, {"name": "Bo Lund", "url": "https://lab.example/bo"}],
}


def read(version="https://jsonfeed.org/version/1.1", **change):
    document = {"version": version, "title": "Lab notes", "items": [{**ITEM, **change}]}
    return parse(json.dumps(document).encode())


def test_an_item_is_read_field_by_field():
    feed = read()
    assert feed.format == "json-feed"
    assert feed.papers == (
        Paper(
            id="url:https://lab.example/notes/17",
            title="Quorum leases, revisited",
            abstract=SUMMARY,
            authors=("Ada Vane", "Bo Lund"),
            categories=("logs", "consensus"),
            published=datetime(2026, 2, 3, 3, 5, 6, tzinfo=UTC),
            updated=datetime(2026, 2, 4, tzinfo=UTC),
            url="https://lab.example/notes/17",
        ),
    )


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"authors": None, "author": {"name": "Ada Vane"}}, "authors", ("Ada Vane",)),
        ({"summary": None, "content_text": "Plain."}, "abstract", "Plain."),
        ({"summary": ""}, "abstract", "<p>We revisit leases. At length.</p>"),
        ({"summary": "A teaser."}, "abstract", "<p>We revisit leases. At length.</p>"),
        ({"summary": "A teaser.", "content_html": None}, "abstract", "A teaser."),
        ({"abstract": "The abstract."}, "abstract", "The abstract."),
        ({"url": None, "external_url": "https://arxiv.org/abs/2602.01234v2"}, "id", "arxiv:2602.01234"),
        ({"doi": "10.1000/xyz"}, "id", "doi:10.1000/xyz"),
        ({"url": None, "id": 17}, "id", "17"),
    ],
)
def test_both_versions_and_their_variants_are_read(change, field, expected):
    (paper,) = read("https://jsonfeed.org/version/1", **change).papers
    assert getattr(paper, field) == expected


def test_items_without_the_head_of_a_feed_are_known_by_their_content():
    assert parse(json.dumps({"items": [ITEM]}).encode()).format == "json-feed"


def test_an_item_without_text_is_skipped_and_costs_no_other():
    document = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "content_html": ""}, 7, ITEM]}
    feed = parse(json.dumps(document).encode())
    assert [skipped.position for skipped in feed.skipped] == [1, 2]
    assert len(feed.papers) == 1


@pytest.mark.parametrize("word", ["None", "NaN", "n/a", "null"])
def test_words_that_tables_have_for_nothing_are_texts_here(word):
    [paper] = read(title=word, abstract=word).papers
    assert (paper.title, paper.abstract) == (word, word)
