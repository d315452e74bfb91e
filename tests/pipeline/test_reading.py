import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import FetchError
from models.paper import Paper
from service.pipeline import PaperStream, Remark, Source
from service.pipeline.reading import WINDOW


def lines(*papers: Paper) -> bytes:
    return b"".join(json.dumps(paper.to_json()).encode() + b"\n" for paper in papers)


def source(data: bytes, name: str = "feed", *, named: bool = True) -> Source:
    return Source(name, lambda: io.BytesIO(data), len(data), named)


def read(
    *sources: Source, window: int = WINDOW, form: str | None = None
) -> tuple[list[Paper], list[Remark], PaperStream]:
    remarks: list[Remark] = []
    stream = PaperStream(sources, form, report=remarks.append, window=window)
    return list(stream), remarks, stream


def paper(number: int, **fields: object) -> Paper:
    return Paper(f"own:{number}", f"Paper {number}", "About something.", **fields)


def test_papers_come_in_order_across_sources():
    papers, remarks, stream = read(source(lines(paper(1), paper(2))), source(lines(paper(3))))
    assert [p.id for p in papers] == ["own:1", "own:2", "own:3"]
    assert not remarks
    assert (stream.counts.papers, stream.counts.sources) == (3, 2)


def test_the_newest_version_stands_in_the_place_of_the_first():
    first, second = paper(1, version=1, categories=("cs.DC",)), paper(1, version=2, categories=("cs.LG",))
    papers, _, stream = read(source(lines(first, paper(2))), source(lines(second)))
    assert [(p.id, p.version) for p in papers] == [("own:1", 2), ("own:2", None)]
    assert papers[0].categories == ("cs.LG", "cs.DC")
    assert stream.counts.duplicates == 1


def test_beyond_the_window_the_first_stands_and_none_comes_twice():
    feed = lines(*(paper(n, version=1) for n in range(14)), *(paper(n, version=2) for n in range(10)))
    papers, _, stream = read(source(feed), window=4)
    assert [p.id for p in papers] == [f"own:{n}" for n in range(14)]
    assert {p.version for p in papers} == {1}
    assert stream.counts.duplicates == 10


@given(st.lists(st.integers(0, 30)), st.integers(1, 12))
@settings(deadline=None)
def test_every_paper_comes_once_in_the_order_of_its_first_entry(numbers, window):
    papers, _, stream = read(source(lines(*map(paper, numbers)) or b"[]"), window=window)
    assert [p.id for p in papers] == [f"own:{n}" for n in dict.fromkeys(numbers)]
    assert stream.counts.papers + stream.counts.duplicates == len(numbers)


def test_a_bad_entry_is_reported_with_its_place_and_costs_no_other():
    data = lines(paper(1)) + b'{"id": "own:2"}\n{broken\n' + lines(paper(3))
    papers, remarks, stream = read(source(data, "dump.jsonl"))
    assert [p.id for p in papers] == ["own:1", "own:3"]
    assert [(r.kind, r.source, r.position) for r in remarks] == [
        ("skipped", "dump.jsonl", 2),
        ("skipped", "dump.jsonl", 3),
    ]
    assert str(remarks[0]).startswith("dump.jsonl:2: ")
    assert stream.counts.skipped == 2


def test_a_source_that_is_no_feed_costs_no_other():
    papers, remarks, stream = read(source(b"%PDF-1.7", "a.pdf", named=False), source(lines(paper(1))))
    assert [p.id for p in papers] == ["own:1"]
    assert [(r.kind, r.source, r.position) for r in remarks] == [("unreadable", "a.pdf", 0)]
    assert "PDF" in remarks[0].text
    assert (stream.counts.unreadable, stream.counts.unreadable_named) == (1, 0)


@pytest.mark.parametrize(
    "error",
    [FetchError("https://example.org/: gone"), PermissionError(13, "Permission denied"), IsADirectoryError(21, "x")],
)
def test_a_source_that_cannot_be_opened_costs_no_other(error):
    def fail() -> io.BytesIO:
        raise error

    papers, remarks, stream = read(Source("https://example.org/", fail), source(lines(paper(1))))
    assert [p.id for p in papers] == ["own:1"]
    assert [r.kind for r in remarks] == ["unreadable"]
    assert str(remarks[0]).count("https://example.org/") == 1
    assert stream.counts.unreadable_named == 1


def test_notes_about_a_feed_are_passed_on():
    papers, remarks, _ = read(source(b"[]"))
    assert not papers
    assert [r.kind for r in remarks] == ["note"]


def test_the_format_can_be_given():
    table = b"id\ttitle\nown:1\tA paper\n"
    papers, _, _ = read(source(table), form="csv")
    assert papers == [Paper("own:1", "A paper")]


def test_bytes_read_end_at_the_size_of_the_sources(tmp_path: Path):
    file = tmp_path / "dump.jsonl"
    file.write_bytes(lines(*map(paper, range(3000))))
    feed = Source(str(file), lambda: file.open("rb"), file.stat().st_size)
    stream = PaperStream([feed], report=print)
    seen = [stream.counts.bytes_read for _ in stream]
    assert seen == sorted(seen)
    assert 0 < seen[0] <= stream.counts.bytes_read == feed.size
