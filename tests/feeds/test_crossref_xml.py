"""Crossref records: articles, chapters, and journals that are no papers."""

from datetime import UTC, datetime

from models.paper import Paper
from service.feeds.entries import Skipped
from service.feeds.publisher_xml import read
from tests.feeds.publisher_samples import CROSSREF

MARCH_9 = datetime(2026, 3, 9, tzinfo=UTC)


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
