"""After a promotion: the change shown first, then only what an older bundle tagged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tagging import TagOptions
from service.ingest import Tagger, ingest, preview, retag
from service.ingest.retag import joined
from service.store import Gain, Need, TagChanges
from tests.ingest.samples import papers


@pytest.fixture
def promoted(loaded):
    """The same small bundle under another name and a higher threshold: some tags go."""
    options = TagOptions(profile="fast", min_probability=0.9)
    return Tagger("tiny@2+0000000000000000", lambda batch: loaded.tag(batch, options))


@pytest.fixture
def stored(store, tagger):
    ingest(papers(1200), store, tagger)
    return store


def test_the_preview_says_what_would_change_and_changes_nothing(stored, tagger, promoted):
    before = stored.papers.revision()
    shown = preview(stored, promoted)
    assert (shown.papers, shown.total) == (1200, 1200)
    assert shown.changes.changed + shown.changes.unchanged == 1200 and shown.changes.changed > 0
    assert stored.papers.revision() == before and stored.taggings.bundles() == {tagger.bundle: 1200}
    done = retag(stored, promoted)
    assert done.changes == shown.changes
    assert stored.taggings.bundles() == {promoted.bundle: 1200}


def test_the_change_is_counted_by_theme_with_examples(stored, promoted):
    tags = {one.paper.id: {tag.theme for tag in one.tagging.tags} for one in stored.listing.iterate()}
    done = retag(stored, promoted)
    after = {one.paper.id: {tag.theme for tag in one.tagging.tags} for one in stored.listing.iterate()}
    for theme, gain in done.changes.themes.items():
        lost = [name for name in tags if theme in tags[name] - after[name]]
        won = [name for name in tags if theme in after[name] - tags[name]]
        assert (gain.removed, gain.added) == (len(lost), len(won))
        assert set(gain.removed_examples) <= set(lost) and len(gain.removed_examples) == min(5, len(lost))
    assert any(gain.removed for gain in done.changes.themes.values())


def test_only_what_an_older_bundle_tagged_is_tagged_anew(stored, tagger, promoted):
    fresh = papers(4, seed=50)
    ingest(fresh[:2], stored, promoted)
    stored.papers.upsert(fresh[2:])  # without tags: not the business of a re-tag
    assert retag(stored, promoted).papers == 1200
    assert stored.taggings.count_outdated(promoted.bundle, needs=[Need.UNTAGGED]) == 2
    assert retag(stored, promoted).papers == 0


def test_it_goes_on_where_it_was_stopped(stored, promoted):
    assert retag(stored, promoted, limit=700).papers == 700

    def stopping(far):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retag(stored, promoted, progress=stopping)
    assert stored.taggings.count_outdated(promoted.bundle, needs=[Need.OLD_BUNDLE]) == 0
    assert preview(stored, promoted).total == 0


def test_a_limit_is_kept_and_progress_is_told(stored, promoted):
    told = []
    done = preview(stored, promoted, limit=600, progress=lambda far: told.append((far.papers, far.total)))
    assert done.papers == 600 and told == [(512, 600), (600, 600)]


def test_earlier_answers_stay_in_the_history(stored, tagger, promoted):
    retag(stored, promoted)
    history = stored.taggings.history(papers(1)[0].id)
    assert [one.bundle for one in history] == [promoted.bundle, tagger.bundle]


GAINS = st.builds(
    Gain,
    st.integers(0, 9),
    st.integers(0, 9),
    st.lists(st.text(max_size=3), max_size=5).map(tuple),
    st.lists(st.text(max_size=3), max_size=5).map(tuple),
)
CHANGES = st.builds(
    TagChanges, st.integers(0, 9), st.integers(0, 9), st.dictionaries(st.sampled_from("abc"), GAINS, max_size=3)
)


@given(CHANGES, CHANGES, CHANGES)
def test_changes_of_parts_add_up_however_they_are_grouped(a, b, c):
    assert joined(joined(a, b), c) == joined(a, joined(b, c))
    total = joined(a, b)
    for theme, gain in total.themes.items():
        parts = [one.themes[theme] for one in (a, b) if theme in one.themes]
        assert gain.added == sum(part.added for part in parts)
