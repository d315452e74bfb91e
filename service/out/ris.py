"""RIS with a `KW` line a tag, written by rispy (https://en.wikipedia.org/wiki/RIS_(file_format))."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

from rispy import RisWriter

from service.out.citation import Person, arxiv_number, automatic_note, day_of, keywords, people
from service.out.names import ThemeNames
from service.out.text import legal_line, web_url
from service.store import StoredPaper


class _Writer(RisWriter):  # type: ignore[misc]
    """rispy's writer without the numbers it puts before records, which other programs stumble over."""

    def set_header(self, count: int) -> str:  # noqa: ARG002 (as the library has it)
        return ""


def write(papers: Iterable[StoredPaper], names: ThemeNames, target: BinaryIO) -> int:
    """The number of papers written, a record each."""
    writer, count = _Writer(), 0
    for stored in papers:
        target.write(f"{writer.formats([_record(stored, names)])}\n".encode())
        count += 1
    return count


def _record(stored: StoredPaper, names: ThemeNames) -> dict[str, Any]:
    paper, day, number = stored.paper, day_of(stored.paper), arxiv_number(stored.paper)
    record: dict[str, Any] = {
        "type_of_reference": "JOUR" if paper.doi and not number else "UNPB",
        "id": legal_line(paper.id),
        "title": legal_line(paper.title),
        "authors": list(map(_author, people(paper))),
        "year": f"{day.year:04d}" if day else "",
        "date": f"{day.year:04d}/{day.month:02d}/{day.day:02d}/" if day else "",
        "abstract": legal_line(paper.abstract),
        "doi": legal_line(paper.doi),
        "urls": [url] if (url := web_url(paper.url)) else [],
        "accession_number": f"arXiv:{number}" if number else "",
        "name_of_database": "arXiv" if number else "",
        "keywords": [keyword.label for keyword in keywords(stored, names)],
        "notes": [line for line in (legal_line(paper.comment), automatic_note(stored)) if line],
    }
    return {name: value for name, value in record.items() if value}


def _author(person: Person) -> str:
    parts = (person.family, person.given, person.suffix)
    return ", ".join(filter(None, parts)) if person.family else person.whole
