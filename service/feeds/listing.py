r"""An arXiv API listing as bare text: the Atom reply after something took its markup away.

Two flavours, told apart entry by entry:

    one field a line              separators lost
    http://arxiv.org/abs/ID       http://arxiv.org/abs/IDTITLEUPDATEDABSTRACTPUBLISHEDREST
    TITLE
    UPDATED                       (abstracts keep their line ends, nothing else does)
    ABSTRACT (one line or more)
    PUBLISHED
    COMMENT, JOURNAL REFERENCE, AUTHORS WITH AFFILIATIONS, DOI (each may be absent)

An entry is an abs URL followed by two times (`2026-03-10T09:34:33Z`), which tells it from URLs inside
abstracts and comments. Always recovered: id, version, title, abstract, both times, and a DOI at the
end. What cannot be recovered:

- Separators lost: where a comment ends and the authors begin, and where one author ends and the
  next begins ("Ada LovelaceCharles Babbage" splits well, "Ian McDonaldKim Lee" does not, and
  affiliations stand between). Authors stay empty; the run of both is kept, as it is, as `comment`.
- One field a line: what a line after the times is. Authors are given only if every line reads as a
  person's name, after at most two lines of comment, or if names alternate with affiliations that
  cannot be names; otherwise they stay empty and the lines are kept as `comment`. A comment of
  nothing but capitalised words that `bare_names` does not know would still pass for an author.
- Separators lost and the title begins with digits ("v13D Printing"): an entry whose two times agree
  is version 1, others have one digit, or two from 10 on.
- An abstract with a time in it: it is taken to end at the last time not after the update.
- The categories, which the API has in attributes only.

Notes say how many entries each of these concerned.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from models.words import counted
from service.feeds.assemble import assemble
from service.feeds.bare_names import authors_among
from service.feeds.dates import parse_date
from service.feeds.entries import EMPTY, MAX_ENTRY_BYTES, Entry, Note, Skipped
from service.feeds.identity import bare_doi
from service.feeds.listing_records import TIME, URL, records
from service.feeds.text_input import decode, doubts, open_text

_HEADER = re.compile(r"https?://(?:export\.)?arxiv\.org/api/\S{10}")
_DOI_AT_END = re.compile(r"10\.\d{4,9}/\S+(?: 10\.\d{4,9}/\S+){0,3}\Z")

_TOUCHING = "comment and authors run together: the authors were not read, both are kept as the comment"
_UNCERTAIN = (
    "comment, authors and affiliations cannot be told apart: the authors were not read, all is kept as the comment"
)
_BY_LOOKS = "authors, comment and affiliations were told apart by their looks: the format does not mark them"
_DIGITS = "version and title touch, and the title begins with a digit: which is which follows from the dates"
_TIMES = "a time inside the text: the abstract was taken to end at the last one not after the update"


class _Rest(NamedTuple):
    """What follows the two times of an entry, and the doubt there is about it ("" for none)."""

    comment: str = ""
    authors: tuple[str, ...] = ()
    doi: str = ""
    doubt: str = ""


def matches(head: bytes) -> bool:
    """Whether a feed beginning with `head` is a bare listing: the API's own address, or an entry."""
    text = decode(head).lstrip()
    entry = URL.match(text)
    return _HEADER.match(text) is not None or (entry is not None and TIME.search(text, entry.end()) is not None)


def read_stream(stream: BinaryIO) -> Iterator[Entry]:
    """The papers of a listing one by one, with flat memory; then notes on what could not be told."""
    text = open_text(stream)
    yield from doubts(text)
    concerned: Counter[str] = Counter()
    position = 0
    for position, record in enumerate(records(text), start=1):
        yield _too_large(position) if record is None else _entry(position, record, concerned)
    if not position:
        yield EMPTY
    for doubt, count in concerned.items():
        yield Note(f"{counted(count, 'entry', 'entries')}: {doubt}")


def _too_large(position: int) -> Skipped:
    return Skipped(position, f"over {MAX_ENTRY_BYTES >> 20} MiB: too large for one paper")


def _entry(position: int, record: str, concerned: Counter[str]) -> Entry:
    url = URL.match(record)
    times = list(TIME.finditer(record, url.end() if url else 0))
    if url is None or len(times) < 2:
        return Skipped(position, f"an entry has two times (updated, published), this one {len(times)}", _name(url))
    updated, published = times[0], _published(times)
    on_lines = record.startswith("\n", url.end())
    version, digits = _version(url["digits"] or "", on_lines=on_lines, is_first=updated[0] == published[0])
    rest = (_rest_of_lines if on_lines else _rest_of_run)(record[published.end() :].strip())
    concerned.update(filter(None, (rest.doubt, _DIGITS if digits else "", _TIMES if len(times) > 2 else "")))
    return assemble(
        position,
        arxiv=url["id"],
        url=f"http://arxiv.org/abs/{url['id']}" + (f"v{version}" if version else ""),
        version=version,
        title=digits + record[url.end() : updated.start()],
        updated=parse_date(updated[0]),
        abstract=record[updated.end() : published.start()],
        published=parse_date(published[0]),
        comment=rest.comment,
        authors=rest.authors,
        doi=rest.doi,
    )


def _name(url: re.Match[str] | None) -> str:
    return f"arxiv:{url['id']}" if url else ""


def _published(times: list[re.Match[str]]) -> re.Match[str]:
    # ISO times of one form compare as text.
    return next((time for time in reversed(times[1:]) if time[0] <= times[0][0]), times[1])


def _version(digits: str, *, on_lines: bool, is_first: bool) -> tuple[int | None, str]:
    """The version, and the digits that belong to the title."""
    two_digits = digits.startswith("1") and not is_first
    length = len(digits) if on_lines else 2 if two_digits else 1
    version = digits[:length]
    return int(version) if version and len(version) < 4 else None, digits[length:]


def _rest_of_run(text: str) -> _Rest:
    found = _DOI_AT_END.search(text)
    run = text[: found.start()] if found else text
    return _Rest(run, (), bare_doi(found[0].split(" ")[0]) if found else "", _TOUCHING if run else "")


def _rest_of_lines(text: str) -> _Rest:
    rest = [line.strip() for line in text.splitlines() if line.strip()]
    doi = bare_doi(rest[-1].split(" ")[0]) if rest and _DOI_AT_END.fullmatch(rest[-1]) else ""
    rest = rest[:-1] if doi else rest
    comment, authors = authors_among(rest)
    doubt = _BY_LOOKS if authors else _UNCERTAIN if rest else ""
    return _Rest("; ".join(comment), authors, doi, doubt)
