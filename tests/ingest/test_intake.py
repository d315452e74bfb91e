"""Entries into a store: counted, tagged, folded, marked as withdrawn."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.paper import Paper
from models.tagging import TagOptions
from service.feeds import Announced, Note, Skipped
from service.feeds.entries import DELETED
from service.ingest import Tagger, bundle_id, ingest, tag_pending
from service.store import Store
from tests.ingest.samples import contents, papers

SUBJECTS = "expert routing, gating networks and token dispatch to experts"
OTHERS = "leader election in replicas, quorum certificates and atomic broadcast"


def about(subject, **changes):
    facts = {"id": "arxiv:2603.07001", "title": f"A study of {subject}", "version": 1}
    return Paper(**facts | {"abstract": f"We present {subject} on a cluster of sixteen nodes."} | changes)


def themes(store, paper_id):
    return [tag.theme for tag in store.papers.get(paper_id).tagging.tags]


def test_papers_are_stored_tagged_and_counted(store, tagger, loaded):
    found = papers(30)
    tally = ingest([*found, *found[:4]], store, tagger, source="https://a.example/rss")
    assert (tally.new, tally.updated, tally.duplicate, tally.skipped) == (30, 0, 4, 0)
    assert (tally.tagged, tally.retagged, tally.entries) == (30, 0, 34)
    assert store.taggings.bundles() == {bundle_id(loaded.name): 30}
    assert tally.summary() == "30 new, 0 updated, 4 duplicate, 0 skipped"
    answers = loaded.tag(found, TagOptions(profile="fast"))
    assert [themes(store, paper.id) for paper in found] == [[tag.theme for tag in one.tags] for one in answers]


def test_the_same_again_is_only_duplicates_and_tags_nothing(store, tagger):
    found = papers(10)
    ingest(found, store, tagger)
    before = store.papers.revision()
    tally = ingest(found, store, tagger)
    assert (tally.new, tally.duplicate, tally.tagged) == (0, 10, 0)
    assert store.papers.revision() == before


def test_a_second_version_is_tagged_again_and_says_so(store, tagger):
    ingest([about(SUBJECTS)], store, tagger)
    tally = ingest([about(OTHERS, version=2)], store, tagger)
    assert (tally.updated, tally.retagged) == (1, 1)
    (retag,) = tally.retags
    assert (retag.id, retag.old_version, retag.version) == ("arxiv:2603.07001", 1, 2)
    assert retag.added == ("consensus",) and retag.removed == ("moe-training",)
    assert str(retag) == "arxiv:2603.07001: v1 became v2, tagged again: +consensus -moe-training"
    assert "1 tagged again" in tally.summary()
    assert themes(store, "arxiv:2603.07001") == ["consensus"]
    assert [one.version for one in store.taggings.history("arxiv:2603.07001")] == [2, 1]


def test_an_older_version_that_comes_later_changes_nothing_shown(store, tagger):
    ingest([about(OTHERS, version=2)], store, tagger)
    tally = ingest([about(SUBJECTS)], store, tagger)
    assert (tally.updated, tally.duplicate, tally.retagged) == (0, 1, 0)
    assert themes(store, "arxiv:2603.07001") == ["consensus"]


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
def test_an_announcement_finds_its_paper_across_batches(store, tagger, batch):
    found = papers(5)
    entries = [entry for paper in found for entry in (Announced(paper.id, "cross"), paper)]
    tally = ingest([*entries, Announced("arxiv:2603.99999", "new")], store, tagger, source="feed", batch=batch)
    assert (tally.new, tally.entries) == (5, 5)
    told = [one.kind for paper in found for one in store.papers.announcements(paper.id)]
    assert told == ["cross"] * 5


def test_bad_entries_are_reported_and_cost_no_neighbour(store, tagger):
    told = []
    unstorable = about(SUBJECTS, id="own:" + "x" * 2000)
    entries = [Skipped(1, "no title", "x"), about(SUBJECTS), unstorable, Note("the feed says hello")]
    tally = ingest(entries, store, tagger, report=told.append)
    assert (tally.new, tally.skipped) == (1, 2)
    assert [type(entry) for entry in told] == [Skipped, Note, Skipped]
    assert "longer than" in told[-1].reason


def test_papers_taken_back_are_marked_by_their_text_or_by_their_repository(store, tagger):
    gone = about(SUBJECTS, id="arxiv:2603.07002", comment="This paper has been withdrawn by the authors")
    tally = ingest([about(SUBJECTS), gone], store, tagger)
    assert tally.withdrawn == 1 and "1 withdrawn" in tally.summary()
    deleted = Skipped(1, DELETED, "oai:arXiv.org:2603.07001")
    tally = ingest([deleted], store, tagger)
    assert (tally.withdrawn, tally.skipped) == (1, 0)
    assert all(store.papers.get(paper.id).withdrawn for paper in (about(SUBJECTS), gone))
    assert ingest([deleted], store, tagger).withdrawn == 0


def test_what_a_kill_left_untagged_is_tagged_by_the_next_run(store, tagger):
    found = papers(8)
    store.papers.upsert(found)  # killed here
    assert ingest(found[:3], store, tagger).tagged == 3
    assert tag_pending(store, tagger).tagged == 5
    assert tag_pending(store, tagger).tagged == 0


def test_counts_so_far_are_told_and_kept_when_a_feed_breaks_off(store, tagger):
    def breaking():
        yield from papers(6)
        raise OSError("the disk is gone")

    from service.ingest import Tally

    total, told = Tally(), []
    with pytest.raises(OSError, match="gone"):
        ingest(breaking(), store, tagger, batch=2, progress=lambda tally: told.append(tally.new), into=total)
    assert told == [2, 4, 6] and total.new == 6


def test_an_empty_feed_is_no_error(store, tagger):
    assert ingest([], store, tagger).entries == 0


@settings(max_examples=25)
@given(st.data())
def test_the_store_does_not_depend_on_the_order_of_reports(tmp_path_factory, tagger, data):
    """Versions, partial reports and a text that goes back and forth, in any order and any batches."""
    texts = [SUBJECTS, OTHERS, "container keep-alive policies and cold starts"]
    reports = [
        about(data.draw(st.sampled_from(texts)), version=version, id=f"arxiv:2603.0700{number}", categories=categories)
        for number in range(2)
        for version in (None, 1, 2)
        for categories in [(), ("cs.DC",)]
    ]
    stores = []
    for order in (reports, data.draw(st.permutations(reports))):
        with Store.open(":memory:") as store:
            for part in range(0, len(order), size := data.draw(st.integers(1, 12))):
                ingest(order[part : part + size], store, tagger, batch=data.draw(st.integers(1, 5)))
            shown = {one.paper.id: one for one in store.listing.iterate()}
            assert not any(one.stale for one in shown.values())
            stores.append({name: (one.paper, one.withdrawn, answer(one.tagging)) for name, one in shown.items()})
    assert stores[0] == stores[1]


def answer(tagging):
    return tagging.version, tagging.tags, tagging.primary, tagging.digest


def test_the_tagger_names_its_bundle_for_people_and_for_good(loaded):
    name = bundle_id(loaded.name)
    assert name == f"{loaded.name.name}@{loaded.name.version}+{loaded.name.sha256[:16]}"
    assert Tagger.of(loaded).bundle == name


def test_on_postgresql_as_on_sqlite(new_postgres, store, tagger):
    first, second = papers(20), [replace(paper, version=2, title=f"{paper.title}, again") for paper in papers(20)[::3]]
    with Store.open(new_postgres()) as other:
        for place in (store, other):
            assert ingest([*first, *second], place, tagger, source="https://a.example/rss", batch=7).retagged == 7
            assert ingest(second, place, tagger, source="https://b.example/rss").duplicate == 7
        assert contents(other) == contents(store)
