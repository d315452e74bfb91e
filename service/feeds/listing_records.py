"""The entries of a bare arXiv listing, cut apart; `listing` says what that format is."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import pairwise

from service.feeds.entries import MAX_ENTRY_BYTES

URL = re.compile(
    r"https?://(?:export\.)?arxiv\.org/abs/"
    r"(?P<id>\d{4}\.\d{4,5}|[a-z-]{2,12}(?:\.[A-Za-z-]{2,10})?/\d{7})(?:v(?P<digits>\d+)|(?=\s))"
)
"""The URL an entry begins with; where separators are lost its version's digits may run into the title."""

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
"""A time as the API writes it. Years have four digits, so that a title may end in one."""

_MARK = re.compile(f"{URL.pattern}|{TIME.pattern}")
_CHUNK_CHARS = 1 << 20
_HOPELESS_CHARS = 4 * MAX_ENTRY_BYTES
_LONGEST_MARK = 200


def records(text: io.TextIOBase) -> Iterator[str | None]:
    """The texts of the entries, each from its URL to the next one's; None for one of several MiB.

    Memory stays flat however long the listing is.
    """
    kept = ""
    while chunk := text.read(_CHUNK_CHARS):
        kept += chunk
        starts = _starts(kept, whole=False)
        yield from (kept[start:end] for start, end in pairwise(starts))
        kept = kept[starts[-1] :] if starts else kept
        if len(kept) > _HOPELESS_CHARS:
            yield None
            kept = kept[-_LONGEST_MARK:]
    yield from (kept[start:end] for start, end in pairwise([*_starts(kept, whole=True), len(kept)]))


def _starts(text: str, *, whole: bool) -> list[int]:
    """Offsets of the URLs that begin an entry; the last URL of a text that goes on is left open.

    An entry is a URL and two times. A URL with two times of its own begins one; so does one that
    follows a complete entry and has at least one time, being an entry with a time missing. A URL
    inside an abstract has one time after it but an incomplete entry before it; one inside a comment
    has no time before the next URL.
    """
    starts: list[int] = []
    before = 2
    for start, times in _urls(text, whole=whole):
        if times >= 2 or (before >= 2 and times):
            starts.append(start)
            before = times
        else:
            before += times
    return starts


def _urls(text: str, *, whole: bool) -> list[tuple[int, int]]:
    """Each URL's offset, and how many times stand between it and the next."""
    found: list[tuple[int, int]] = []
    for mark in _MARK.finditer(text):
        if mark["id"]:
            found.append((mark.start(), 0))
        elif found:
            found[-1] = (found[-1][0], found[-1][1] + 1)
    return found if whole else found[:-1]
