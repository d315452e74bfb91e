import gzip
import json
from datetime import UTC, datetime

import pytest

from models.paper import Paper
from service.feeds import parse

RECORD = {
    "id": "2602.01234",
    "submitter": "Ada Vane",
    "authors": "A. Vane (Umbra) and B. Lund",
    "title": "Quorum Leases\n  for Replicated $\\log n$ Logs",
    "comments": "12 pages",
    "journal-ref": None,
    "doi": "10.1000/ABC 10.1000/DEF",
    "report-no": None,
    "categories": "cs.DC cs.DB",
    "license": None,
    "abstract": "  We revisit leases\nfor logs.\n  They expire.\n",
    "versions": [
        {"version": "v1", "created": "Mon, 2 Feb 2026 19:18:42 GMT"},
        {"version": "v2", "created": "Tue, 3 Mar 2026 20:10:27 GMT"},
    ],
    "update_date": "2026-03-04",
    "authors_parsed": [["Vane", "A.", "", "Umbra"], ["Lund", "B.", "Jr."]],
}


def read(*records):
    return parse("".join(json.dumps(record) + "\n" for record in records).encode())


def test_every_field_of_a_snapshot_line_is_read():
    feed = read(RECORD)
    assert feed.format == "kaggle"
    assert feed.papers == (
        Paper(
            id="arxiv:2602.01234",
            title="Quorum Leases for Replicated $\\log n$ Logs",
            abstract="We revisit leases for logs. They expire.",
            version=2,
            authors=("A. Vane", "B. Lund Jr."),
            categories=("cs.DC", "cs.DB"),
            published=datetime(2026, 2, 2, 19, 18, 42, tzinfo=UTC),
            updated=datetime(2026, 3, 3, 20, 10, 27, tzinfo=UTC),
            url="https://arxiv.org/abs/2602.01234",
            comment="12 pages",
            doi="10.1000/ABC",
        ),
    )


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"id": "hep-th/9901001"}, "id", "arxiv:hep-th/9901001"),
        ({"authors_parsed": []}, "authors", ("A. Vane", "B. Lund")),
        ({"versions": []}, "updated", datetime(2026, 3, 4, tzinfo=UTC)),
        ({"versions": [{"version": "v1", "created": "Mon, 2 Feb 2026 19:18:42 GMT"}]}, "version", 1),
        ({"versions": "none"}, "version", None),
        ({"doi": None}, "doi", ""),
    ],
)
def test_older_and_incomplete_lines_are_read_too(change, field, expected):
    (paper,) = read({**RECORD, **change}, {**RECORD, "id": "2602.09999"}).papers[:1]
    assert getattr(paper, field) == expected


def test_broken_lines_cost_no_other_and_the_snapshot_may_be_packed():
    lines = [json.dumps({**RECORD, "id": f"2602.{10_000 + i}"}) for i in range(20)]
    lines[7] = lines[7][:100]
    feed = parse(gzip.compress("\n".join(lines).encode()))
    assert (feed.format, len(feed.papers)) == ("kaggle", 19)
    assert [skipped.position for skipped in feed.skipped] == [8]
