"""OAI-PMH: arXiv's two formats, Dublin Core, deleted records, errors, resumption."""

from datetime import UTC, datetime

import pytest

from models.paper import Paper
from service.feeds.entries import Note, Skipped
from service.feeds.oai import matches, read
from tests.feeds.publisher_samples import CROSSREF, DATACITE
from tests.feeds.xml_samples import OAI_ARXIV, OAI_DC, OAI_ERROR


def test_the_format_arxiv():
    assert next(read(OAI_ARXIV)) == Paper(
        id="arxiv:2603.00010",
        title="Tenth Lamp",
        abstract="Ten lamps shine.",
        authors=("Ada Ode", "Bo Poe Jr", "LAMP Collaboration"),
        categories=("cs.DC", "cs.LG"),
        published=datetime(2026, 3, 2, tzinfo=UTC),
        updated=datetime(2026, 3, 6, tzinfo=UTC),
        comment="Ten pages",
        doi="10.1000/ten",
    )


def test_the_format_arxiv_raw_knows_versions():
    _, paper = read(OAI_ARXIV)
    assert (paper.id, paper.version, paper.authors) == ("arxiv:hep-th/9901001", 3, ("A. Ode", "B. Poe", "C. Roe"))
    assert (paper.published, paper.updated) == (
        datetime(1999, 1, 1, 10, tzinfo=UTC),
        datetime(1999, 3, 3, 10, tzinfo=UTC),
    )


def test_dublin_core():
    assert next(read(OAI_DC)) == Paper(
        id="doi:10.1000/keep.1",
        title="Keeping Lamps in Public",
        abstract="A long description of how lamps are kept in public places, and by whom.",
        authors=("Ode, Ada", "Poe, Bo"),
        categories=("Lamps", "Coast"),
        published=datetime(2025, 11, 1, tzinfo=UTC),
        url="https://repo.example/items/1",
        doi="10.1000/Keep.1",
    )


def test_arxiv_in_dublin_core():
    paper = [entry for entry in read(OAI_DC) if isinstance(entry, Paper)][-1]
    assert (paper.id, paper.abstract, paper.comment) == ("arxiv:2603.00009", "It shines.", "9 pages")
    assert (paper.published.day, paper.updated.day) == (1, 5)


def test_deleted_records_and_unknown_metadata_are_skipped():
    skipped = [entry for entry in read(OAI_DC) if isinstance(entry, Skipped)]
    assert [(entry.position, entry.id) for entry in skipped] == [(2, "oai:repo.example:2"), (3, "oai:repo.example:3")]
    assert "deleted" in skipped[0].reason
    assert "<mods>" in skipped[1].reason
    assert "oai_dc" in skipped[1].reason


def test_a_list_that_goes_on_is_noted():
    notes = [entry.text for entry in read(OAI_DC) if isinstance(entry, Note)]
    assert notes == ["the list of 90 records goes on: ask again with resumptionToken=next|4"]
    assert not [entry for entry in read(OAI_ARXIV) if isinstance(entry, Note)]  # an empty token ends a list


def test_an_error_is_a_note():
    assert list(read(OAI_ERROR)) == [Note("the repository reports noRecordsMatch: Nothing between these dates")]


@pytest.mark.parametrize(
    ("inside", "note"),
    [
        (b"<Identify/>", "an answer to Identify holds no papers: ask with verb=ListRecords"),
        (
            b"<ListIdentifiers><header/></ListIdentifiers>",
            "an answer to ListIdentifiers holds no papers: ask with verb=ListRecords",
        ),
        (b"<ListRecords/>", "the repository answered without records"),
        (b'<error code="badVerb"/>', "the repository reports badVerb"),
    ],
)
def test_answers_without_records(inside, note):
    assert list(read(b"<OAI-PMH>" + inside + b"</OAI-PMH>")) == [Note(note)]


def wrapped(payload):
    return b"<record><header><identifier>oai:x:1</identifier></header><metadata>" + payload + b"</metadata></record>"


def test_a_record_cut_out_is_an_answer_too():
    record = wrapped(b"<dc><title>Alone</title><identifier>https://x.example/</identifier></dc>")
    assert matches(record)
    assert not matches(b"<record><title>no</title></record>")
    assert list(read(record)) == [Paper(id="oai:x:1", title="Alone")]


def test_other_metadata_is_read_where_it_is_known():
    (paper,) = read(wrapped(CROSSREF[CROSSREF.index(b"<crossref>") : CROSSREF.index(b"</doi_record>")]))
    assert paper.id == "doi:10.1000/cross"
    (paper,) = read(
        wrapped(b"<oai_datacite><payload>" + DATACITE[DATACITE.index(b"<resource") :] + b"</payload></oai_datacite>")
    )
    assert paper.id == "doi:10.1000/data.1"


def test_a_record_without_metadata_is_skipped():
    (entry,) = read(b"<record><header><identifier>oai:x:1</identifier></header></record>")
    assert entry == Skipped(1, "the record has no metadata", "oai:x:1")


def test_nested_records_of_other_formats_cost_nothing():
    inner = b'<record xmlns="http://www.loc.gov/MARC21/slim"><leader>x</leader></record>'
    after = wrapped(b"<dc><title>After</title></dc>")
    entries = list(read(b"<OAI-PMH><ListRecords>" + wrapped(inner) + after + b"</ListRecords></OAI-PMH>"))
    assert [entry.title for entry in entries if isinstance(entry, Paper)] == ["After"]
    assert any(isinstance(entry, Skipped) for entry in entries)
