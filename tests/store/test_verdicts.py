"""Verdicts: one word a person and theme, idempotent, silence stays unknown."""

from __future__ import annotations

import pytest

from models.errors import InputError
from service.store import Judgement, PaperFilter, Verdict
from tests.store.samples import START, make_paper, make_tagging

ID = make_paper(1).id
YES, NO, UNSURE = Judgement.ACCEPT, Judgement.REJECT, Judgement.UNSURE


@pytest.fixture(autouse=True)
def papers(store):
    store.papers.upsert([make_paper(1), make_paper(2)])


def test_saving_twice_changes_nothing(store, clock):
    given = [Verdict(ID, "consensus", YES, "ana", "clear"), Verdict(ID, "kv-cache", NO, "ana")]
    assert store.verdicts.save(given) == (2, ())
    clock.move(days=1)
    before = store.papers.revision()
    assert store.verdicts.save(given) == (0, ())
    assert store.papers.revision() == before
    assert [(v.theme, v.judgement, v.note, v.time) for v in store.verdicts.of(ID)] == [
        ("consensus", YES, "clear", START),
        ("kv-cache", NO, "", START),
    ]


def test_a_later_word_replaces_the_earlier_one(store, clock):
    store.verdicts.save([Verdict(ID, "consensus", YES, "ana")])
    later = clock.move(days=1)
    assert store.verdicts.save([Verdict(ID, "consensus", NO, "ana")]) == (1, ())
    (verdict,) = store.verdicts.of(ID)
    assert (verdict.judgement, verdict.time) == (NO, later)
    assert list(store.verdicts.since(later)) == [verdict]
    assert list(store.verdicts.since(later.replace(year=2030))) == []


def test_the_last_of_several_in_a_batch_counts(store):
    store.verdicts.save([Verdict(ID, "consensus", YES, "ana"), Verdict(ID, "consensus", UNSURE, "ana")])
    assert [verdict.judgement for verdict in store.verdicts.of(ID)] == [UNSURE]


def test_only_majorities_are_settled(store):
    store.verdicts.save(
        [
            Verdict(ID, "consensus", YES, "ana"),
            Verdict(ID, "consensus", YES, "bo"),
            Verdict(ID, "consensus", NO, "cy"),
            Verdict(ID, "kv-cache", YES, "ana"),
            Verdict(ID, "kv-cache", NO, "bo"),
            Verdict(ID, "gpu-kernels", UNSURE, "ana"),
            Verdict(make_paper(2).id, "kv-cache", NO, "ana"),
        ]
    )
    assert store.verdicts.settled() == {ID: {"consensus": True}, make_paper(2).id: {"kv-cache": False}}


def test_a_word_taken_back_is_unknown_again(store):
    store.verdicts.save([Verdict(ID, "consensus", YES, "ana")])
    assert store.verdicts.take_back(ID, "consensus", "ana")
    assert not store.verdicts.take_back(ID, "consensus", "ana")
    assert not store.verdicts.take_back("nobody", "consensus", "ana")
    assert store.verdicts.settled() == {}
    assert store.listing.count(PaperFilter(reviewed=True)) == 0


def test_unknown_papers_are_given_back_and_the_others_saved(store):
    number, refused = store.verdicts.save([Verdict("nobody", "a", YES, "ana"), Verdict(ID, "a", YES, "ana")])
    assert number == 1 and refused[0].id == "nobody"


@pytest.mark.parametrize(("theme", "who"), [("", "ana"), ("a", "")])
def test_a_verdict_needs_a_theme_and_a_person(store, theme, who):
    with pytest.raises(InputError, match="needs both"):
        store.verdicts.save([Verdict(ID, "ok", YES, "ana"), Verdict(ID, theme, YES, who)])
    assert store.verdicts.of(ID) == ()


def test_notes_hold_what_databases_can(store):
    store.verdicts.save([Verdict(ID, "consensus", YES, "ana", "a\x00b\ud800c")])
    assert store.verdicts.of(ID)[0].note == "abc"
    assert store.verdicts.save([Verdict(ID, "consensus", YES, "ana", "a\x00b\ud800c")]) == (0, ())


class TestCorrections:
    @pytest.fixture(autouse=True)
    def tagged(self, store):
        store.taggings.save([make_tagging(make_paper(n), ("consensus", 0.9), ("kv-cache", 0.6)) for n in (1, 2)])

    def shown(self, store):
        return [(tag.theme, tag.probability, tag.source) for tag in store.papers.get(ID).tagging.tags]

    def listed(self, store, theme):
        return [item.paper.id for item in store.listing.page(PaperFilter(any_of=(theme,))).items]

    def test_listings_follow_at_once(self, store):
        store.verdicts.save([Verdict(ID, "consensus", NO, "ana"), Verdict(ID, "gpu-kernels", YES, "ana")])
        assert self.shown(store) == [("gpu-kernels", 1.0, "person"), ("kv-cache", 0.6, "model")]
        assert self.listed(store, "consensus") == [make_paper(2).id]
        assert self.listed(store, "gpu-kernels") == [ID]
        assert store.listing.theme_facet() == {"kv-cache": 2, "consensus": 1, "gpu-kernels": 1}
        assert store.listing.count(PaperFilter(primary=("gpu-kernels",))) == 1
        assert store.check() == []

    def test_a_new_answer_does_not_undo_them(self, store):
        store.verdicts.save([Verdict(ID, "consensus", NO, "ana"), Verdict(ID, "gpu-kernels", YES, "ana")])
        later = make_tagging(make_paper(1), ("consensus", 0.99), ("moe-training", 0.5), bundle="themes-2")
        assert store.taggings.preview([later]).themes.keys() == {"kv-cache", "moe-training"}
        store.taggings.save([later])
        assert self.shown(store) == [("gpu-kernels", 1.0, "person"), ("moe-training", 0.5, "model")]
        assert self.listed(store, "consensus") == [make_paper(2).id]

    def test_taking_them_back_brings_back_the_answer(self, store):
        before = self.shown(store)
        store.verdicts.save([Verdict(ID, "consensus", NO, "ana"), Verdict(ID, "kv-cache", NO, "ana")])
        assert self.shown(store) == []
        store.verdicts.take_back(ID, "consensus", "ana")
        store.verdicts.take_back(ID, "kv-cache", "ana")
        assert self.shown(store) == before
        assert len(self.listed(store, "consensus")) == 2
        assert [len(tagging.tags) for tagging in store.taggings.history(ID)] == [2], "the model's answer as it was"

    def test_a_paper_judged_before_it_was_tagged(self, store):
        store.papers.upsert([make_paper(3)])
        store.verdicts.save([Verdict(make_paper(3).id, "serverless", YES, "ana")])
        assert store.papers.get(make_paper(3).id).tagging is None
        assert store.check() == []
        store.taggings.save([make_tagging(make_paper(3), ("consensus", 0.9))])
        assert self.listed(store, "serverless") == [make_paper(3).id]

    def test_reviews_know_the_answers_of_every_model(self, store):
        store.verdicts.save([Verdict(ID, "consensus", YES, "ana"), Verdict(ID, "kv-cache", NO, "ana")])
        store.taggings.save([make_tagging(make_paper(1), ("moe-training", 0.9), bundle="themes-2")])
        assert store.verdicts.reviews([ID, "nobody"]) == store.verdicts.reviews()
        assert store.verdicts.reviews()[ID].labels == ("consensus",)


def test_a_person_s_whole_word_replaces_what_they_said(store):
    other = make_paper(2).id
    store.verdicts.save([Verdict(ID, "consensus", YES, "ana"), Verdict(ID, "kv-cache", YES, "bo")])
    store.verdicts.save([Verdict(other, "consensus", YES, "ana")])
    whole = {(ID, "ana"): [Verdict(ID, "gpu-kernels", YES, "ana")], (other, "ana"): [], ("nobody", "ana"): []}
    assert store.verdicts.replace(whole) == 3
    revision = store.papers.revision()
    assert store.verdicts.replace(whole) == 0
    assert store.papers.revision() == revision
    assert [(v.theme, v.who) for v in store.verdicts.since()] == [("gpu-kernels", "ana"), ("kv-cache", "bo")]
    with pytest.raises(InputError, match="another paper or person"):
        store.verdicts.replace({(ID, "ana"): [Verdict(ID, "gpu-kernels", YES, "bo")]})


def test_everything_that_a_person_said_can_be_forgotten(store):
    other = make_paper(2).id
    store.verdicts.save([Verdict(ID, "a", YES, "ana"), Verdict(other, "a", NO, "ana"), Verdict(other, "b", NO, "bo")])
    assert store.verdicts.forget("ana") == 2
    assert store.verdicts.forget("ana") == 0
    assert store.verdicts.settled() == {other: {"b": False}}
