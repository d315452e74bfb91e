import csv
import io
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FeedError
from models.paper import Paper
from service.feeds import Note, Skipped, iter_entries, parse
from service.feeds.entries import MAX_ENTRY_BYTES
from service.feeds.identity import one_line

FIELDS = ("id", "title", "abstract", "authors", "categories", "published", "url", "comment", "doi")
words = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\r\t\",;|'"), min_size=1, max_size=40
)
names = st.from_regex(r"[A-Z][a-z]{1,8} [A-Z][a-z]{1,8}", fullmatch=True)


@st.composite
def papers(draw, place):
    title = one_line("T" + draw(words))
    return Paper(
        id=f"arxiv:2602.{10_000 + place}",
        title=title,
        abstract=one_line(draw(words) + " end"),
        authors=tuple(dict.fromkeys(draw(st.lists(names, max_size=3)))),
        categories=tuple(draw(st.lists(st.sampled_from(["cs.DC", "cs.LG", "hep-th"]), max_size=3, unique=True))),
        published=draw(st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))),
        comment=one_line("c" + draw(words)),
    )


def written(rows, header=FIELDS, **options):
    out = io.StringIO(newline="")
    table = csv.writer(out, **options)
    table.writerow(header)
    table.writerows(rows)
    return out.getvalue()


def row(paper):
    record = paper.to_json()
    return [
        record.get(name, "") if not isinstance(record.get(name), list) else "; ".join(record[name]) for name in FIELDS
    ]


def read(text, encoding="utf-8"):
    return parse(text.encode(encoding))


@given(
    st.data(),
    st.integers(1, 4),
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from(["\r\n", "\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_papers_written_as_a_table_come_back(data, count, delimiter, ending, quoting, encoding):
    sample = [data.draw(papers(place)) for place in range(count)]
    text = written(map(row, sample), delimiter=delimiter, lineterminator=ending, quoting=quoting)
    feed = parse(text.encode(encoding))
    assert (feed.format, feed.skipped) == ("csv", ())
    assert feed.papers == tuple(sample)


@pytest.mark.parametrize(
    "header",
    [
        "arXiv ID,Title,Abstract",
        '"key";"Article Title";"Abstract Note"',
        "paper_id\ttitle\tsummary",
        "ID|TITLE|DESCRIPTION",
    ],
)
def test_columns_may_be_called_anything_sensible(header):
    sign = next(sign for sign in "\t;|," if sign in header)
    (paper,) = read(f"{header}\n" + sign.join(["2602.01234v2", "Quorum leases", "We revisit leases."]) + "\n").papers
    assert paper == Paper(id="arxiv:2602.01234", version=2, title="Quorum leases", abstract="We revisit leases.")


def test_excel_may_say_what_parts_the_columns():
    (paper,) = read("sep=;\nid;title\nk1;Quorum, leases\n").papers
    assert paper.title == "Quorum, leases"


def test_latin_1_is_read_and_doubted():
    feed = read("id,title\nk1,Größe\n", "latin-1")
    assert feed.papers[0].title == "Größe"
    assert "not valid UTF-8" in feed.notes[0]


def test_blank_and_short_rows_are_no_error():
    feed = read("id,title,abstract,doi\n\nk1,Quorum leases\n,,,\n  \nk2,,We log.,\n")
    assert [paper.id for paper in feed.papers] == ["k1", "k2"]
    assert [skipped.position for skipped in feed.skipped] == [4]


@pytest.mark.parametrize(
    "broken",
    [
        'k2,"Never closed,We log.',
        'k2,"Closed" too early,"We" log, again',
        "k2,Too,many,fields",
        'k2,"a\nb,c',
    ],
)
def test_a_broken_row_costs_no_other(broken):
    rows = ["k1,One,We log.", broken, 'k3,"Th""ree",We log.', "k4,Four,We log.", 'k5,"Fi\nve",We log.']
    feed = read("id,title,abstract\n" + "\n".join(rows) + "\n")
    assert {"k1", "k3", "k4", "k5"} <= {paper.id for paper in feed.papers}
    assert {paper.title for paper in feed.papers} >= {"One", 'Th"ree', "Four", "Fi ve"}
    assert feed.skipped or "k2" in {paper.id for paper in feed.papers}


def test_an_inch_mark_in_a_tab_separated_table_is_a_letter():
    feed = read('id\ttitle\tabstract\nk1\t"Big" disks of 5"\tWe log.\nk2\t"Never closed\tWe log.\nk3\tThree\tWe log.\n')
    assert [paper.id for paper in feed.papers] == ["k1", "k2", "k3"]
    assert feed.papers[1].title == '"Never closed'


def test_a_row_over_the_limit_is_skipped_on_one_line_or_several():
    long = "word " * (MAX_ENTRY_BYTES // 5 + 10)
    lines = "\n".join(["word " * 30_000] * 8)
    feed = read(f'id,title,abstract\nk1,One,"{long}"\nk2,Two,We log.\nk3,Three,"{lines}"\nk4,Four,We log.\n')
    assert {"k2", "k4"} <= {paper.id for paper in feed.papers}
    assert any("too large" in skipped.reason for skipped in feed.skipped)


def test_a_table_of_nothing_but_quotes_ends_soon():
    text = "id,title\n" + '"\n' * 200_000
    begin = time.process_time()
    entries = list(iter_entries(io.BytesIO(text.encode()), "csv"))
    assert time.process_time() - begin < 20
    assert any(isinstance(entry, Skipped) and "lost" in entry.reason for entry in entries)


def test_a_header_alone_is_an_empty_result():
    assert list(iter_entries(io.BytesIO(b"id,title\n"))) == [Note("empty result: the feed holds no entries")]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "no table at all"])
def test_a_table_without_texts_is_an_error_that_shows_its_header(text):
    with pytest.raises(FeedError, match="names no column for a title or an abstract"):
        list(iter_entries(io.BytesIO(text.encode()), "csv"))


@given(st.text(st.sampled_from('ab,;\t"\n\r\0x'), max_size=80))
def test_any_rows_give_entries(text):
    feed = parse(b"id,title,abstract\n" + text.encode(), "csv")
    assert feed.format == "csv"
