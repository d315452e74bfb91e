"""Items for Zotero's API and import, tags with type 1 where a machine gave them.

Fields by https://api.zotero.org/schema and https://www.zotero.org/support/dev/web_api/v3/write_requests;
a request may hold 50 items. Type 1 is what Zotero shows as an automatic tag and can hide or delete.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

from service.out.citation import Keyword, Person, arxiv_number, automatic_note, day_of, keywords, people
from service.out.jsonl import write_list
from service.out.names import ThemeNames
from service.out.text import legal, legal_line, web_url
from service.store import StoredPaper


def write(papers: Iterable[StoredPaper], names: ThemeNames, target: BinaryIO) -> int:
    """The number of papers written, as one list of items."""
    return write_list((_item(stored, names) for stored in papers), target)


def _item(stored: StoredPaper, names: ThemeNames) -> dict[str, Any]:
    paper, day, number = stored.paper, day_of(stored.paper), arxiv_number(stored.paper)
    is_article = bool(paper.doi) and not number
    item: dict[str, Any] = {
        "itemType": "journalArticle" if is_article else "preprint",
        "title": legal_line(paper.title),
        "creators": list(map(_creator, people(paper))),
        "abstractNote": legal(paper.abstract),
        "date": f"{day:%Y-%m-%d}" if day else "",
        "DOI": legal_line(paper.doi),
        "url": web_url(paper.url),
        "extra": _extra(stored),
        "tags": [_tag(keyword) for keyword in keywords(stored, names)],
        "collections": [],
        "relations": {},
    }
    return item if is_article else item | _preprint(number)


def _preprint(number: str) -> dict[str, str]:
    return {"repository": "arXiv", "archiveID": f"arXiv:{number}"} if number else {}


def _creator(person: Person) -> dict[str, str]:
    if not person.family:
        return {"creatorType": "author", "name": person.whole}
    given = f"{person.given}, {person.suffix}" if person.suffix else person.given
    return {"creatorType": "author", "firstName": given, "lastName": person.family}


def _tag(keyword: Keyword) -> dict[str, Any]:
    return {"tag": keyword.label, "type": 1} if keyword.automatic else {"tag": keyword.label}


def _extra(stored: StoredPaper) -> str:
    lines = [f"Paperwire: {legal_line(stored.paper.id)}", automatic_note(stored), legal_line(stored.paper.comment)]
    return "\n".join(filter(None, lines))
