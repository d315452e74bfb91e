"""Papers in: new, updated, duplicate; versions kept, the latest shown; order never matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import NotFoundError
from models.paper import Paper
from service.store import Outcome, PaperFilter, Sort
from tests.store.samples import START, make_paper, make_tagging


def test_a_batch_says_what_was_new_updated_and_there_already(store):
    assert store.papers.upsert([make_paper(1), make_paper(2)]).new == 2
    second = store.papers.upsert([make_paper(1), make_paper(2, version=2, abstract="Rewritten."), make_paper(3)])
    assert (second.new, second.updated, second.duplicate) == (1, 1, 1)
    change = second.changes[1]
    assert (change.outcome, change.version, change.old_version, change.text_changed) == (Outcome.UPDATED, 2, 1, True)


def test_a_paper_comes_back_as_it_was_given(store, clock):
    paper = make_paper(4, comment="9 pages", doi="10.1000/4", title="Größe & <i>Mass</i> 🜚", abstract="a\nb")
    store.papers.upsert([paper])
    stored = store.papers.get(paper.id)
    assert stored.paper == paper
    assert (stored.first_seen, stored.changed, stored.withdrawn, stored.stale, stored.tagging) == (
        START,
        START,
        False,
        False,
        None,
    )


def test_a_new_version_with_the_same_text_is_an_update_that_needs_no_tagging(store):
    store.papers.upsert([make_paper(1)])
    change = store.papers.upsert([make_paper(1, version=2)]).changes[0]
    assert (change.outcome, change.text_changed) == (Outcome.UPDATED, False)


def test_naming_the_version_of_a_known_text_is_no_update(store):
    store.papers.upsert([make_paper(1, version=None)])
    assert store.papers.upsert([make_paper(1, version=1)]).duplicate == 1
    assert store.papers.get(make_paper(1).id).paper.version == 1


def test_an_old_version_that_comes_late_is_kept_and_not_shown(store):
    new, old = make_paper(1, version=2, abstract="Second."), make_paper(1, abstract="First.")
    store.papers.upsert([new])
    assert store.papers.upsert([old]).duplicate == 1
    assert store.papers.get(new.id).paper.abstract == "Second."
    assert [paper.abstract for paper in store.papers.versions(new.id)] == ["First.", "Second."]


def test_one_report_is_all_versions_where_sources_agree(store):
    store.papers.upsert([make_paper(1)])
    assert store.papers.versions(make_paper(1).id) == (make_paper(1),)


def test_fuller_reports_fill_gaps_without_counting_as_updates(store):
    bare = Paper(id=make_paper(1).id, title=make_paper(1).title, abstract=make_paper(1).abstract, version=1)
    store.papers.upsert([bare])
    assert store.papers.upsert([make_paper(1)]).duplicate == 1
    assert store.papers.get(bare.id).paper.authors == make_paper(1).authors
    assert store.listing.count(PaperFilter(categories=("cs.DC",))) == 1


def test_cross_lists_unite_categories(store):
    store.papers.upsert([make_paper(1, categories=("cs.DC",))])
    store.papers.upsert([make_paper(1, categories=("cs.DC", "cs.NI"))])
    assert store.papers.get(make_paper(1).id).paper.categories == ("cs.DC", "cs.NI")


def test_a_bad_paper_costs_its_neighbours_nothing(store):
    done = store.papers.upsert([make_paper(1), Paper(id=""), Paper(id="x" * 2000, title="Long id"), make_paper(2)])
    assert done.new == 2
    assert [refused.id for refused in done.refused] == ["", "x" * 80]
    assert "shorter id" in done.refused[1].reason


def test_two_papers_with_one_text_are_two_papers(store):
    store.papers.upsert([make_paper(1), make_paper(1, id="doi:10.1000/twin")])
    assert store.listing.count() == 2


def test_announcements_name_sources_and_kinds_once(store, clock):
    paper = make_paper(1)
    store.papers.upsert([paper], source="https://a.example/rss", announced={paper.id: "new"})
    later = clock.move(days=1)
    store.papers.upsert([paper], source="https://a.example/rss", announced={paper.id: "new"})
    store.papers.upsert([paper], source="https://a.example/rss", announced={paper.id: "cross"})
    found = store.papers.announcements(paper.id)
    assert found == (("https://a.example/rss", "new", START), ("https://a.example/rss", "cross", later))
    assert store.listing.source_facet() == {"https://a.example/rss": 1}


def test_withdrawn_papers_are_marked_and_unmarked(store):
    store.papers.upsert([make_paper(1), make_paper(2)])
    store.papers.upsert([make_paper(1, version=2, comment="This paper has been withdrawn by the authors")])
    assert store.papers.get(make_paper(1).id).withdrawn
    assert store.papers.withdraw([make_paper(2).id, "nobody"]) == 1
    store.papers.upsert([make_paper(2, version=2)])
    assert store.listing.count(PaperFilter(withdrawn=True)) == 2
    assert store.papers.withdraw([make_paper(1).id, make_paper(2).id], withdrawn=False) == 1
    assert store.listing.count(PaperFilter(withdrawn=True)) == 1
    store.papers.upsert([make_paper(1, version=3)])
    assert store.listing.count(PaperFilter(withdrawn=True)) == 0


def test_a_changed_text_makes_its_tagging_stale_and_moves_its_tags(store, clock):
    paper = make_paper(1)
    store.papers.upsert([paper])
    store.taggings.save([make_tagging(paper, ("kv-cache", 0.9))])
    later = START + timedelta(days=400)
    store.papers.upsert([replace(paper, version=2, abstract="New.", updated=later)])
    store.papers.upsert([make_paper(2)])
    store.taggings.save([make_tagging(make_paper(2), ("kv-cache", 0.9))])
    page = store.listing.page(PaperFilter(any_of=("kv-cache",)), sort=Sort.UPDATED)
    assert [item.paper.id for item in page.items] == [paper.id, make_paper(2).id]
    assert page.items[0].stale and not page.items[1].stale


def test_changed_is_the_time_of_the_last_shown_change(store, clock):
    store.papers.upsert([make_paper(1)])
    clock.move(hours=1)
    store.papers.upsert([make_paper(1)])
    assert store.papers.get(make_paper(1).id).changed == START
    moment = clock.move(hours=1)
    store.papers.upsert([make_paper(1, version=2)])
    stored = store.papers.get(make_paper(1).id)
    assert (stored.changed, stored.first_seen) == (moment, START)


def test_revision_rises_with_changes_only(store):
    store.papers.upsert([make_paper(1)])
    before = store.papers.revision()
    store.papers.upsert([make_paper(1)])
    assert store.papers.revision() == before
    store.papers.upsert([make_paper(2)])
    assert store.papers.revision() > before


def test_unknown_papers_are_named(store):
    with pytest.raises(NotFoundError, match="arxiv:0000"):
        store.papers.get("arxiv:0000.00000")
    with pytest.raises(NotFoundError, match="arxiv:0000"):
        store.papers.versions("arxiv:0000.00000")
    assert store.papers.announcements("arxiv:0000.00000") == ()
    assert store.papers.get_many(["arxiv:0000.00000"]) == ()


def test_get_many_keeps_the_order_asked_for(store):
    store.papers.upsert(map(make_paper, range(20)))
    ids = [make_paper(number).id for number in (7, 3, 19, 3)]
    assert [item.paper.id for item in store.papers.get_many(ids)] == [ids[0], ids[1], ids[2]]


def test_an_empty_batch_is_fine(store):
    assert store.papers.upsert([]).changes == ()


reports = st.builds(
    make_paper,
    st.integers(0, 2),
    version=st.sampled_from((None, 1, 2)),
    abstract=st.sampled_from(("First.", "Second, longer.", "")),
    categories=st.sampled_from((("cs.DC",), ("cs.OS", "cs.DC"), ())),
    updated=st.sampled_from((None, START, START + timedelta(days=2))),
)
batches = st.lists(st.lists(reports, max_size=4), min_size=1, max_size=4)


@given(batches, st.randoms(use_true_random=False))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=15)
def test_batches_in_any_order_and_number_end_in_the_same_store(new_memory, found, random):
    shuffled = [random.sample(batch, len(batch)) for batch in random.sample(found, len(found))]
    contents = []
    for order in (found, [*shuffled, *shuffled]):
        with new_memory() as store:
            for batch in order:
                store.papers.upsert(batch)
            shown = {item.paper.id: (item.paper, item.withdrawn) for item in store.listing.iterate()}
            contents.append((shown, {paper_id: store.papers.versions(paper_id) for paper_id in shown}))
            assert store.check() == []
    assert contents[0] == contents[1]
