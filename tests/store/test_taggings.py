"""Answers: history kept, the current one shown, and what should be tagged again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from models.errors import InputError
from service.store import Need, PaperFilter, Sort, StoredTag
from tests.store.samples import START, make_paper, make_tagging


def test_a_tagging_comes_back_as_it_was_given(store):
    paper = make_paper(1)
    store.papers.upsert([paper])
    given = make_tagging(paper, ("kv-cache", 0.123456789012345), ("consensus", 1.0), reasons=("a", "b"))
    given = replace(given, tags=(*given.tags, StoredTag("moe-training", 0.0, "rule")))
    assert store.taggings.save([given]) == ()
    assert store.papers.get(paper.id).tagging == replace(given, digest=paper.digest)


def test_the_newest_answer_is_current_and_older_ones_are_kept(store):
    paper = make_paper(1)
    store.papers.upsert([paper])
    old = make_tagging(paper, ("kv-cache", 0.9), bundle="themes-1")
    new = make_tagging(paper, ("consensus", 0.8), bundle="themes-2", time=START + timedelta(days=1))
    store.taggings.save([old])
    store.taggings.save([new])
    assert [tagging.bundle for tagging in store.taggings.history(paper.id)] == ["themes-2", "themes-1"]
    assert store.listing.theme_facet() == {"consensus": 1}
    assert store.taggings.bundles() == {"themes-2": 1}


def test_the_same_answer_at_another_time_is_no_news(store):
    paper = make_paper(1)
    store.papers.upsert([paper])
    store.taggings.save([make_tagging(paper, ("kv-cache", 0.9))])
    before = store.papers.revision()
    store.taggings.save([make_tagging(paper, ("kv-cache", 0.9), time=START + timedelta(days=3))])
    assert len(store.taggings.history(paper.id)) == 1
    assert store.papers.revision() == before


def test_an_answer_about_a_replaced_text_leaves_the_paper_stale(store):
    paper = make_paper(1)
    store.papers.upsert([paper])
    store.papers.upsert([make_paper(1, version=2, abstract="Rewritten.")])
    store.taggings.save([make_tagging(paper, ("kv-cache", 0.9), digest=paper.digest)])
    assert store.papers.get(paper.id).stale
    store.taggings.save([make_tagging(make_paper(1, version=2), ("kv-cache", 0.9))])
    assert not store.papers.get(paper.id).stale


def test_unknown_papers_are_given_back_and_cost_the_others_nothing(store):
    store.papers.upsert([make_paper(1)])
    refused = store.taggings.save([make_tagging(make_paper(9), ("a", 0.5)), make_tagging(make_paper(1), ("a", 0.5))])
    assert [name for name, _ in refused] == [make_paper(9).id]
    assert store.papers.get(make_paper(1).id).tagging is not None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"bundle": ""}, "bundle"),
        ({"time": START.replace(tzinfo=None)}, "time zone"),
        ({"tags": (StoredTag("a", 0.5), StoredTag("a", 0.6))}, "one theme"),
        ({"tags": (StoredTag("a", 1.5),)}, "outside"),
        ({"tags": (StoredTag("a", float("nan")),)}, "outside"),
        ({"novelty": -0.1}, "novelty"),
        ({"primary": "b"}, "primary"),
    ],
)
def test_impossible_answers_are_refused_whole(store, changes, word):
    store.papers.upsert([make_paper(1), make_paper(2)])
    bad = replace(make_tagging(make_paper(1), ("a", 0.5)), **changes)
    with pytest.raises(InputError, match=word):
        store.taggings.save([make_tagging(make_paper(2), ("a", 0.5)), bad])
    assert store.taggings.bundles() == {"": 2}


def outdated(store, *args, **options) -> list[str]:
    return [item.paper.id for batch in store.taggings.outdated(*args, **options) for item in batch]


def test_only_what_needs_tagging_is_given(store):
    papers = [make_paper(number) for number in range(5)]
    store.papers.upsert(papers)
    store.taggings.save(
        [make_tagging(papers[0], ("a", 0.5), bundle="old"), make_tagging(papers[1], ("a", 0.5), bundle="live")]
    )
    store.taggings.save([make_tagging(papers[2], ("a", 0.5), bundle="live")])
    store.papers.upsert([make_paper(2, version=2, abstract="Rewritten.")])
    assert outdated(store, "live") == [papers[n].id for n in (0, 2, 3, 4)]
    assert outdated(store, "live", needs=[Need.OLD_BUNDLE]) == [papers[0].id]
    assert outdated(store, "live", needs=[Need.CHANGED]) == [papers[2].id]
    assert outdated(store, "live", needs=[Need.UNTAGGED], batch=1) == [papers[3].id, papers[4].id]
    assert store.taggings.count_outdated("live", query=PaperFilter(ids=(papers[0].id, papers[1].id))) == 1
    with pytest.raises(InputError, match="need"):
        outdated(store, "live", needs=[])


def test_a_retag_that_stops_goes_on_where_it_stopped(store):
    store.papers.upsert(make_paper(number) for number in range(10))
    batches = store.taggings.outdated("live", batch=4)
    for item in next(batches):
        store.taggings.save([make_tagging(item.paper, ("a", 0.5), bundle="live")])
    assert store.taggings.count_outdated("live") == 6
    for batch in store.taggings.outdated("live", batch=4):
        store.taggings.save([make_tagging(item.paper, bundle="live") for item in batch])
    assert store.taggings.count_outdated("live") == 0


def test_a_preview_counts_tags_gained_and_lost_and_saves_nothing(store):
    papers = [make_paper(number) for number in range(8)]
    store.papers.upsert(papers)
    store.taggings.save([make_tagging(paper, ("a", 0.5), ("b", 0.4)) for paper in papers])
    changes = store.taggings.preview(
        [
            *(make_tagging(paper, ("a", 0.9), ("c", 0.4), bundle="new") for paper in papers[:7]),
            make_tagging(papers[7], ("a", 0.6), ("b", 0.6), bundle="new"),
        ],
        examples=2,
    )
    assert (changes.changed, changes.unchanged) == (7, 1)
    assert changes.themes["b"] == (0, 7, (), (papers[0].id, papers[1].id))
    assert changes.themes["c"] == (7, 0, (papers[0].id, papers[1].id), ())
    assert "a" not in changes.themes
    assert store.taggings.bundles() == {"themes-1": 8}


def test_an_abstention_clears_the_tags_shown(store):
    paper = make_paper(1)
    store.papers.upsert([paper])
    store.taggings.save([make_tagging(paper, ("a", 0.9))])
    store.taggings.save([make_tagging(paper, bundle="themes-2")])
    assert store.listing.theme_facet() == {}
    page = store.listing.page(PaperFilter(abstained=True), sort=Sort.PROBABILITY)
    assert page.items[0].tagging.reasons == ("below-threshold",)
