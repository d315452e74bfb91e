"""The shown paper is a function of the set of reports, never of their order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.paper import Paper
from service.store.folding import MAX_ID_BYTES, joined, refusal, report_key, shown, storable

DAY = datetime(2026, 3, 2, tzinfo=UTC)
TEXTS = ("", "We cut checkpoint time in half.", "We cut  checkpoint time\nin half.", "A protocol for slow links.")
reports = st.builds(
    Paper,
    id=st.just("arxiv:2603.00007"),
    title=st.sampled_from(("", "Snapshots", "Snapshots at scale")),
    abstract=st.sampled_from(TEXTS),
    version=st.sampled_from((None, 1, 2)),
    authors=st.sampled_from(((), ("L. Brandt",), ("Lena Brandt", "Ola Ek"))),
    categories=st.sampled_from(((), ("cs.DC",), ("cs.OS", "cs.DC"))),
    published=st.sampled_from((None, DAY, DAY + timedelta(hours=9))),
    updated=st.sampled_from((None, DAY, DAY + timedelta(days=3))),
    url=st.sampled_from(("", "http://x.example/7", "https://x.example/7")),
    comment=st.sampled_from(("", "9 pages", "9 pages, 4 figures")),
    doi=st.sampled_from(("", "10.1000/7")),
)


def joined_by_key(papers: list[Paper]) -> dict[bytes, Paper]:
    found: dict[bytes, Paper] = {}
    for paper in papers:
        key = report_key(paper, paper.digest)
        found[key] = joined(found[key], paper) if key in found else paper
    return found


@given(st.lists(reports, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(papers, random):
    once = joined_by_key(papers)
    again = [*papers, *papers]
    random.shuffle(again)
    twice = joined_by_key(again)
    assert once == twice
    assert shown(once.values()) == shown(twice.values())


@given(reports, reports)
def test_joining_is_commutative_and_idempotent_for_one_key(one, other):
    if report_key(one, one.digest) == report_key(other, other.digest):
        assert joined(one, other) == joined(other, one)
    assert joined(one, one) == one


@given(st.lists(reports, min_size=1, max_size=6))
def test_the_newest_version_is_shown_and_nothing_known_is_left_empty(papers):
    best = shown(joined_by_key(papers).values())
    assert (best.version or 0) == max(paper.version or 0 for paper in papers)
    for name in ("title", "abstract", "authors", "categories", "url", "doi"):
        assert bool(getattr(best, name)) == any(getattr(paper, name) for paper in papers)
    assert set(best.categories) == {name for paper in papers for name in paper.categories}


@given(reports)
def test_showing_a_single_report_changes_nothing(paper):
    assert shown([paper]) == paper


def test_the_text_of_the_newest_version_wins_over_a_longer_old_one():
    old = Paper(id="a", title="Snapshots", abstract="A long first abstract about snapshots.", version=1)
    new = Paper(id="a", title="Snapshots", abstract="Shorter.", version=2)
    assert shown([old, new]).abstract == "Shorter."


def test_the_later_update_wins_where_no_source_counts_versions():
    old = Paper(id="a", title="Snapshots", abstract="A long first abstract.", updated=DAY)
    new = Paper(id="a", title="Snapshots", abstract="Edited.", updated=DAY + timedelta(days=1))
    assert shown([new, old]).abstract == shown([old, new]).abstract == "Edited."


def test_reports_that_differ_in_white_space_are_one():
    one = Paper(id="a", title="Snapshots", abstract="We cut  checkpoint\ntime.")
    other = Paper(id="a", title="Snapshots", abstract="We cut checkpoint time.")
    assert report_key(one, one.digest) == report_key(other, other.digest)
    assert joined(one, other).abstract == "We cut checkpoint time."


plain = st.text(st.characters(exclude_characters="&<>\\{}$"))


@given(plain, plain)
@settings(max_examples=60)
def test_any_text_can_be_stored_and_keeps_its_digest(title, abstract):
    dirty = Paper(id="a", title=f"x\x00{title}\ud800", abstract=abstract)
    kept = storable(dirty)
    assert kept.title.encode("utf-8").startswith(b"x")
    assert "\x00" not in kept.title + kept.abstract
    assert kept.digest == dirty.digest


def test_dates_become_utc_and_categories_lose_repetitions():
    east = timezone(timedelta(hours=9))
    paper = storable(
        Paper(id="a", published=datetime(2026, 3, 2, 9, tzinfo=east), categories=("cs.DC", "cs.OS", "cs.DC"))
    )
    assert paper.published == DAY and paper.published.tzinfo is UTC
    assert paper.categories == ("cs.DC", "cs.OS")
    assert storable(Paper(id="a", updated=datetime(2026, 3, 2))).updated == DAY


@pytest.mark.parametrize("bad", ["", " ", "x" * (MAX_ID_BYTES + 1)])
def test_ids_that_cannot_be_kept_are_refused_with_a_reason(bad):
    assert "id" in refusal(Paper(id=bad))


def test_ordinary_papers_are_not_refused():
    assert refusal(Paper(id="arxiv:quant-ph/0201082")) == ""
