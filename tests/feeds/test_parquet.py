import gzip
import io
from datetime import UTC, date, datetime

import pyarrow
import pytest
from pyarrow import parquet

from models.errors import FeedError
from models.paper import Paper
from service.feeds import Note, Skipped, iter_entries, parse

ROWS = [
    {
        "id": f"2602.{10_000 + place}",
        "title": f"Quorum leases, part {place}",
        "abstract": "We revisit\nleases.",
        "categories": ["cs.DC", "cs.LG"],
        "primary": "cs.LG",
        "published": "2026-02-03",
        "feed_date": None,
        "embedding": [0.5, 0.25],
    }
    for place in range(3000)
]


def packed(rows, **options):
    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), out, row_group_size=500, **options)
    return out.getvalue()


class Pipe(io.RawIOBase):
    """Bytes that cannot be sought in."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._data.readinto(buffer)


def test_rows_become_papers_in_order():
    feed = parse(packed(ROWS))
    assert (feed.format, len(feed.papers), feed.skipped) == ("parquet", 3000, ())
    assert feed.papers[2999] == Paper(
        id="arxiv:2602.12999",
        title="Quorum leases, part 2999",
        abstract="We revisit leases.",
        categories=("cs.LG", "cs.DC"),
        published=datetime(2026, 2, 3, tzinfo=UTC),
    )


@pytest.mark.parametrize("open_stream", [io.BytesIO, lambda data: io.BufferedReader(Pipe(data))])
@pytest.mark.parametrize("wrap", [lambda data: data, gzip.compress])
def test_files_pipes_and_packed_files_are_read(open_stream, wrap):
    stream = open_stream(wrap(packed(ROWS)))
    assert sum(isinstance(entry, Paper) for entry in iter_entries(stream)) == 3000
    assert not stream.closed


def test_a_stream_is_read_from_where_it_stands():
    stream = io.BytesIO(packed(ROWS[:2]))
    stream.read(0)
    assert len(list(iter_entries(stream))) == 2


def test_dates_and_times_of_any_kind_are_read():
    rows = [{"title": "One", "published": date(2026, 2, 3)}, {"title": "Two", "published": None}]
    assert parse(packed(rows)).papers[0].published == datetime(2026, 2, 3, tzinfo=UTC)
    rows = [{"title": "One", "published": datetime(2026, 2, 3, 4, 5)}]
    assert parse(packed(rows)).papers[0].published == datetime(2026, 2, 3, 4, 5, tzinfo=UTC)


def test_rows_without_text_are_skipped_with_their_number():
    feed = parse(packed([ROWS[0], {**ROWS[1], "title": None, "abstract": ""}, ROWS[2]]))
    assert [skipped.position for skipped in feed.skipped] == [2] and len(feed.papers) == 2


def test_a_row_that_is_no_utf_8_costs_no_other():
    table = pyarrow.table({"title": pyarrow.array([b"One", b"Gr\xf6\xdfe", b"Three"], pyarrow.binary())})
    titles = table["title"].combine_chunks()
    texts = pyarrow.StringArray.from_buffers(3, titles.buffers()[1], titles.buffers()[2])
    out = io.BytesIO()
    parquet.write_table(pyarrow.table({"title": texts}), out)
    feed = parse(out.getvalue())
    assert [paper.title for paper in feed.papers] == ["One", "Three"]
    assert [(skipped.position, "UTF-8" in skipped.reason) for skipped in feed.skipped] == [(2, True)]


def test_an_empty_table_is_noted():
    table = pyarrow.table({"title": pyarrow.array([], pyarrow.string())})
    out = io.BytesIO()
    parquet.write_table(table, out)
    assert list(iter_entries(io.BytesIO(out.getvalue()))) == [Note("empty result: the feed holds no entries")]


def test_a_table_without_texts_is_an_error_that_shows_its_columns():
    with pytest.raises(FeedError, match="its columns are: id, embedding"):
        parse(packed([{"id": "k1", "embedding": [1.0]}]))


@pytest.mark.parametrize("damage", [lambda data: data[:-20], lambda data: data[:100], lambda data: b"PAR1" + data[50:]])
def test_damage_is_an_error_or_a_skipped_rest(damage):
    data = damage(packed(ROWS))
    try:
        feed = parse(data)
    except FeedError as error:
        assert "Parquet file that cannot be read" in str(error)
    else:
        assert isinstance(feed.skipped[-1], Skipped)
