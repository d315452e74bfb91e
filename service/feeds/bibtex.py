r"""BibTeX and BibLaTeX libraries, read with bibtexparser, whose splitter goes on after broken entries.

LaTeX stays in titles and abstracts; authors are for display only and lose it. Entries that repeat a
key are entries all the same. Fields by http://mirrors.ctan.org/biblio/bibtex/base/btxdoc.pdf, those
of preprints (`eprint`, `archiveprefix`, `eprinttype`, `primaryclass`) by BibLaTeX's manual and
https://info.arxiv.org/help/hypertex/bibstyles/index.html.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from bibtexparser.exceptions import ParserStateException
from bibtexparser.library import Library
from bibtexparser.middlewares.enclosing import RemoveEnclosingMiddleware
from bibtexparser.middlewares.names import parse_single_name_into_parts, split_multiple_persons_names
from bibtexparser.model import Block, ParsingFailedBlock
from bibtexparser.model import Entry as BibEntry
from bibtexparser.splitter import Splitter

from models.errors import FeedError
from models.paper import arxiv_id
from models.text import clean
from service.feeds.assemble import assemble
from service.feeds.dates import date_of, parse_date
from service.feeds.entries import EMPTY, Entry, Skipped
from service.feeds.identity import one_line
from service.feeds.lookahead import until_damage
from service.feeds.text_input import decode, doubts, is_too_large, open_text, rest_of

_ENTRY = re.compile(
    r"^[ \t]{0,40}@[ \t]{0,9}(?:"
    r'[A-Za-z]{1,30}[ \t]{0,9}\{\s{0,99}[^\s{}(),="]{0,300}\s{0,99},|'
    r"(?:string|comment|preamble)[ \t]{0,9}[{(]|"
    r"(?:article|book|in(?:book|collection|proceedings)|misc|online|techreport|phdthesis|unpublished)[ \t]{0,9}[{(])",
    re.MULTILINE | re.IGNORECASE,
)
# Google Scholar and others put the number of a preprint where the journal belongs.
_ARXIV_IN_JOURNAL = re.compile(
    r"\barxiv(?:\.org/(?:abs|pdf|html)/|[\s:/]{1,3})"
    r"((?:\d{4}\.\d{4,5}|[a-z-]{2,12}(?:\.[a-z]{2})?/\d{7})(?:v\d{1,2})?)",
    re.IGNORECASE,
)
_LONGEST_NAME = 300  # characters; the parser of names takes the square of what is no name at all
_ENCLOSING = RemoveEnclosingMiddleware()

# Broken entries are told to the caller; the library would log each of them as well.
logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)


def matches(head: bytes) -> bool:
    """Whether a feed beginning with `head` has a BibTeX entry in its first part."""
    return _ENTRY.search(decode(head)) is not None


def read_stream(stream: BinaryIO) -> Iterator[Entry]:
    """The entries of a BibTeX library as papers; its position is the line an entry begins on.

    Raises:
        FeedError: it is no BibTeX, or too long to be read as a whole.
    """
    with until_damage(stream) as (source, _):
        text = open_text(source)
        yield from doubts(text)
        yield from _library(rest_of(text, "a BibTeX library"))


def _library(library: str) -> Iterator[Entry]:
    try:
        blocks = Splitter(library).split()
    except ParserStateException as error:
        raise FeedError(f"BibTeX that cannot be taken apart: {error}") from None
    entries = [entry for block in blocks.blocks for entry in _entries(block, blocks)]
    if not entries and "@" not in library:
        raise FeedError("no BibTeX: there is no '@' in it, with which every entry begins")
    yield from entries or [EMPTY]


def _entries(block: Block, library: Library) -> list[Entry]:
    line = (block.start_line or 0) + 1
    if isinstance(block, ParsingFailedBlock):
        inner = block.ignore_error_block
        if not isinstance(inner, BibEntry):
            return [Skipped(line, f"a broken BibTeX entry: {one_line(str(block.error))}", _key(block.raw or ""))]
        block = inner
    return [_entry(line, block, library)] if isinstance(block, BibEntry) else []


def _key(raw: str) -> str:
    found = re.match(r"@\s{0,9}\w{1,30}\s{0,9}[{(]\s{0,99}([^\s{}(),=]{1,300})", raw)
    return found[1] if found else ""


def _entry(line: int, block: BibEntry, library: Library) -> Entry:
    if is_too_large(block.raw or ""):
        return Skipped(line, "a BibTeX entry over 1 MiB: too large for one paper", block.key)
    fields = _fields(block, library)
    return assemble(
        line,
        arxiv=_arxiv(fields),
        doi=_plain(fields.get("doi", "")),
        url=_plain(fields.get("url", "")),
        own=block.key,
        title=fields.get("title") or _book_title(block, fields),
        abstract=fields.get("abstract", ""),
        authors=_authors(fields.get("author", "")),
        categories=[_plain(fields.get("primaryclass") or fields.get("eprintclass") or "")],
        published=parse_date(_plain(fields.get("date", "")))
        or date_of(_plain(fields.get("year", "")), _plain(fields.get("month", "")), _plain(fields.get("day", ""))),
        comment=fields.get("note", ""),
    )


def _book_title(block: BibEntry, fields: Mapping[str, str]) -> str:
    is_book = block.entry_type.lower() in ("book", "collection", "inbook", "proceedings")
    return fields.get("booktitle", "") if is_book else ""


def _fields(block: BibEntry, library: Library) -> dict[str, str]:
    """Field values by lower-case name, macros put in and braces or quotes taken off; the first of two counts."""
    macros = {key.lower(): string.value for key, string in library.strings_dict.items()}
    for field in block.fields:
        field.value = macros.get(str(field.value).lower(), field.value)
    bare = _ENCLOSING.transform_entry(block, library)
    fields: dict[str, str] = {}
    for field in bare.fields:
        fields.setdefault(field.key.lower(), _without_braces(str(field.value)))
    return fields


def _without_braces(value: str) -> str:
    """`"{Deep Learning}"` loses its second pair too: it protects capitals and is nothing to display."""
    text = one_line(value)
    whole = text.startswith("{") and text.endswith("}") and text.count("{") == text.count("}") == 1
    return text[1:-1] if whole else text


def _plain(value: str) -> str:
    # Underscores and the like are escaped in fields that are no text; a URL may be wrapped in its command.
    return value.replace("\\_", "_").replace("\\%", "%").replace("\\&", "&").removeprefix("\\url{").strip("{} ")


def _arxiv(fields: Mapping[str, str]) -> str:
    eprint = _plain(fields.get("eprint", ""))
    archive = (fields.get("archiveprefix") or fields.get("eprinttype") or "arxiv").lower()
    if archive == "arxiv" and arxiv_id(eprint):
        return eprint
    found = (
        _ARXIV_IN_JOURNAL.search(fields.get(name, "")) for name in ("journal", "journaltitle", "howpublished", "url")
    )
    return next((match[1] for match in found if match), "")


def _authors(people: str) -> list[str]:
    return [_author(name) for name in split_multiple_persons_names(people)]


def _author(name: str) -> str:
    if len(name) > _LONGEST_NAME or name.startswith("{"):
        return clean(name)
    parts = parse_single_name_into_parts(name, strict=False)
    return clean(" ".join([*parts.first, *parts.von, *parts.last, *parts.jr]))
