"""BibTeX with `keywords`, as biblatex and reference managers read it (biblatex manual, 2.2.2)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import BinaryIO

from bibtexparser.library import Library
from bibtexparser.model import Entry, Field
from bibtexparser.writer import write as written

from service.out.citation import arxiv_number, automatic_note, day_of, keywords
from service.out.latex import latex, verbatim
from service.out.names import ThemeNames
from service.out.text import legal_line, web_url
from service.store import StoredPaper

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9:./+_-]+")
_LONGEST_KEY = 120
_NEEDS_BRACES = re.compile(r",|\band\b|^\s*others\s*$", re.IGNORECASE)


def write(papers: Iterable[StoredPaper], names: ThemeNames, target: BinaryIO) -> int:
    """The number of papers written, an entry each; no two have one key."""
    count = 0
    for stored in papers:
        target.write(_entry(stored, names).encode("utf-8"))
        count += 1
    return count


def citation_key(paper_id: str) -> str:
    """The paper's id as a key: itself where BibTeX can take it, else its letters and 8 hex digits of its sha256."""
    key = _NOT_IN_KEYS.sub("-", paper_id)[:_LONGEST_KEY]
    if key == paper_id:
        return key
    return f"{key}-{hashlib.sha256(paper_id.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _entry(stored: StoredPaper, names: ThemeNames) -> str:
    fields = {name: value for name, value in _fields(stored, names).items() if value}
    kind = "article" if stored.paper.doi and not arxiv_number(stored.paper) else "misc"
    block = Entry(kind, citation_key(stored.paper.id), [Field(n, _enclosed(n, v)) for n, v in fields.items()])
    return f"{written(Library([block]))}\n"


def _enclosed(name: str, value: str) -> str:
    return value if name == "month" else f"{{{value}}}"  # months are macros of BibTeX, without braces


def _fields(stored: StoredPaper, names: ThemeNames) -> dict[str, str]:
    paper, day = stored.paper, day_of(stored.paper)
    number = arxiv_number(paper)
    return {
        "title": latex(paper.title),
        "author": " and ".join(map(_author, filter(None, map(legal_line, paper.authors)))),
        "year": f"{day.year:04d}" if day else "",
        "month": _MONTHS[day.month - 1] if day else "",
        "day": str(day.day) if day else "",
        "eprint": number,
        "archiveprefix": "arXiv" if number else "",
        "primaryclass": verbatim(paper.categories[0]) if number and paper.categories else "",
        "doi": verbatim(paper.doi),
        "url": verbatim(web_url(paper.url)),
        "abstract": latex(paper.abstract),
        "note": latex(paper.comment),
        "keywords": ", ".join(latex(keyword.label).replace(",", " ") for keyword in keywords(stored, names)),
        "x-keywords": latex(automatic_note(stored)),
    }


def _author(name: str) -> str:
    written = latex(name)
    return f"{{{written}}}" if _NEEDS_BRACES.search(name) else written
