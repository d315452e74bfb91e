import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.paper import Paper
from service.feeds import Skipped, iter_entries, parse

moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
ids = st.from_regex(
    r"(?:arxiv:\d{2}(?:0[1-9]|1[0-2])\.\d{5}|doi:10\.\d{4}/[a-z0-9.]{1,9}[a-z]|[a-z]{1,9}:[\w-]{1,12})", fullmatch=True
)
papers = st.builds(
    Paper,
    id=ids,
    title=st.text(max_size=60),
    abstract=st.text(min_size=1, max_size=200),
    version=st.none() | st.integers(1, 99),
    authors=st.lists(st.text(min_size=1, max_size=20), max_size=4).map(tuple),
    categories=st.lists(st.sampled_from(["cs.DC", "cs.LG", "hep-th"]), max_size=3, unique=True).map(tuple),
    published=st.none() | moments,
    updated=st.none() | moments,
    url=st.text(max_size=20),
    comment=st.text(max_size=20),
    doi=st.text(max_size=20),
)


def one(record):
    (entry,) = iter_entries(io.BytesIO(json.dumps(record).encode()), "jsonl")
    return entry


@given(st.lists(papers, min_size=1, max_size=5, unique_by=lambda paper: paper.id), st.booleans())
def test_papers_come_back_exactly_as_they_were_written(written, ascii_only):
    text = "".join(json.dumps(paper.to_json(), ensure_ascii=ascii_only) + "\n" for paper in written)
    feed = parse(text.encode(), "jsonl")
    assert feed.papers == tuple(written)
    assert (feed.format, feed.skipped, feed.duplicates) == ("jsonl", (), 0)


@given(st.lists(papers, min_size=1, max_size=5, unique_by=lambda paper: paper.id))
def test_lists_of_our_papers_and_documents_around_them_are_read_as_well(written):
    plain = [paper.to_json() for paper in written]
    for document in (plain, {"papers": plain}, {"items": plain, "next": None}):
        assert parse(json.dumps(document, indent=1).encode()).papers == tuple(written)


@pytest.mark.parametrize(
    ("record", "name", "version"),
    [
        ({"id": "2602.01234v2"}, "arxiv:2602.01234", 2),
        ({"id": "arxiv:2602.01234v2", "version": 5}, "arxiv:2602.01234", 5),
        ({"id": "doi:10.48550/arXiv.2602.01234"}, "arxiv:2602.01234", None),
        ({"id": "doi:10.1000/ABC"}, "doi:10.1000/abc", None),
        ({"id": "my own/key"}, "my own/key", None),
    ],
)
def test_ids_are_made_to_name_their_source(record, name, version):
    paper = one({"title": "Quorum leases", **record})
    assert (paper.id, paper.version) == (name, version)


def test_other_names_for_the_fields_are_understood():
    paper = one(
        {"paper_id": "2602.01234", "title": "Quorum\n leases", "summary": "We  log.", "authors": "Ada Vane, Bo Lund"}
    )
    assert paper == Paper(
        id="arxiv:2602.01234", title="Quorum leases", abstract="We log.", authors=("Ada Vane", "Bo Lund")
    )


def test_our_record_with_extra_keys_is_still_ours():
    paper = one({"id": "arxiv:2602.01234", "title": "A\nB", "tags": ["consensus"], "conf": 0.9})
    assert paper.title == "A\nB"


def test_schema_org_is_understood():
    paper = one(
        {
            "@context": "https://schema.org",
            "@type": "ScholarlyArticle",
            "@id": "https://doi.org/10.1000/xyz",
            "name": "Quorum leases",
            "author": [{"@type": "Person", "givenName": "Ada", "familyName": "Vane"}],
            "datePublished": "2026-02-03",
        }
    )
    assert (paper.id, paper.title, paper.authors) == ("doi:10.1000/xyz", "Quorum leases", ("Ada Vane",))


@pytest.mark.parametrize("wrong", [{"published": "soon"}, {"version": 0}, {"authors": [1]}, {"doi": 5}])
def test_a_field_that_is_none_of_ours_does_not_cost_the_paper(wrong):
    paper = one({"id": "arxiv:2602.01234", "title": "Quorum leases", **wrong})
    assert (paper.id, paper.title) == ("arxiv:2602.01234", "Quorum leases")


def test_an_answer_instead_of_a_paper_is_told():
    assert one({"error": "no such\n paper"}) == Skipped(1, "no paper but a message: no such paper")
    assert isinstance(one({"note": "nothing"}), Skipped)
