"""CSL-JSON with `keyword` (https://github.com/citation-style-language/schema, csl-data.json)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

from service.out.citation import Person, arxiv_number, automatic_note, day_of, keywords, people
from service.out.jsonl import write_list
from service.out.names import ThemeNames
from service.out.text import legal_line, web_url
from service.store import StoredPaper


def write(papers: Iterable[StoredPaper], names: ThemeNames, target: BinaryIO) -> int:
    """The number of papers written, as one list of items."""
    return write_list((_item(stored, names) for stored in papers), target)


def _item(stored: StoredPaper, names: ThemeNames) -> dict[str, Any]:
    paper, day, number = stored.paper, day_of(stored.paper), arxiv_number(stored.paper)
    item: dict[str, Any] = {
        "id": legal_line(paper.id),
        "type": "article-journal" if paper.doi and not number else "article",
        "title": legal_line(paper.title),
        "author": list(map(_name, people(paper))),
        "issued": {"date-parts": [[day.year, day.month, day.day]]} if day else None,
        "abstract": legal_line(paper.abstract),
        "DOI": legal_line(paper.doi),
        "URL": web_url(paper.url),
        "archive": "arXiv" if number else "",
        "archive_location": number,
        "number": f"arXiv:{number}" if number else "",
        "categories": list(filter(None, map(legal_line, paper.categories))),
        "keyword": ", ".join(keyword.label.replace(",", " ") for keyword in keywords(stored, names)),
        "note": legal_line(paper.comment),
        "custom": {"keyword-source": note} if (note := automatic_note(stored)) else None,
    }
    return {name: value for name, value in item.items() if value}


def _name(person: Person) -> dict[str, str]:
    if not person.family:
        return {"literal": person.whole}
    parts = {"family": person.family, "given": person.given, "suffix": person.suffix}
    return {name: value for name, value in parts.items() if value}
