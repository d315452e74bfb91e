"""JATS articles: titles and abstracts with markup, people, dates."""

from datetime import UTC, datetime

import pytest

from models.paper import Paper
from service.feeds.entries import Skipped
from service.feeds.publisher_xml import read
from tests.feeds.publisher_samples import JATS

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


def article(meta):
    return b"<article><front><article-meta>" + meta + b"</article-meta></front></article>"


@pytest.mark.parametrize(
    ("dates", "day"),
    [
        (b"<pub-date><year>2026</year></pub-date>", (2026, 1, 1)),
        (b"<pub-date><year>2026</year></pub-date><pub-date><year>2026</year><month>5</month></pub-date>", (2026, 5, 1)),
        (b'<pub-date iso-8601-date="2026-03-09"/>', (2026, 3, 9)),
        (b"<pub-date><string-date>9 March 2026</string-date></pub-date>", (2026, 3, 9)),
        (b"", None),
    ],
)
def test_the_most_exact_date_counts(dates, day):
    (paper,) = read(article(b"<title-group><article-title>t</article-title></title-group>" + dates))
    assert paper.published == (datetime(*day, tzinfo=UTC) if day else None)


def test_an_alternative_title_will_do():
    (paper,) = read(article(b"<title-group><article-title/><alt-title>Short</alt-title></title-group>"))
    assert paper.title == "Short"


def test_an_article_without_metadata_is_skipped():
    (entry,) = read(b"<article><front/></article>")
    assert isinstance(entry, Skipped)
    assert "article-meta" in entry.reason


def test_a_tex_document_around_a_formula_goes():
    tex = rb"<tex-math>\documentclass{x} \begin{document} $a^2$ \end{document}</tex-math>"
    (paper,) = read(article(b"<title-group><article-title>On " + tex + b"</article-title></title-group>"))
    assert paper.title == "On $a^2$"
