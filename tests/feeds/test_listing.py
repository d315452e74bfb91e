import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.paper import Paper
from service.feeds import Note, Skipped, iter_entries, parse

UPDATED, PUBLISHED = "2026-02-11T08:00:09Z", "2026-01-30T17:45:00Z"
HEADER = "https://arxiv.org/api/Qx7Example+Zk\n2026-02-12T00:00:00Z\n2\n0\n10\n"


def on_lines(name="2602.01234v2", title="Quorum Leases for Geo-Replicated Logs", rest=(), updated=UPDATED):
    abstract = "We revisit leases.\nSee http://arxiv.org/abs/2401.00001v1 for the proof."
    return "\n".join([f"http://arxiv.org/abs/{name}", title, updated, abstract, PUBLISHED, *rest]) + "\n"


def in_a_run(name="2602.01234v2", title="Quorum Leases for Geo-Replicated Logs", rest="", updated=UPDATED):
    abstract = "We revisit leases.\nSee http://arxiv.org/abs/2401.00001v1 for the proof."
    return f"http://arxiv.org/abs/{name}{title}{updated}{abstract}{PUBLISHED}{rest}"


def read(text):
    return list(iter_entries(io.BytesIO(text.encode()), "arxiv-listing"))


def papers(text):
    return [entry for entry in read(text) if isinstance(entry, Paper)]


@pytest.mark.parametrize("write", [on_lines, in_a_run])
def test_both_flavours_give_the_same_paper(write):
    (paper,) = papers(HEADER + write())
    assert (paper.id, paper.version) == ("arxiv:2602.01234", 2)
    assert paper.title == "Quorum Leases for Geo-Replicated Logs"
    assert paper.abstract == "We revisit leases. See http://arxiv.org/abs/2401.00001v1 for the proof."
    assert paper.updated == datetime(2026, 2, 11, 8, 0, 9, tzinfo=UTC)
    assert paper.published == datetime(2026, 1, 30, 17, 45, tzinfo=UTC)


@pytest.mark.parametrize("write", [on_lines, in_a_run])
def test_old_ids_keep_their_archive(write):
    (paper,) = papers(write("hep-th/9901001v3") + "")
    assert (paper.id, paper.version) == ("arxiv:hep-th/9901001", 3)


def test_comment_authors_and_doi_on_lines_are_told_apart():
    rest = ["12 pages, 3 figures", "Ada van der Vane", "Bo Lund", "Chidi N. Okafor", "10.1145/1234.5678"]
    (paper,) = papers(on_lines(rest=rest))
    assert paper.comment == "12 pages, 3 figures"
    assert paper.authors == ("Ada van der Vane", "Bo Lund", "Chidi N. Okafor")
    assert paper.doi == "10.1145/1234.5678"


def test_authors_that_alternate_with_one_affiliation_lose_it():
    (paper,) = papers(on_lines(rest=["Ada Vane", "Umbra", "Bo Lund", "Umbra"]))
    assert paper.authors == ("Ada Vane", "Bo Lund")


@pytest.mark.parametrize(
    "rest",
    [
        ["Ada Vane", "Bo Lund", "Northern Institute of Logs"],
        ["Ada Vane", "Northern Institute of Logs", "Bo Lund"],
        ["12 pages", "Accepted", "Revised twice", "Ada Vane"],
        ["Ada Vane", "Ada Vane", "Bo Lund"],
    ],
)
def test_lines_that_cannot_be_told_apart_stay_in_the_comment_and_are_noted(rest):
    (paper, note) = read(on_lines(rest=rest))
    assert paper.authors == ()
    assert paper.comment == "; ".join(rest)
    assert isinstance(note, Note) and "cannot be told apart" in note.text


def test_a_run_of_comment_and_authors_is_kept_whole_and_noted():
    (paper, note) = read(in_a_run(rest="12 pagesAda VaneBo Lund10.1145/1234.5678"))
    assert (paper.authors, paper.comment, paper.doi) == ((), "12 pagesAda VaneBo Lund", "10.1145/1234.5678")
    assert isinstance(note, Note) and note.text.startswith("1 entry: ")


@pytest.mark.parametrize(
    ("digits", "updated", "version", "title"),
    [
        ("13", PUBLISHED, 1, "3D Sharding"),
        ("23", UPDATED, 2, "3D Sharding"),
        ("12", UPDATED, 12, "D Sharding"),
        ("125", UPDATED, 12, "5D Sharding"),
        ("1", PUBLISHED, 1, "D Sharding"),
    ],
)
def test_a_title_that_begins_with_digits_is_parted_by_the_dates(digits, updated, version, title):
    (paper, *notes) = read(in_a_run(f"2602.01234v{digits}", "D Sharding", updated=updated))
    assert (paper.version, paper.title) == (version, title)
    assert bool(notes) == title.startswith(("3", "5"))


def test_a_title_that_ends_with_digits_does_not_lose_them_to_the_year():
    (paper,) = papers(in_a_run(title="Serving Raft 2"))
    assert paper.title == "Serving Raft 2"


def test_an_entry_without_its_second_time_is_skipped_and_costs_no_neighbour():
    broken = "http://arxiv.org/abs/2602.09999v1Half an Entry2026-02-11T08:00:09ZIts abstract goes on"
    first, skipped, last = read(in_a_run() + broken + in_a_run("2602.01111v1"))[:3]
    assert (first.id, last.id) == ("arxiv:2602.01234", "arxiv:2602.01111")
    assert isinstance(skipped, Skipped) and skipped.id == "arxiv:2602.09999" and "two times" in skipped.reason


def test_an_abstract_may_end_with_a_url_and_version_that_touches_the_date():
    text = in_a_run().replace(" for the proof.", "")
    (paper,) = papers(text)
    assert paper.abstract.endswith("http://arxiv.org/abs/2401.00001v1")
    assert paper.published == datetime(2026, 1, 30, 17, 45, tzinfo=UTC)


def test_a_url_alone_on_a_line_of_an_abstract_is_no_entry():
    text = on_lines().replace("See http://arxiv.org/abs/2401.00001v1 for", "http://arxiv.org/abs/2401.00001v1\nfor")
    assert [paper.id for paper in papers(text + on_lines("2602.01111v1"))] == ["arxiv:2602.01234", "arxiv:2602.01111"]


def test_a_title_may_begin_with_a_quotation_mark():
    text = in_a_run(rest="Ada Vane") + in_a_run("2602.01111v1", '"Why Logs?" Revisited')
    assert [paper.title for paper in papers(text)][1] == '"Why Logs?" Revisited'


def test_a_time_inside_an_abstract_is_noted_and_does_not_cut_it():
    text = in_a_run().replace("for the proof", "measured 2026-02-10T00:00:00Z and 2026-01-01T00:00:00Z")
    (paper, note) = read(text)
    assert paper.abstract.endswith("and 2026-01-01T00:00:00Z.")
    assert "time inside the text" in note.text


def test_an_empty_listing_is_a_note():
    feed = parse(HEADER.encode())
    assert (feed.format, feed.papers) == ("arxiv-listing", ())
    assert feed.notes == ("empty result: the feed holds no entries",)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9), st.booleans()), min_size=1, max_size=40))
def test_listings_of_any_length_and_mixture_come_back_in_order(shapes):
    """Entries of both flavours, new and old ids, across the reader's own block boundaries."""
    text, expected = HEADER, []
    for place, (lines, version, old) in enumerate(shapes):
        name = f"quant-ph/{9901001 + place}" if old else f"2602.{10000 + place}"
        text += "\n" + on_lines(f"{name}v{version}") if lines else in_a_run(f"{name}v{version}", rest="Ada Vane")
        expected.append((f"arxiv:{name}", version))
    assert [(paper.id, paper.version) for paper in papers(text)] == expected


def test_a_long_listing_crosses_the_blocks_it_is_read_in():
    text = HEADER + "".join(in_a_run(f"2602.{10000 + place}v1", "A Title " + "x" * place) for place in range(9000))
    assert [paper.id for paper in papers(text)] == [f"arxiv:2602.{10000 + place}" for place in range(9000)]


def test_an_endless_entry_is_skipped_and_reading_goes_on():
    text = in_a_run() + "http://arxiv.org/abs/2602.05555v1Endless" + "word " * 1_300_000 + in_a_run("2602.07777v1")
    found = read(text)
    assert any(isinstance(entry, Skipped) and "too large" in entry.reason for entry in found)
    assert found[-2].id == "arxiv:2602.07777" if isinstance(found[-1], Note) else found[-1].id == "arxiv:2602.07777"
