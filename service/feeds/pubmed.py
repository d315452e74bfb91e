"""Citations as PubMed exports them: https://www.nlm.nih.gov/bsd/licensee/elements_descriptions.html."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element

from service.feeds.assemble import assemble
from service.feeds.dates import date_of, parse_date
from service.feeds.entries import Entry
from service.feeds.jats import personal_name
from service.feeds.xml_tree import Fields, descend, fields, first, line, markup

PAGE = "https://pubmed.ncbi.nlm.nih.gov/"
"""Where PubMed shows a citation, followed by its number."""


def pubmed(position: int, record: Element, own: str = "") -> Entry:
    """The paper of a `<PubmedArticle>` or the chapter of a `<PubmedBookArticle>`, or why there is none."""
    outer = fields(record)
    citation = fields(first(outer, "MedlineCitation", "BookDocument"))
    article = fields(first(citation, "Article")) or citation
    number = line(first(citation, "PMID"))
    return assemble(
        position,
        doi=_doi(outer, article),
        url=f"{PAGE}{number}/" if number.isdigit() else "",
        own=own,
        title=markup(first(article, "ArticleTitle")) or markup(first(article, "VernacularTitle")),
        abstract=_abstract(article),
        authors=_authors(article),
        categories=[line(word) for words in citation.get("KeywordList", ()) for word in words],
        published=_published(article),
    )


def _doi(outer: Fields, article: Fields) -> str:
    listed = descend(first(outer, "PubmedData", "PubmedBookData"), "ArticleIdList")
    places = [*article.get("ELocationID", ()), *(listed if listed is not None else ())]
    return next((line(place) for place in places if "doi" in (place.get("EIdType"), place.get("IdType"))), "")


def _abstract(article: Fields) -> str:
    parts = fields(first(article, "Abstract")).get("AbstractText", [])
    said = ((part.get("Label", "").strip(), markup(part)) for part in parts)
    return " ".join(f"{label}: {wording}" if label else wording for label, wording in said if wording)


def _authors(article: Fields) -> Iterator[str]:
    for author in fields(first(article, "AuthorList")).get("Author", ()):
        group = line(descend(author, "CollectiveName"))
        yield group or personal_name(author, "ForeName", "LastName", "Suffix")


def _published(article: Fields) -> datetime | None:
    """The day it came out online, else the date of the issue, which may only be a season."""
    issue = descend(first(article, "Journal"), "JournalIssue", "PubDate")
    for element in (first(article, "ArticleDate"), issue, descend(first(article, "Book"), "PubDate")):
        found = fields(element)
        moment = date_of(*(line(first(found, name)) for name in ("Year", "Month", "Day")))
        moment = moment or parse_date(line(first(found, "MedlineDate"))[:4])
        if moment:
            return moment
    return None
