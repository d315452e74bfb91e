"""arXiv's old listings: what stands in the title, authors as links."""

import pytest

from models.paper import Paper
from service.feeds.entries import Note, Skipped
from service.feeds.rdf import NO_PAPERS, matches, read
from tests.feeds.xml_samples import ARXIV_RDF, RSS_10


def test_every_field_of_a_paper():
    first, second = read(ARXIV_RDF)
    assert first == Paper(
        id="arxiv:1501.00001",
        title="Learning to Keep a Light",
        abstract=r"Keepers learn with $0.1<\eta$ from few storms.",
        version=2,
        authors=("Ada Ode", "Bo Poé"),
        categories=("cs.LG",),
        url="http://arxiv.org/abs/1501.00001",
    )
    assert (second.id, second.version) == ("arxiv:hep-th/0501002", 1)
    assert (second.title, second.authors) == ("Strings of Lamps", ("Cy Roe", "Di Soe"))


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        (b"Why? (arXiv:1501.00001v1 [cs.LG])", "Why?"),
        (b"Lamps (and keepers). (arXiv:1501.00001v1 [cs.LG])", "Lamps (and keepers)"),
        (b"Wait... (arXiv:1501.00001)", "Wait.."),
        (b"No suffix.", "No suffix."),
    ],
)
def test_the_suffix_goes_with_the_full_stop_before_it(title, kept):
    data = ARXIV_RDF.replace(b"Learning to Keep a Light. (arXiv:1501.00001v2 [cs.LG] UPDATED)", title)
    paper = next(read(data))
    assert (paper.id, paper.title) == ("arxiv:1501.00001", kept)


def test_items_of_other_feeds_are_skipped():
    (entry,) = read(RSS_10)
    assert isinstance(entry, Skipped)
    assert "syndication" in entry.reason
    assert not matches(RSS_10)


def test_a_day_without_papers_is_a_note():
    assert list(read(b'<rdf:RDF xmlns:rdf="r"><channel/></rdf:RDF>')) == [Note(NO_PAPERS)]
