"""Publishers' XML as a whole: which documents it takes, IEEE and OSTI, broken records."""

from datetime import UTC, datetime

import pytest

from service.feeds.entries import Note, Skipped
from service.feeds.publisher_xml import matches, read
from tests.feeds.publisher_samples import CROSSREF, IEEE, OSTI

MARCH_9 = datetime(2026, 3, 9, tzinfo=UTC)


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
