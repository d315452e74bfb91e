import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.paper import Paper
from service.feeds.assemble import assemble
from service.feeds.entries import MAX_ENTRY_BYTES, Skipped
from service.feeds.identity import one_line, paper_id


def test_the_loose_parts_become_one_line_each():
    paper = assemble(
        1,
        own="k1",
        title=" Quorum\n  leases ",
        abstract="We\trevisit\n\n leases.",
        authors=["Ada  Vane", "", "Ada Vane", "Bo Lund"],
        categories=iter(["cs.DC", "cs.DC", " cs.LG"]),
        comment="12\npages",
    )
    assert paper == Paper(
        id="k1",
        title="Quorum leases",
        abstract="We revisit leases.",
        authors=("Ada Vane", "Bo Lund"),
        categories=("cs.DC", "cs.LG"),
        comment="12 pages",
    )


@pytest.mark.parametrize(
    ("parts", "version"),
    [
        ({"arxiv": "2602.01234v2"}, 2),
        ({"url": "http://arxiv.org/abs/2602.01234v3"}, 3),
        ({"own": "oai:arXiv.org:2602.01234v4"}, 4),
        ({"arxiv": "2602.01234v2", "version": 7}, 7),
        ({"arxiv": "2602.01234"}, None),
    ],
)
def test_the_version_is_the_one_given_or_the_one_in_the_reference(parts, version):
    paper = assemble(1, title="Quorum leases", **parts)
    assert (paper.id, paper.version) == ("arxiv:2602.01234", version)


def test_a_doi_that_is_none_is_left_out():
    assert assemble(1, title="Leases", doi="n/a").doi == ""
    assert assemble(1, title="Leases", doi="doi:10.1000/ABC").doi == "10.1000/ABC"


def test_papers_without_identifiers_are_told_apart_by_their_wording():
    first, second = (assemble(1, title="Editorial", abstract=text) for text in ("On logs.", "On leases."))
    again = assemble(9, title="EDITORIAL", abstract="On  logs.")
    assert first.id == again.id != second.id
    assert assemble(1, title="Editorial").id == paper_id(title="Editorial")


@pytest.mark.parametrize("parts", [{}, {"title": " ", "abstract": "\n"}, {"authors": ["Ada Vane"]}])
def test_without_words_there_is_nothing_to_tag(parts):
    assert assemble(3, own="k1", **parts) == Skipped(3, "neither a title nor an abstract: nothing to tag", "k1")


def test_the_limit_holds_for_title_and_abstract():
    for name in ("title", "abstract"):
        assert isinstance(assemble(1, own="k", **{name: "ü" * MAX_ENTRY_BYTES}), Skipped)
        assert isinstance(assemble(1, own="k", **{name: "x" * MAX_ENTRY_BYTES}), Paper)


@given(st.text(), st.text(), st.text(), st.lists(st.text()))
def test_any_texts_are_a_whole_paper_or_skipped(own, title, abstract, authors):
    entry = assemble(1, own=own, title=title, abstract=abstract, authors=authors)
    if isinstance(entry, Paper):
        assert entry.id and (entry.title or entry.abstract)
        assert Paper.from_json(entry.to_json()) == entry
    else:
        assert not one_line(title + abstract)
