"""Which format a feed is in, told from its first bytes; never from its name or content type."""

from __future__ import annotations

import re

from models.errors import FeedError
from service.feeds.lookahead import HEAD_BYTES
from service.feeds.registry import FORMATS, Family, reader
from service.feeds.text_input import decode
from service.feeds.xml_guard import sniffed

_SHOWN = 60

# What people do hand in that holds no papers we can read, and what to do about it.
_ROOTS = {
    "opml": "a subscription list (OPML): it names feeds and holds no papers; use `paperwire feeds import` for it",
    "html": "a web page (HTML), not a feed: look on it for a link to RSS, Atom or a download, and give that",
}
_MAGIC = (
    (b"%PDF", "a PDF: give its title and abstract as JSON, BibTeX or CSV"),
    (b"PK\x03\x04", "a zip archive (or an Office file, which is one): unpack it, or save the table as CSV"),
    (b"\xfd7zXZ\x00", "xz-compressed: unpack it, or compress it with gzip or zstd"),
    (b"BZh", "bzip2-compressed: unpack it, or compress it with gzip or zstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it"),
    (b"SQLite format 3\x00", "an SQLite database: export the table as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Office file: save the table as CSV"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)
_TEXTS = (
    (re.compile(r"\A\s*%[0A-Z] ", re.MULTILINE), "an EndNote export (Refer): export it as RIS or BibTeX"),
    (re.compile(r"^PMID- ?\d", re.MULTILINE), "a PubMed text export (MEDLINE): export it as RIS, or fetch it as XML"),
    (re.compile(r"^(?:FN |PT [A-Z]$)", re.MULTILINE), "a Web of Science export (ISI): export it as RIS or BibTeX"),
)
_ORDERS: dict[str, tuple[Family, ...]] = {"<": ("xml", "text", "json"), "{": ("json", "text"), "[": ("json", "text")}
_ORDER: tuple[Family, ...] = ("text", "xml", "json")


def sniff(head: bytes) -> str:
    """The name of the format a feed is in that begins with `head` (64 KiB are looked at).

    Raises:
        FeedError: no known format; the message says what was seen instead, and what to do.
    """
    head = head[:HEAD_BYTES]
    seen = _refused(head)
    if seen:
        raise FeedError(f"this is {seen}")
    for family in _families(head):
        for name, form in FORMATS.items():
            if form.family == family and reader(name).matches(head):
                return name
    raise FeedError(_unknown(head))


def _families(head: bytes) -> tuple[Family, ...]:
    if reader("parquet").matches(head):
        return ("binary",)
    return _ORDERS.get(decode(head[:_SHOWN]).lstrip()[:1], _ORDER)


def _refused(head: bytes) -> str:
    magic = next((what for start, what in _MAGIC if head.startswith(start)), "")
    document = sniffed(head)
    return magic or _ROOTS.get(document.root.lower() if document else "", "")


def _unknown(head: bytes) -> str:
    text = decode(head)
    if not text.strip():
        return "empty: there is nothing in this feed"
    seen = next((what for pattern, what in _TEXTS if pattern.search(text)), "")
    if seen:
        return f"this is {seen}"
    start = " ".join(text[:_SHOWN].split())
    return (
        f"no known feed format: it begins with {start!r}. Known are {', '.join(FORMATS)}; "
        "name one if you know better, for instance with --format"
    )
