"""All recorded feeds: every entry parsed or skipped with a reason, every count accounted for, a table at the end."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from models.errors import FeedError
from service.feeds import FORMATS, ParsedFeed, parse

RECORDED = Path(__file__).parents[2].parent / "shared" / "data" / "feeds" / "recorded"

# Files that hold no feed we read, and what they are said to be.
REFUSED = {
    "html_instead_of_feed": "web page",
    "opml": "paperwire feeds import",
    "other_refs": "export it as RIS|no known feed format",
    "bibtex/paper-qa_test_author_matching_4.bib": "no known feed format",  # "Resource not found."
    "general_feeds/feedrs_xml_sample_1.xml": "no known feed format",  # a catalogue of books
    "general_feeds/feedrs_xml_sample_2.xml": "no known feed format",
    "publisher_xml/jabref_MedlinePlainImporterTestInvalidFormat.xml": "no known feed format",  # five words
    "ris/jabref_RisImporterCorrupted.ris": "no known feed format",  # no record begins
}

# Where papers and skipped entries are another number than the index says, and why that is right.
COUNTS = {
    "arxiv_api/arxivpy_id_abc_s0_m100_b79c8dcf6bc3.xml": 0,  # the entry is an error message: a note
    "json_feed/nnw_allthis-partial.json": 3,  # not counted in the index: two whole items, then the break
    "odd_encoding/jabref_encoding-utf-16BE-without-header.bib": 1,  # the index could not read UTF-16
    "other_xml/scrapi_doepages_0.xml": 1,  # a schema the index did not know
    "other_xml/scrapi_doepages_1.xml": 4,
    "other_xml/scrapi_scitech_0.xml": 100,
    "other_xml/scrapi_scitech_1.xml": 23,
    "semanticscholar_json/s2_Author.json": 60,  # an author, with the papers
}


@dataclass(frozen=True)
class Reading:
    path: str
    kind: str
    expected: str
    feed: ParsedFeed | None
    error: str

    @property
    def entries(self) -> int:
        return len(self.feed.papers) + len(self.feed.skipped) + self.feed.duplicates


def read(row):
    try:
        return Reading(row["path"], row["kind"], row["entries"], parse((RECORDED / row["path"]).read_bytes()), "")
    except FeedError as error:
        return Reading(row["path"], row["kind"], row["entries"], None, str(error))


@pytest.fixture(scope="module")
def readings():
    index = RECORDED / "INDEX.tsv"
    if not index.exists():
        pytest.skip("needs the recorded feeds of the shared data")
    with index.open(encoding="utf-8", newline="") as file:
        return [read(row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def test_every_file_is_in_the_index_and_was_read(readings):
    files = {str(path.relative_to(RECORDED)) for path in RECORDED.rglob("*") if path.is_file()} - {"INDEX.tsv"}
    assert files == {reading.path for reading in readings}
    assert len(readings) == 508


def test_only_what_is_no_feed_is_refused_and_it_is_named(readings):
    import re

    for reading in readings:
        expected = REFUSED.get(reading.path) or REFUSED.get(reading.kind)
        assert (reading.feed is None) == (expected is not None), (reading.path, reading.error)
        assert expected is None or re.search(expected, reading.error), (reading.path, reading.error)


def test_every_entry_is_a_paper_or_skipped_with_a_reason(readings):
    for reading in readings:
        if reading.feed is None:
            continue
        expected = COUNTS.get(reading.path, int(reading.expected) if reading.expected else None)
        assert expected is None or reading.entries == expected, reading.path
        assert reading.entries or reading.feed.notes, reading.path
        assert all(skipped.reason and skipped.position >= 1 for skipped in reading.feed.skipped), reading.path


def test_every_paper_is_whole(readings):
    for reading in readings:
        for paper in reading.feed.papers if reading.feed else ():
            assert paper.id and (paper.title or paper.abstract), reading.path
            assert "\n" not in paper.title + paper.abstract, reading.path
            assert type(paper).from_json(paper.to_json()) == paper, reading.path


def test_a_table_of_formats_files_and_counts_is_printed(readings, capsys):
    table = {name: Counter() for name in [*FORMATS, "refused"]}
    for reading in readings:
        counts = table[reading.feed.format if reading.feed else "refused"]
        counts["files"] += 1
        if reading.feed:
            counts["papers"] += len(reading.feed.papers)
            counts["skipped"] += len(reading.feed.skipped)
            counts["folded"] += reading.feed.duplicates
    rows = [
        (name, *(counts[column] for column in ("files", "papers", "skipped", "folded")))
        for name, counts in table.items()
    ]
    rows = [row for row in rows if row[1]]
    totals = [sum(column) for column in list(zip(*rows, strict=True))[1:]]
    with capsys.disabled():
        print(f"\n\n{'recorded feeds':<18}{'files':>7}{'papers':>8}{'skipped':>9}{'folded':>8}")
        for name, *counts in [*rows, ("all", *totals)]:
            print(f"{name:<18}{counts[0]:>7}{counts[1]:>8}{counts[2]:>9}{counts[3]:>8}")
    assert totals[0] == 508
