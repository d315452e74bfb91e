"""Label problems: each kind told in one line with its lines, and taken out as told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import LabelError
from models.paper import Paper
from tests.tiny import tiny_papers, tiny_taxonomy
from training.dataset import LabelledPaper
from training.validate import usable, validate

TAXONOMY = tiny_taxonomy()


def _paper(number: int, themes: tuple[str, ...] = ("consensus",), **fields: object) -> LabelledPaper:
    text = {"title": f"Replicated logs, part {number}", "abstract": f"How {number} replicas agree on an order."}
    paper = Paper(**{"id": f"own:{number}", **text, **fields})  # type: ignore[arg-type]
    return LabelledPaper(paper, themes, line=number)


def _clean(first: int = 100) -> list[LabelledPaper]:
    """Three papers of each theme."""
    return [_paper(first + 3 * n + m, (theme,)) for n, theme in enumerate(TAXONOMY.ids) for m in range(3)]


def _kinds(report) -> list[str]:
    return [finding.kind for finding in report.findings]


def _only(report, kind: str):
    (finding,) = report.findings
    assert finding.kind == kind
    return finding


def test_clean_labels_have_no_findings():
    report = validate(_clean(), _clean(200), TAXONOMY)
    assert report.findings == ()
    assert report.support["consensus"] == (3, 3)
    assert report.summary() == "15 training and 15 dev papers: 0 errors, 0 warnings, 0 papers left out"
    assert usable(report, _clean(), _clean(200), strict=True) == (_clean(), _clean(200))


def test_an_unknown_theme_is_told_once_with_a_suggestion_and_all_its_lines():
    bad = [_paper(n, ("concensus", "gpu-kernels")) for n in range(1, 8)]
    report = validate([*_clean(), *bad], [], TAXONOMY)
    finding = _only(report, "unknown_theme")
    assert finding.severity == "error"
    assert finding.message == (
        "train lines 1, 2, 3, 4, 5 and 2 more: unknown theme 'concensus'; did you mean consensus?"
    )
    assert usable(report, [*_clean(), *bad], []) == (_clean(), [])


def test_contradictory_labels_are_not_used_at_all():
    train = [*_clean(), _paper(1, ("consensus",)), _paper(1, ("serverless",))]
    report = validate(train, [], TAXONOMY)
    finding = _only(report, "conflicting_id")
    assert finding.message.startswith("train lines 1, 1: id 'own:1' occurs 2 times with different themes")
    assert usable(report, train, [])[0] == _clean()


def test_the_same_text_under_two_ids_with_other_labels_is_an_error():
    twin = _paper(2, ("serverless",), title="REPLICATED logs: part 1", abstract="How 1 replicas agree on an order")
    train = [*_clean(), _paper(1), twin]
    finding = _only(validate(train, [], TAXONOMY), "conflicting_text")
    assert "train lines 1, 2" in finding.message


def test_a_repeated_paper_is_used_once_and_theme_order_is_no_conflict():
    train = [*_clean(), _paper(1, ("consensus", "serverless")), _paper(1, ("serverless", "consensus"))]
    report = validate(train, [], TAXONOMY)
    assert _only(report, "repeated_id").severity == "warning"
    assert usable(report, train, [])[0] == train[:-1]


_TWIN = _paper(2, title="Replicated logs, part 1", abstract="How 1 replicas agree on an order.")


@pytest.mark.parametrize("leak", [_paper(1), _TWIN])
def test_a_training_paper_among_the_dev_papers_leaves_training(leak):
    train, dev = [*_clean(), leak], [*_clean(200), _paper(1)]
    report = validate(train, dev, TAXONOMY)
    assert [f.kind.split("_")[0] for f in report.findings] == ["leaked"]
    assert usable(report, train, dev) == (_clean(), dev)


def test_a_near_duplicate_across_splits_leaves_training():
    words = " ".join(f"and the token{n}" for n in range(30))
    train, dev = [*_clean(), _paper(1, abstract=words)], [*_clean(200), _paper(2, abstract=f"{words} revised")]
    report = validate(train, dev, TAXONOMY)
    finding = _only(report, "near_duplicate")
    assert "train line 1, dev line 2: own:1 and own:2 share 9" in finding.message
    assert usable(report, train, dev) == (_clean(), dev)


def test_texts_that_serving_refuses_are_told_and_empty_ones_taken_out():
    odd = [
        _paper(1, title=" ", abstract="$$"),
        _paper(2, title="Raft", abstract=""),
        _paper(3, title="Über Einigung", abstract="Wir zeigen, wie sich Rechner einig werden, auch wenn einige lügen."),
    ]
    train = [*_clean(), *odd]
    report = validate(train, [], TAXONOMY)
    assert _kinds(report) == ["text_no_text", "text_too_short", "text_not_english"]
    assert [f.severity for f in report.findings] == ["error", "warning", "warning"]
    assert usable(report, train, [])[0] == [*_clean(), *odd[1:]]


def test_a_theme_twice_in_one_paper_counts_once():
    train = [*_clean(), _paper(1, ("consensus", "consensus"))]
    report = validate(train, [], TAXONOMY)
    assert _only(report, "repeated_theme").message == "train line 1: a theme stands twice in one paper; it counts once"
    assert report.support["consensus"] == (4, 0)
    assert usable(report, train, [])[0][-1].themes == ("consensus",)


def test_rare_themes_are_told_by_how_many_papers_they_have():
    train = [paper for paper in _clean() if paper.themes != ("serverless",)][:-1]
    messages = [f.message for f in validate(train, [], TAXONOMY).findings]
    assert messages == [
        "theme 'gpu-kernels' has 2 papers to learn from: label at least 3, better 50",
        "theme 'serverless' has no paper to learn from: label at least 3, better 50",
    ]


def test_overlapping_dates_are_told_by_month():
    train = [*_clean(), _paper(1, id="arxiv:2603.00001"), _paper(2, id="arxiv:2604.00001")]
    dev = [*_clean(200), _paper(3, published=datetime(2026, 3, 9, tzinfo=UTC))]
    finding = _only(validate(train, dev, TAXONOMY), "dates_overlap")
    assert finding.message.startswith("training papers reach to 2026-04, dev papers begin in 2026-03: 1 training")
    assert "dates_overlap" not in _kinds(validate(train[:-1], dev, TAXONOMY))


def test_strict_refuses_with_every_error_and_unusable_splits_always():
    bad = [_paper(1, ("concensus",)), _paper(2, title="", abstract="")]
    report = validate([*_clean(), *bad], [], TAXONOMY)
    with pytest.raises(LabelError, match="2 errors") as caught:
        usable(report, [*_clean(), *bad], [], strict=True)
    assert len(caught.value.details) == 2
    with pytest.raises(LabelError, match="none of 2 dev papers"):
        usable(validate(_clean(), bad, TAXONOMY), _clean(), bad)


def test_long_lists_are_cut_and_say_so():
    bad = [_paper(n, (f"odd-{n}",)) for n in range(30)]
    lines = validate([*_clean(), *bad], [], TAXONOMY).lines(limit=4)
    assert len(lines) == 5
    assert lines[-1] == "... and 26 more: unknown theme"
    assert all("\n" not in line for line in lines)


def test_nothing_at_all_is_reported_without_complaint():
    report = validate([], [], TAXONOMY)
    assert (report.findings, report.train, report.dev) == ((), 0, 0)
    assert usable(report, [], []) == ([], [])


_THEMES = st.lists(st.sampled_from([*TAXONOMY.ids, "odd", ""]), max_size=3).map(tuple)
_TEXTS = st.sampled_from(["", "Raft", "Raft made simple once more", "\x00", "Über Einigung unter Rechnern im Netz"])


@st.composite
def _splits(draw):
    def paper():
        ids = st.sampled_from(["own:1", "own:2", "arxiv:2603.00001", "arxiv:2604.00001"])
        return LabelledPaper(Paper(draw(ids), draw(_TEXTS), draw(_TEXTS)), draw(_THEMES))

    return [[paper() for _ in range(draw(st.integers(0, 5)))] for _ in range(2)]


@given(_splits())
@settings(max_examples=60)
def test_what_is_left_has_no_errors(splits):
    train, dev = splits
    report = validate(train, dev, TAXONOMY)
    assert report.to_json()["dropped"] == len(report.dropped)
    try:
        kept = usable(report, train, dev)
    except LabelError:
        return
    again = validate(*kept, TAXONOMY)
    assert again.errors == ()
    assert again.dropped == frozenset()
    assert {f.kind for f in again.findings} <= {"rare_theme", "dates_overlap", "text_too_short", "text_not_english"}


def test_two_thousand_papers_are_checked_in_seconds():
    report = validate(tiny_papers(1500, 1), tiny_papers(500, 2), TAXONOMY)
    assert report.train == 1500
