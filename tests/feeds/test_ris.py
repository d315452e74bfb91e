import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FeedError
from models.paper import Paper
from service.feeds import iter_entries, parse
from service.feeds.entries import MAX_ENTRY_BYTES

RECORD = """TY  - JOUR
TI  - Quorum leases
AU  - Vane, Ada
AU  - Lund, Bo, Jr.
AB  - We revisit leases
 for logs.
AI - powered is the middle of this abstract.
PY  - 2026
DA  - 2026/02/03/
DO  - 10.1000/Leases.1
UR  - https://journal.example/leases
KW  - logs
N1  - in press
ER  -
"""


def read(text):
    return parse(text.encode(), "ris")


def test_a_record_is_read_field_by_field():
    feed = parse(RECORD.encode())
    assert feed.format == "ris"
    assert feed.papers == (
        Paper(
            id="doi:10.1000/leases.1",
            title="Quorum leases",
            abstract="We revisit leases for logs. AI - powered is the middle of this abstract.",
            authors=("Ada Vane", "Bo Lund Jr."),
            published=datetime(2026, 2, 3, tzinfo=UTC),
            url="https://journal.example/leases",
            comment="in press",
            doi="10.1000/Leases.1",
        ),
    )


@pytest.mark.parametrize(
    ("record", "field", "expected"),
    [
        ("TY  - JOUR\nT1  - Leases\nN2  - We log.\nER  - ", "abstract", "We log."),
        ("TY  - JOUR\nT1  - Leases\nA1  - Vane, Ada\nER  - ", "authors", ("Ada Vane",)),
        ("TY  - JOUR\nT1  - Leases\nY1  - 2026//\nER  - ", "published", datetime(2026, 1, 1, tzinfo=UTC)),
        ("TY  - JOUR\nT1  - Leases\nPY  - 2026/02//spring\nER  - ", "published", datetime(2026, 2, 1, tzinfo=UTC)),
        ("TY  - JOUR\nT1  - Leases\nPY  - YEAR\nER  - ", "published", None),
        ("TY  - BOOK\nT2  - Leases\nER  - ", "title", "Leases"),
        ("TY  - JOUR\nTI  - Leases\nM3  - doi: 10.1000/xyz\nER  - ", "id", "doi:10.1000/xyz"),
        ("TY  - JOUR\nTI  - Leases\nUR  - https://arxiv.org/abs/2602.01234v2\nER  - ", "id", "arxiv:2602.01234"),
        ("TY  - JOUR\nTI  - Leases\nAN  - arXiv:2602.01234\nER  - ", "id", "arxiv:2602.01234"),
        ("TY  - JOUR\nTI  - Leases\nID  - k1\nER  - ", "id", "k1"),
        ("TY - JOUR\nTI - Leases\nER -", "title", "Leases"),
        ("TY  -JOUR\nTI  -Leases\nER  -", "title", "Leases"),
        ("\ufeff\nTY  - JOUR\nTI  - Leases", "title", "Leases"),
        ("TY  - JOUR\nTI  - Leases\nZ9  - unknown\n more of it\nER  - ", "title", "Leases"),
        ("TY  - JOUR\ntext without a tag\nTI  - Leases\nER  - ", "title", "Leases"),
    ],
)
def test_producers_differ(record, field, expected):
    (paper,) = read(record).papers
    assert getattr(paper, field) == expected


def test_a_record_without_end_ends_where_the_next_begins():
    feed = read("TY  - JOUR\nTI  - One\nTY  - JOUR\nTI  - Two\nER  - \nnoise\nTY  - JOUR\nER  - \n")
    assert [paper.title for paper in feed.papers] == ["One", "Two"]
    assert [skipped.position for skipped in feed.skipped] == [7]


def test_a_record_over_the_limit_costs_no_other():
    long = "AB  - " + "word " * 20_000 + "\n"
    feed = read("TY  - JOUR\nTI  - One\n" + long * (MAX_ENTRY_BYTES // len(long) + 2) + "ER  - \n" + RECORD)
    assert [paper.title for paper in feed.papers] == ["Quorum leases"]
    assert [skipped.position for skipped in feed.skipped] == [1] and "too large" in feed.skipped[0].reason


def test_what_has_no_record_is_an_error():
    with pytest.raises(FeedError, match="TY"):
        list(iter_entries(io.BytesIO(b"TI  - Leases\nER  - \n"), "ris"))


@given(
    st.lists(st.sampled_from([*RECORD.splitlines(), "", " more", "UR  - ", "KW  - a;b", "ER  -", "XX  - x", "TI  - "]))
)
def test_any_order_of_lines_gives_entries(lines):
    assert read("TY  - JOUR\n" + "\n".join(lines)).format == "ris"
