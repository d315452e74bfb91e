"""Verdicts: one word a person and theme, idempotent, silence stays unknown."""

from __future__ import annotations

import pytest

from models.errors import InputError
from service.store import Judgement, PaperFilter, Verdict
from tests.store.samples import START, make_paper

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
