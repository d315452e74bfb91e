import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.feeds.bare_names import authors_among, reads_as_name


@pytest.mark.parametrize(
    "line",
    [
        "Ada Vane",
        "Ada M. Vane-Lund",
        "Bo van der Lund",
        "Seán O'Dea",
        "María José de la Vega",
        "K. R. Ito",
        "Jean-Luc d'Arc",
        "王 小明",
        "Kim McDonald",
        "Bo Lund Jr.",
    ],
)
def test_names_read_as_names(line):
    assert reads_as_name(line)


@pytest.mark.parametrize(
    "line",
    [
        "12 pages",
        "Work in progress",
        "Technical Report",
        "Accepted at the Workshop on Logs",
        "Umbra",
        "Northern University",
        "Log Systems Inc.",
        "submitted",
        "Ada Vane, Bo Lund",
        "Ada Vane (Umbra)",
        "Proc. LOGS",
        "van der",
        "",
    ],
)
def test_comments_and_affiliations_do_not(line):
    assert not reads_as_name(line)


@pytest.mark.parametrize(
    ("lines", "comment", "authors"),
    [
        (["Ada Vane", "Bo Lund"], [], ("Ada Vane", "Bo Lund")),
        (["12 pages", "Logs 3, 4 (2026)", "Ada Vane"], ["12 pages", "Logs 3, 4 (2026)"], ("Ada Vane",)),
        (["Ada Vane", "Umbra", "Bo Lund", "Log Labs"], [], ("Ada Vane", "Bo Lund")),
        (["Ada Vane", "Log House", "Bo Lund", "Log House"], [], ("Ada Vane", "Bo Lund")),
    ],
)
def test_authors_are_told_where_they_can_be(lines, comment, authors):
    assert authors_among(lines) == (comment, authors)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["12 pages"],
        ["12 pages", "Umbra"],
        ["Ada Vane", "Umbra", "Bo Lund"],
        ["Ada Vane", "Bo Lund", "Umbra", "Log Labs"],
        ["12 pages", "v2", "v3", "Ada Vane"],
    ],
)
def test_in_doubt_every_line_is_given_back_and_no_author(lines):
    assert authors_among(lines) == (lines, ())


@given(st.lists(st.sampled_from(["Ada Vane", "Bo Lund", "Umbra", "12 pages", "Log House", ""]), max_size=8))
def test_no_line_is_lost(lines):
    comment, authors = authors_among(lines)
    assert set(comment) | set(authors) <= set(lines)
    assert authors or comment == lines
