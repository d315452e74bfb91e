"""Our own JSON Lines, one `Paper.to_json` object a line, and any other JSON that holds papers.

Our own records come back exactly as they were written. Everything else goes through `loose`: papers
under other names (`summary`, `date_published`, ...), lists of them, and documents that hold them
under a key such as `papers`, `items` or `results`. schema.org descriptions (JSON-LD) are among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import BinaryIO

from models.errors import InputError
from models.paper import Paper, arxiv_id
from service.feeds.entries import Entry, Skipped
from service.feeds.identity import one_line, paper_id
from service.feeds.json_input import Record, json_entries
from service.feeds.json_shape import looks_like_json
from service.feeds.loose import ALIASES, loose_paper, plain_text, squeezed

_CONTAINERS = (
    *("papers", "items", "results", "entries", "records", "articles", "works", "documents", "docs"),
    *("response.docs", "hits.hits", "@graph", "data"),
)
_OWN = frozenset(field.name for field in fields(Paper))
_OTHERS = frozenset(name for names in ALIASES.values() for name in names) - _OWN
# What services answer with instead of a paper.
_ERRORS = ("error", "message", "detail", "errors")
_LONGEST_MESSAGE = 200
_LISTS = ("authors", "categories")


def matches(head: bytes) -> bool:
    """Whether a feed beginning with `head` is JSON of any kind; ask the more particular formats first."""
    return looks_like_json(head)


def read_stream(stream: BinaryIO) -> Iterator[Entry]:
    """The papers of a JSON feed one by one; memory stays flat for JSON Lines.

    Raises:
        FeedError: it is not JSON at all.
    """
    return json_entries(stream, _CONTAINERS, paper_of)


def paper_of(position: int, record: Record) -> Entry:
    """The paper of one record: as it was written if it is one of ours, else by the names of its fields."""
    if _is_own(record):
        try:
            return _own(record)
        except InputError:
            pass  # a field of another type than ours: not written by us after all
    entry = loose_paper(position, record)
    answer = next((text for key in _ERRORS if (text := plain_text(record.get(key)))), "")
    if isinstance(entry, Skipped) and answer:
        return Skipped(position, f"no paper but a message: {one_line(answer)[:_LONGEST_MESSAGE]}", entry.id)
    return entry


def _is_own(record: Record) -> bool:
    if not (record.get("id") and (record.get("title") or record.get("abstract"))):
        return False
    if not all(isinstance(record.get(name, []), list) for name in _LISTS):
        return False  # "A. Author, B. Author" is a way to write two
    return not any(squeezed(name) in _OTHERS for name in record if name not in _OWN)


def _own(record: Record) -> Paper:
    paper = Paper.from_json(record)
    known = arxiv_id(paper.id)
    version = paper.version or (known[1] if known else None)
    return replace(paper, id=paper_id(own=paper.id), version=version)
