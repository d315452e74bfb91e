"""The entries of a bare arXiv listing, cut apart; `listing` says what that format is."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import pairwise

from service.feeds.entries import MAX_ENTRY_BYTES

URL = re.compile(
    r"https?://(?:export\.)?arxiv\.org/abs/"
    r"(?P<id>\d{4}\.\d{4,5}|[a-z-]{2,12}(?:\.[A-Za-z-]{2,10})?/\d{7})"
    r"(?:v(?P<digits>\d+?)(?=\d{4}-\d\d-\d\dT|\D|\Z)|(?=\s))"
)
"""The URL an entry begins with; where separators are lost its version's digits may run into the title."""

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
"""A time as the API writes it. Years have four digits, so that a title may end in one."""

# A URL in a sentence stands free on both sides; one that touches a word or stands alone on its line does not.
_BEFORE = re.compile(r"[\w.)]")
_AFTER = re.compile(r"(?!\d{4}-\d\d-\d\dT)[\w$\\“‘(\[]|[ \t]*(?:\n|\Z)")
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

    An entry is a URL and two times. A URL that touches a word begins one if a time follows. One
    alone on its line may still belong to an abstract: it begins an entry if two times follow, or if
    the entry before it is complete and one follows (an entry that lacks a time).
    """
    starts: list[int] = []
    before = 2
    for start, touches, times in _urls(text, whole=whole):
        if times >= 2 or (times and (touches or before >= 2)):
            starts.append(start)
            before = times
        else:
            before += times
    return starts


def _urls(text: str, *, whole: bool) -> list[tuple[int, bool, int]]:
    """The offset of each URL outside a sentence, whether it touches a word, and the times up to the next."""
    found: list[tuple[int, bool, int]] = []
    for mark in _MARK.finditer(text):
        if mark["id"]:
            touches = _touches(text, mark)
            if touches is not None:
                found.append((mark.start(), touches, 0))
        elif found:
            start, touches, times = found[-1]
            found[-1] = (start, touches, times + 1)
    return found if whole else found[:-1]


def _touches(text: str, mark: re.Match[str]) -> bool | None:
    """Whether a URL touches a word; None for one inside a sentence."""
    after = _AFTER.match(text, mark.end())
    alone = after is not None and not after[0].strip() and (mark.start() == 0 or text[mark.start() - 1] == "\n")
    if alone:
        return False
    touches = _BEFORE.match(text, mark.start() - 1) if mark.start() else None
    return True if touches or (after and after[0].strip()) else None
