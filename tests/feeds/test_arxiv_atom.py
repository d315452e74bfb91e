"""The arXiv API: every field, errors, empty answers."""

from datetime import UTC, datetime

from models.paper import Paper
from service.feeds.arxiv_atom import arxiv_categories, read
from service.feeds.entries import Note, Skipped
from tests.feeds.xml_samples import ARXIV_ATOM, ARXIV_ERROR


def test_every_field_of_a_paper():
    first, second = read(ARXIV_ATOM)
    assert first == Paper(
        id="arxiv:2603.09122",
        title="Lighthouse Scheduling for Sparse Expert Layers",
        abstract="We place experts where $p < 0.05$ of the tokens go. A second paragraph follows.",
        version=2,
        authors=("Ada Ode", "Bo Poe"),
        categories=("cs.DC", "cs.LG"),
        published=datetime(2026, 3, 9, 10, 11, 12, tzinfo=UTC),
        updated=datetime(2026, 3, 20, 8, tzinfo=UTC),
        url="http://arxiv.org/abs/2603.09122v2",
        comment="12 pages, 3 figures",
        doi="10.1000/Lamp.7",
    )
    assert (second.id, second.version, second.categories) == ("arxiv:quant-ph/0201999", 1, ("quant-ph",))


def test_an_error_is_a_note():
    assert list(read(ARXIV_ERROR)) == [Note("arXiv answered with an error: incorrect id format for lamp")]


def test_an_empty_answer_is_a_note():
    empty = b'<feed xmlns="http://www.w3.org/2005/Atom"><id>http://arxiv.org/api/x</id></feed>'
    assert list(read(empty)) == [Note("arXiv found no papers for this query")]


def test_an_entry_without_an_arxiv_id_costs_no_other():
    broken = ARXIV_ATOM.replace(b"<id>http://arxiv.org/abs/2603.09122v2</id>", b"<id>tag:lamps.example,2026:1</id>")
    first, second = read(broken)
    assert isinstance(first, Skipped)
    assert (first.position, first.id) == (1, "tag:lamps.example,2026:1")
    assert second.id == "arxiv:quant-ph/0201999"


def test_an_entry_without_title_and_abstract_is_skipped():
    bare = b"<feed><entry><id>http://arxiv.org/abs/2603.00001v1</id></entry></feed>"
    (entry,) = read(bare)
    assert isinstance(entry, Skipped)
    assert entry.id == "arxiv:2603.00001"


def test_namespaces_declared_on_each_element_are_read_too():
    # So the API wrote them until 2023.
    old = ARXIV_ATOM.replace(b"<arxiv:comment>", b'<arxiv:comment xmlns:arxiv="http://arxiv.org/schemas/atom">')
    assert next(read(old)).comment == "12 pages, 3 figures"


def test_only_arxiv_categories_count():
    assert arxiv_categories(["cs.DC", " hep-th", "68T05", "I.2.7", "cs.DC", "", "Lamps"]) == ("cs.DC", "hep-th")
