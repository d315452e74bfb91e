"""PubMed citations and book chapters."""

from datetime import UTC, datetime

import pytest

from models.paper import Paper
from service.feeds.entries import Skipped
from service.feeds.publisher_xml import read
from tests.feeds.publisher_samples import PUBMED

MARCH_9 = datetime(2026, 3, 9, tzinfo=UTC)


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


@pytest.mark.parametrize(
    ("date", "year"),
    [(b"<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", 1998), (b"<Year>2001</Year><Season>Fall</Season>", 2001)],
)
def test_vague_dates_keep_their_year(date, year):
    issue = b"<Journal><JournalIssue><PubDate>" + date + b"</PubDate></JournalIssue></Journal>"
    start = b"<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article>"
    (paper,) = read(
        start + issue + b"<ArticleTitle>t</ArticleTitle></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"
    )
    assert paper.published == datetime(year, 1, 1, tzinfo=UTC)
