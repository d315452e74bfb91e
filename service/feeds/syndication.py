"""Any RSS (0.9x, 1.0, 2.0) or Atom (0.3, 1.0) feed, read by feedparser: https://feedparser.readthedocs.io.

feedparser gets bytes in memory and nothing else (a string could be an address to it), and only
entries that are well-formed by then, a few dozen at a time: memory stays flat, and it never needs
its loose parser, which costs a whole feed its namespaces for one bad character.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element

import feedparser

from models.paper import Paper
from models.text import clean
from service.feeds.assemble import assemble
from service.feeds.dates import parse_date
from service.feeds.entries import Entry, Skipped
from service.feeds.identity import doi_name, paper_id
from service.feeds.xml_entries import Reading, XmlEntry, declarations, entries
from service.feeds.xml_guard import Document, expect_root, opened, sniffed
from service.feeds.xml_repair import prefixes
from service.feeds.xml_tree import fields, first, local, text

_ROOTS = ("rss", "feed", "RDF", "channel")
_BATCH_ENTRIES = 40
_BATCH_CHARACTERS = 1 << 20
# What feedparser is known to let out when an entry holds what its authors did not think of.
_FAULTS = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, AssertionError, RecursionError)
_SHORT_SUMMARY = 200  # characters; journals put "Volume 1, Issue 2" there and the abstract elsewhere
_LONGEST_ID = 2000  # characters
_OUR_THEMES = "urn:paperwire:theme"  # scheme of the tags in our own feeds, which are no categories of the paper
# What takes feedparser time that grows with the square of it; real feeds hold nothing of the kind.
_MOST_ATTRIBUTES = 100
_PEOPLE = frozenset(["author", "creator", "contributor", "managingEditor", "webMaster", "publisher", "name", "email"])
_ENDLESS_NAME = re.compile(r"[A-Za-z0-9_.+-]{500}")
_DEFAULT_NAMESPACE = re.compile(r"""\sxmlns\s{0,9}=\s{0,9}(?:"([^"<]{0,300})"|'([^'<]{0,300})')""")
_BASE = re.compile(r"""\sxml:base\s{0,9}=\s{0,9}["']([^"'<]{1,500})["']""")
_SEVERAL_NAMES = re.compile(r"\s*(?:;|,?\n)\s*")

_MAIL = re.compile(
    r"(?:mailto:)?[^\s()<>@]{1,64}@[^\s()<>@]{1,255}"
)  # in "mail (Name)", "Name <mail>", "Name (mailto:mail)"


def matches(head: bytes) -> bool:
    """Whether `head` begins an RSS or Atom feed of any kind."""
    document = sniffed(head)
    if document is None or document.root not in _ROOTS:
        return False
    # OSTI and others send lists of records as RDF; RSS 1.0 has a channel and items.
    return document.root != "RDF" or re.search(rb"<(?:[\w.-]{1,60}:)?(?:channel|item)[\s/>]", document.data) is not None


def read(data: bytes, *, broken: bool = False) -> Iterator[Entry]:
    """The papers (or posts) of a feed; one without entries is a note.

    Raises:
        FeedError: not RSS or Atom, or refused at the gate (see `xml_guard.opened`).
    """
    document = opened(data, broken=broken)
    expect_root(document, "an RSS or Atom feed", *_ROOTS)
    state = Reading()
    known: dict[str, str] = {}
    for entry in _entries(document, state):
        yield _named_apart(entry, known) if isinstance(entry, Paper) else entry
    yield from state.notes(document, "the feed holds no entries")


def _entries(document: Document, state: Reading) -> Iterator[Entry]:
    for batch in _batches(_bounded(entries(document, "item", "entry"), state)):
        if isinstance(batch, Skipped):
            yield batch
        else:
            yield from _read_batch(document, batch)


def _named_apart(paper: Paper, known: dict[str, str]) -> Paper:
    """The paper under an id of its own: an address that entries share, as of the home page, is none."""
    title = known.setdefault(paper.id, paper.title)
    if title == paper.title or not paper.id.startswith("url:"):
        return paper
    return replace(paper, id=paper_id(title=paper.title or paper.abstract))


def _bounded(items: Iterable[XmlEntry | Skipped], state: Reading) -> Iterator[XmlEntry | Skipped]:
    for item in items:
        state.saw(item)
        excess = "" if isinstance(item, Skipped) else _excess(item.element)
        yield Skipped(item.position, excess) if excess else item


def _excess(entry: Element) -> str:
    """What in the entry feedparser cannot be trusted with, or ""."""
    for element in entry.iter():
        if len(element.attrib) > _MOST_ATTRIBUTES:
            return f"<{local(element)}> has {len(element.attrib)} attributes: no feed needs so many"
        if local(element) in _PEOPLE and _ENDLESS_NAME.search("".join(element.itertext())):
            return f"<{local(element)}> holds a name of more than 500 letters"
    return ""


def _batches(items: Iterable[XmlEntry | Skipped]) -> Iterator[list[XmlEntry] | Skipped]:
    batch: list[XmlEntry] = []
    size = 0
    for item in items:
        if isinstance(item, Skipped):
            if batch:
                yield batch
            batch, size = [], 0
            yield item
            continue
        batch.append(item)
        size += len(item.text)
        if len(batch) >= _BATCH_ENTRIES or size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read_batch(document: Document, batch: list[XmlEntry]) -> Iterator[Entry]:
    try:
        parsed = _parsed(document, batch)
    except _FAULTS as fault:
        parsed = []
        if len(batch) == 1:
            yield Skipped(batch[0].position, f"the entry cannot be read: {type(fault).__name__}: {fault}")
            return
    if len(parsed) == len(batch):
        yield from map(_entry, batch, parsed)
    elif len(batch) > 1:
        for item in batch:
            yield from _read_batch(document, [item])
    else:
        yield Skipped(batch[0].position, f"the entry reads as {len(parsed)} entries: check its markup")


def _parsed(document: Document, batch: list[XmlEntry]) -> list[Mapping[str, Any]]:
    feed = _framed(document, batch).encode("utf-8", "replace")
    # Sanitising would change the text we keep for display; pages must escape it as they do all input.
    parsed = feedparser.parse(BytesIO(feed), sanitize_html=False, resolve_relative_uris=False)
    found: list[Mapping[str, Any]] = parsed.entries
    return found


def _framed(document: Document, batch: list[XmlEntry]) -> str:
    """A small feed of the same kind with these entries only."""
    needed = prefixes(document.root_tag)
    for item in batch:
        needed |= item.declared
    default = _DEFAULT_NAMESPACE.search(document.root_tag)
    if default:
        needed[""] = default[1] or default[2] or ""
    name = document.root_tag[1:].split(None, 1)[0].rstrip("/>")
    base = _BASE.search(document.root_tag)
    attributes = declarations(needed) + (f' xml:base="{base[1]}"' if base else "")
    channel = ("<channel>", "</channel>") if document.root == "rss" else ("", "")
    return f"<{name}{attributes}>{channel[0]}{''.join(item.text for item in batch)}{channel[1]}</{name}>"


def _entry(item: XmlEntry, entry: Mapping[str, Any]) -> Entry:
    link, own = (said if len(said) <= _LONGEST_ID else "" for said in (_said(entry, "link"), _said(entry, "id")))
    read = assemble(
        item.position,
        arxiv=next((reference for reference in (own, link) if "arxiv" in reference.lower()), ""),
        doi=_doi(entry),
        url=own if own.lower().startswith(("http://", "https://")) else link,
        own=own,
        title=_said(entry, "title"),
        abstract=_abstract(entry),
        authors=_authors(item.element),
        categories=[_said(tag, "term") for tag in _listed(entry, "tags") if _said(tag, "scheme") != _OUR_THEMES],
        published=_date(entry, "published", "prism_publicationdate", "updated", "created"),
        updated=_date(entry, "updated"),
    )
    # The entry's own id names it; its link may lead to what it is about, with the feed's marks on it.
    return replace(read, url=link) if isinstance(read, Paper) and link else read


def _raw(entry: Mapping[str, Any], name: str) -> object:
    # Not entry[name]: feedparser answers that for a missing date with another one, and a warning.
    return dict.get(entry, name) if isinstance(entry, dict) else None


def _said(entry: Mapping[str, Any], name: str) -> str:
    value = _raw(entry, name)
    return value.strip() if isinstance(value, str) else ""


def _listed(entry: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = _raw(entry, name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _doi(entry: Mapping[str, Any]) -> str:
    said = (_said(entry, name) for name in ("prism_doi", "dc_identifier", "id", "link"))
    return next(filter(None, map(doi_name, said)), "")


def _abstract(entry: Mapping[str, Any]) -> str:
    """The summary, or the longest content where the summary is missing or too short to be one."""
    summary = _said(entry, "summary")
    content = max((_said(item, "value") for item in _listed(entry, "content")), key=len, default="")
    if len(content) > len(summary) and len(clean(summary)) < _SHORT_SUMMARY:
        return content
    return summary


def _authors(entry: Element) -> Iterator[str]:
    """The names in the entry itself: feedparser cuts pieces out of "mail@host.example (Name)"."""
    found = fields(entry)
    for element in (*found.get("author", ()), *found.get("creator", ())):
        said = text(first(fields(element), "name")) or text(element)
        for name in _SEVERAL_NAMES.split(said):
            yield _MAIL.sub(" ", name).strip(" ()<>,")


def _date(entry: Mapping[str, Any], *names: str) -> datetime | None:
    for name in names:
        moment = parse_date(_said(entry, name)) or _from_struct(_raw(entry, f"{name}_parsed"))
        if moment:
            return moment
    return None


def _from_struct(parts: object) -> datetime | None:
    """What feedparser itself made of a date: it knows forms in other languages."""
    if not isinstance(parts, time.struct_time):
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parts), UTC)
    except (ValueError, OverflowError, OSError):
        return None
