"""What verdicts come to: majorities, completeness, labels, and the tags that are shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.store import Judgement
from service.store.records import StoredTag
from service.store.reviews import OTHERS, PERSON, Review, Word, corrected, review
from tests.store.samples import make_paper, make_tagging

YES, NO, UNSURE = Judgement.ACCEPT, Judgement.REJECT, Judgement.UNSURE
THEMES = ("consensus", "kv-cache", "gpu-kernels")
PAPER = make_paper(1)

words = st.dictionaries(
    st.tuples(st.sampled_from((*THEMES, OTHERS)), st.sampled_from(("ana", "bo", "cy"))), st.sampled_from(Judgement)
).map(lambda said: [Word(theme, who, judgement) for (theme, who), judgement in said.items()])
answers = st.lists(st.sets(st.sampled_from(THEMES)), max_size=3)
taggings = st.dictionaries(st.sampled_from(THEMES), st.floats(0, 1)).map(
    lambda tags: make_tagging(PAPER, *sorted(tags.items(), key=lambda tag: -tag[1]))
)


def test_themes_nobody_mentions_are_unknown_until_the_tags_are_called_complete():
    one = [Word("consensus", "ana", YES)]
    assert review(one).labels is None
    assert review([*one, Word(OTHERS, "ana", NO)]).labels == ("consensus",)
    assert review([Word(OTHERS, "ana", NO)]).labels == (), "a paper without any theme is known too"
    assert review([*one, Word(OTHERS, "ana", UNSURE)]).labels is None


def test_a_paper_is_known_once_every_tag_of_an_answer_is_judged():
    said = [Word("consensus", "ana", YES), Word("kv-cache", "bo", NO)]
    assert review(said, [{"consensus", "kv-cache"}]).labels == ("consensus",)
    assert review(said, [{"consensus", "gpu-kernels"}]).labels is None
    assert review(said, [{"consensus", "gpu-kernels"}, {"kv-cache"}]).labels == ("consensus",), "an earlier answer"
    assert review(said, [set()]).labels is None, "an answer without tags says nothing about the paper"


def test_who_calls_tags_complete_rejects_what_others_mention():
    said = [Word("consensus", "ana", YES), Word(OTHERS, "ana", NO), Word("kv-cache", "bo", YES)]
    found = review(said)
    assert (found.settled, found.open, found.labels) == ({"consensus": True}, {"kv-cache"}, None)
    assert review([*said, Word("kv-cache", "cy", YES)]).labels == ("consensus", "kv-cache")


@given(words, answers)
def test_labels_are_the_themes_accepted_and_never_come_from_open_questions(said, given_answers):
    found = review(said, given_answers)
    mentioned = {word.theme for word in said} - {OTHERS}
    assert set(found.settled) | found.open == mentioned
    assert not set(found.settled) & found.open
    if found.labels is not None:
        assert not found.open
        assert set(found.labels) == {theme for theme, fits in found.settled.items() if fits}
    assert review(reversed(said), given_answers) == found


@given(taggings, words)
def test_what_is_shown_follows_people(tagging, said):
    found = review(said)
    shown = corrected(tagging, found)
    themes = [tag.theme for tag in shown.tags]
    assert len(set(themes)) == len(themes)
    assert {theme for theme, fits in found.settled.items() if fits} <= set(themes)
    assert not {theme for theme, fits in found.settled.items() if not fits} & set(themes)
    assert [tag for tag in shown.tags if tag.source != PERSON] == [
        tag
        for tag in tagging.tags
        if tag.theme not in found.settled and (not found.complete or tag.theme in found.open)
    ]
    assert shown.primary in (*themes, "")
    assert bool(shown.primary) == bool(themes)
    assert [tag.probability for tag in shown.tags] == sorted((t.probability for t in shown.tags), reverse=True)
    assert corrected(shown, found) == shown


def test_without_verdicts_the_answer_is_the_model_s():
    tagging = make_tagging(PAPER, ("consensus", 0.9), ("kv-cache", 0.6))
    assert corrected(tagging, None) is tagging
    assert corrected(tagging, Review({})) == tagging


def test_a_primary_theme_that_was_rejected_gives_way():
    tagging = make_tagging(PAPER, ("consensus", 0.9), ("kv-cache", 0.6))
    shown = corrected(tagging, review([Word("consensus", "ana", NO), Word("gpu-kernels", "ana", YES)]))
    assert shown.tags == (StoredTag("gpu-kernels", 1.0, PERSON), StoredTag("kv-cache", 0.6))
    assert shown.primary == "gpu-kernels"


def test_an_abstention_ends_with_the_first_tag_of_a_person():
    shown = corrected(make_tagging(PAPER), review([Word("consensus", "ana", YES)]))
    assert (shown.abstained, shown.primary) == (False, "consensus")
