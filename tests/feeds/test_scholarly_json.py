"""Crossref, OpenAlex, Semantic Scholar, DataCite and CSL-JSON: each as its service answers, papers invented."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.paper import Paper
from service.feeds import parse
from service.feeds.openalex import text_of_index

DAY = datetime(2026, 2, 3, tzinfo=UTC)

CROSSREF = {
    "DOI": "10.1000/Leases.1",
    "URL": "http://dx.doi.org/10.1000/leases.1",
    "type": "journal-article",
    "title": ["Quorum leases"],
    "subtitle": ["a second look"],
    "abstract": "<jats:p>We revisit\n leases.</jats:p>",
    "author": [{"given": "Ada", "family": "Vane", "sequence": "first"}, {"name": "The Log Group"}],
    "issued": {"date-parts": [[2026, 2, 3]]},
    "created": {"date-time": "2026-01-01T00:00:00Z"},
    "is-referenced-by-count": 3,
    "resource": {"primary": {"URL": "https://journal.example/leases"}},
}
OPENALEX = {
    "id": "https://openalex.org/W1",
    "doi": "https://doi.org/10.1000/leases.1",
    "display_name": "Quorum leases",
    "abstract_inverted_index": {"leases": [2], "We": [0], "revisit": [1], "again,": [3], "and": [4], "again.": [5]},
    "authorships": [{"author": {"display_name": "Ada Vane"}, "raw_author_name": "A. Vane"}],
    "topics": [{"display_name": "Distributed systems"}],
    "publication_date": "2026-02-03",
    "primary_location": {"landing_page_url": "https://journal.example/leases"},
    "locations": [None, {"landing_page_url": "https://journal.example/leases"}],
}
S2 = {
    "paperId": "0f" * 20,
    "externalIds": {"DOI": "10.1000/leases.1", "CorpusId": 17},
    "url": "https://www.semanticscholar.org/paper/0f",
    "title": "Quorum leases",
    "abstract": "We revisit leases.",
    "authors": [{"authorId": "1", "name": "Ada Vane"}],
    "fieldsOfStudy": ["Computer Science"],
    "publicationDate": "2026-02-03",
}
DATACITE = {
    "id": "10.48550/arxiv.2602.01234",
    "type": "dois",
    "attributes": {
        "doi": "10.48550/arxiv.2602.01234",
        "identifiers": [{"identifier": "2602.01234", "identifierType": "arXiv"}],
        "creators": [{"name": "Vane, Ada", "givenName": "Ada", "familyName": "Vane"}, {"name": "Lund, Bo"}],
        "titles": [{"title": "Quorum leases"}],
        "descriptions": [
            {"description": "12 pages", "descriptionType": "Other"},
            {"description": "We revisit leases.", "descriptionType": "Abstract"},
        ],
        "subjects": [{"subject": "Distributed, Parallel, and Cluster Computing (cs.DC)"}, {"subject": "FOS: Logs"}],
        "dates": [{"date": "2026-02-03", "dateType": "Submitted"}, {"date": "2026-03-01", "dateType": "Updated"}],
        "types": {"resourceTypeGeneral": "Preprint"},
        "url": "https://arxiv.org/abs/2602.01234",
        "version": "2",
    },
}
CSL = {
    "type": "article-journal",
    "id": "vane26",
    "DOI": "10.1000/Leases.1",
    "title": "Quorum leases",
    "container-title": "Journal of Logs",
    "abstract": "We revisit leases.",
    "author": [{"family": "Vane", "given": "Ada"}, {"literal": "The Log Group"}],
    "issued": {"date-parts": [["2026", 2, 3]]},
    "note": "in press",
}


def read(document):
    return parse(json.dumps(document).encode())


def only(document):
    (paper,) = read(document).papers
    return paper


def test_crossref():
    expected = Paper(
        id="doi:10.1000/leases.1",
        title="Quorum leases: a second look",
        abstract="<jats:p>We revisit leases.</jats:p>",
        authors=("Ada Vane", "The Log Group"),
        published=DAY,
        url="https://journal.example/leases",
        doi="10.1000/Leases.1",
    )
    for document in (
        {"status": "ok", "message-type": "work", "message": CROSSREF},
        {"status": "ok", "message-type": "work-list", "message": {"items": [CROSSREF]}},
        {"items": [CROSSREF]},
        CROSSREF,
    ):
        assert read(document).format == "crossref"
        assert only(document) == expected


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"issued": {"date-parts": [[None]]}}, "published", datetime(2026, 1, 1, tzinfo=UTC)),
        ({"issued": {"date-parts": [[2026]]}}, "published", datetime(2026, 1, 1, tzinfo=UTC)),
        ({"subtitle": ["Quorum"]}, "title", "Quorum leases"),
        ({"resource": None}, "url", "http://dx.doi.org/10.1000/leases.1"),
        ({"DOI": "10.48550/ARXIV.2602.01234"}, "id", "arxiv:2602.01234"),
    ],
)
def test_crossref_with_other_fields(change, field, expected):
    assert getattr(only({"message-type": "work", "message": {**CROSSREF, **change}}), field) == expected


def test_openalex():
    paper = only({"meta": {"count": 1}, "results": [OPENALEX]})
    assert paper == Paper(
        id="doi:10.1000/leases.1",
        title="Quorum leases",
        abstract="We revisit leases again, and again.",
        authors=("Ada Vane",),
        categories=("Distributed systems",),
        published=DAY,
        url="https://journal.example/leases",
        doi="10.1000/leases.1",
    )
    assert read(OPENALEX).format == "openalex"
    assert only(OPENALEX) == paper


def test_an_openalex_work_with_an_arxiv_page_is_the_arxiv_paper():
    work = {**OPENALEX, "locations": [{"landing_page_url": "http://arxiv.org/abs/2602.01234"}]}
    assert only(work).id == "arxiv:2602.01234"


@given(st.lists(st.sampled_from(["we", "log", "leases", "expire"]), max_size=30))
def test_an_inverted_index_gives_back_its_text(words):
    index = {}
    for place, word in enumerate(words):
        index.setdefault(word, []).append(place)
    assert text_of_index(index) == " ".join(words)


@pytest.mark.parametrize("index", [None, [], {"we": 1}, {"we": ["0", None]}, {"we": [10**30]}])
def test_an_odd_inverted_index_is_no_error(index):
    assert text_of_index(index) in ("", "we")


def test_semantic_scholar():
    expected = Paper(
        id="doi:10.1000/leases.1",
        title="Quorum leases",
        abstract="We revisit leases.",
        authors=("Ada Vane",),
        categories=("Computer Science",),
        published=DAY,
        url="https://www.semanticscholar.org/paper/0f",
        doi="10.1000/leases.1",
    )
    lower = {key.lower(): value for key, value in S2.items()} | {"corpusid": 17}
    for document in (
        S2,
        {"total": 1, "data": [S2]},
        {"recommendedPapers": [S2]},
        [S2],
        {"data": [{"citingPaper": S2, "contexts": []}]},
        {"data": [{"citedPaper": S2}]},
        lower,
    ):
        assert read(document).format == "semantic-scholar"
        assert only(document) == expected


def test_semantic_scholar_papers_without_other_ids_are_named_by_its_own():
    assert only({**S2, "externalIds": None, "url": None}).id == "s2:" + "0f" * 20
    assert only({**S2, "externalIds": {"ArXiv": "2602.01234"}}).id == "arxiv:2602.01234"


def test_a_reply_without_titles_gives_skipped_entries_not_papers():
    feed = read({"data": [{"paperId": "0f", "citationCount": 3}, None]})
    assert feed.papers == () and len(feed.skipped) == 2


def test_datacite():
    expected = Paper(
        id="arxiv:2602.01234",
        title="Quorum leases",
        abstract="We revisit leases.",
        version=2,
        authors=("Ada Vane", "Bo Lund"),
        categories=("cs.DC", "FOS: Logs"),
        published=DAY,
        updated=datetime(2026, 3, 1, tzinfo=UTC),
        url="https://arxiv.org/abs/2602.01234",
        doi="10.48550/arxiv.2602.01234",
    )
    for document in ({"data": DATACITE}, {"data": [DATACITE]}, DATACITE, DATACITE["attributes"]):
        assert read(document).format == "datacite"
        assert only(document) == expected


def test_what_datacite_calls_no_text_is_skipped():
    attributes = {**DATACITE["attributes"], "types": {"resourceTypeGeneral": "Dataset"}}
    feed = read({"data": {**DATACITE, "attributes": attributes}})
    assert feed.papers == () and "Dataset" in feed.skipped[0].reason


def test_csl_json():
    expected = Paper(
        id="doi:10.1000/leases.1",
        title="Quorum leases",
        abstract="We revisit leases.",
        authors=("Ada Vane", "The Log Group"),
        published=DAY,
        comment="in press",
        doi="10.1000/Leases.1",
    )
    for document in ([CSL], CSL, {"items": [CSL]}):
        assert read(document).format == "csl-json"
        assert only(document) == expected


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"DOI": None}, "id", "vane26"),
        ({"number": "arXiv:2602.01234"}, "id", "arxiv:2602.01234"),
        ({"archive": "arXiv", "archive_location": "2602.01234"}, "id", "arxiv:2602.01234"),
        ({"issued": {"raw": "3 February 2026"}}, "published", DAY),
        ({"issued": {"literal": "soon"}}, "published", None),
        ({"issued": {"date-parts": []}}, "published", None),
    ],
)
def test_csl_json_with_other_fields(change, field, expected):
    assert getattr(only([{**CSL, **change}]), field) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("crossref", CROSSREF),
        ("openalex", OPENALEX),
        ("semantic-scholar", S2),
        ("datacite", DATACITE["attributes"]),
        ("csl-json", CSL),
    ],
)
@given(data=st.data())
def test_no_field_of_another_kind_than_expected_is_an_error(name, sample, data):
    """Services change and exporters err: any field may hold anything."""
    record = {
        key: data.draw(json_values, key) if data.draw(st.booleans(), f"odd {key}") else sample[key] for key in sample
    }
    feed = parse(json.dumps(record).encode(), name)
    assert len(feed.papers) + len(feed.skipped) >= 1 or feed.notes
