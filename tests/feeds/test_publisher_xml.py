"""Publishers' XML: each dialect's fields, and what is no paper."""

from datetime import UTC, datetime

import pytest

from models.paper import Paper
from service.feeds.entries import Note, Skipped
from service.feeds.publisher_xml import matches, read
from tests.feeds.publisher_samples import CROSSREF, DATACITE, IEEE, JATS, OSTI, PUBMED

MARCH_9 = datetime(2026, 3, 9, tzinfo=UTC)


def test_jats():
    assert list(read(JATS)) == [
        Paper(
            id="doi:10.1000/jats.1",
            title="The <i>Lux</i> of CO<sub>2</sub> lamps: A view",
            abstract="<div><b>Aims</b><p>To find <inline-formula>$a^2$</inline-formula>.</p></div>",
            authors=("Ada Ode", "The LAMP Group"),
            categories=("lamps", "light"),
            published=datetime(2026, 3, 12, tzinfo=UTC),
            url="https://lamps.example/jats/1",
            doi="10.1000/Jats.1",
        )
    ]


def test_jats_markup_is_cleaned_for_encoders():
    (paper,) = read(JATS)
    assert paper.text == "The Lux of CO 2 lamps: A view. Aims To find a^2 ."


def test_jats_without_a_doi_goes_by_its_pubmed_number():
    (paper,) = read(
        JATS.replace(b'pub-id-type="doi"', b'pub-id-type="other"').replace(b"https://lamps.example/jats/1", b"x")
    )
    assert paper.id == "pmid:77"


def test_pubmed():
    first, second = read(PUBMED)
    assert first == Paper(
        id="doi:10.1000/sleep",
        title="Lamps and <i>sleep</i>.",
        abstract="AIM: To sleep. RESULTS: We slept.",
        authors=("Ada Ode", "Night Group"),
        categories=("sleep",),
        published=datetime(2026, 3, 1, tzinfo=UTC),
        url="https://pubmed.ncbi.nlm.nih.gov/7777/",
        doi="10.1000/sleep",
    )
    assert isinstance(second, Skipped)


def test_pubmed_books():
    book = (
        b"<PubmedArticleSet><PubmedBookArticle><BookDocument><PMID>88</PMID><Book><PubDate><Year>2020</Year></PubDate></Book>"
        b"<ArticleTitle>A Chapter</ArticleTitle><Abstract><AbstractText>Short.</AbstractText></Abstract></BookDocument>"
        b"</PubmedBookArticle></PubmedArticleSet>"
    )
    (paper,) = read(book)
    assert (paper.title, paper.abstract, paper.published.year) == ("A Chapter", "Short.", 2020)
    assert paper.id == "url:https://pubmed.ncbi.nlm.nih.gov/88/"


def test_crossref():
    article, journal, chapter = read(CROSSREF)
    assert article == Paper(
        id="doi:10.1000/cross",
        title="Crossed Lamps: And references",
        abstract="<p>They cross.</p>",
        authors=("Ada Ode", "LAMP"),
        published=MARCH_9,
        url="https://lamps.example/cross",
        doi="10.1000/cross",
    )
    assert journal == Skipped(2, "the record describes a journal, not a paper")
    assert (chapter.id, chapter.title) == ("doi:10.1000/book.1", "Chapter One")


def test_datacite():
    assert list(read(DATACITE)) == [
        Paper(
            id="doi:10.1000/data.1",
            title="Lamps: A report",
            abstract="We report.",
            authors=("Ada Ode", "LAMP Group"),
            categories=("lamps",),
            published=MARCH_9,
            doi="10.1000/DATA.1",
        )
    ]


@pytest.mark.parametrize("kind", [b"Dataset", b"Software", b"Image"])
def test_datacite_also_holds_what_is_no_paper(kind):
    (entry,) = read(DATACITE.replace(b'General="Report"', b'General="' + kind + b'"'))
    assert entry == Skipped(1, f"DataCite calls this a {kind.decode()}, not a text", "10.1000/DATA.1")


def test_ieee():
    (paper,) = read(IEEE)
    assert (paper.id, paper.title, paper.abstract) == ("doi:10.1000/ieee.1", "Passive Lamps", "They sit.")
    assert (paper.authors, paper.published) == (("Ada Ode",), datetime(2026, 3, 1, tzinfo=UTC))


def test_osti():
    (paper,) = read(OSTI)
    assert (paper.id, paper.title, paper.abstract) == ("url:https://osti.example/biblio/99", "Lamps of State", "")
    assert (paper.authors, paper.categories) == (("Ode, Ada", "Poe, Bo"), ("lamps", "light"))
    assert paper.published == MARCH_9


@pytest.mark.parametrize(
    "data",
    [b"<article><p>HTML5 has articles</p></article>", b"<resource/>", b"<publication/>", b"<rdf:RDF><item/></rdf:RDF>"],
)
def test_roots_that_others_use_too_need_a_mark(data):
    assert not matches(data)


def test_a_document_without_records_is_a_note():
    assert list(read(b"<PubmedArticleSet></PubmedArticleSet>")) == [Note("the document holds no records")]


def test_a_broken_record_costs_no_other():
    first, second, third, note = read(CROSSREF.replace(b"They cross.", b"They <b>cross & meet."))
    assert first.abstract == "<p>They <b>cross & meet.</b></p>"
    assert isinstance(second, Skipped)
    assert third.title == "Chapter One"
    assert isinstance(note, Note)
