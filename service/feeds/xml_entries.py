"""A document cut into its entries, each parsed on its own: one broken entry costs no other.

Cutting looks only at the tags the entries begin with, outside comments and CDATA sections; an
entry reaches from its start tag to the last of its end tags before the next one begins. That is
exact for well-formed feeds, whose entries do not nest, and keeps the damage of others inside the
entry that has it. A document of any size is read with the memory of its largest entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from xml.etree.ElementTree import Element, ParseError, tostring
from xml.sax.saxutils import escape, unescape

from defusedxml.ElementTree import fromstring

from models.errors import FeedError
from service.feeds.entries import MAX_ENTRY_BYTES, Entry, Note, Skipped
from service.feeds.xml_guard import CLOSING, MAX_DEPTH, Document, refuse_depth
from service.feeds.xml_repair import prefixes, repaired
from service.feeds.xml_tree import local

_QUOTE = '"'
_AFTER_NAME = (b">", b" ", b"\t", b"\r", b"\n")


@dataclass(frozen=True, slots=True)
class XmlEntry:
    """One entry of an XML feed.

    Attributes:
        position: 1-based place in the feed.
        element: the entry, parsed.
        text: its XML, well-formed once the namespaces of `declared` are declared around it.
        declared: prefix to namespace.
        mended: whether it was not well-formed before.
    """

    position: int
    element: Element
    text: str
    declared: Mapping[str, str]
    mended: bool = False


def papers(
    document: Document, names: tuple[str, ...], read: Callable[[XmlEntry], Entry | tuple[Entry, ...]], empty: str = ""
) -> Iterator[Entry]:
    """What `read` makes of each entry, then what there is to note about the document.

    An error that `read` raises becomes a `Skipped`; `empty` is the note for a document without entries.

    Raises:
        FeedError: elements nest too deep.
    """
    state = Reading()
    for item in entries(document, *names):
        state.saw(item)
        found = item if isinstance(item, Skipped) else _read_one(item, read)
        yield from found if isinstance(found, tuple) else (found,)
    yield from state.notes(document, empty)


@dataclass(slots=True)
class Reading:
    """What is worth a note once all entries have been read.

    Attributes:
        count: how many entries there were.
        mended: positions of those that were not well-formed.
    """

    count: int = 0
    mended: list[int] = field(default_factory=list)

    def saw(self, item: XmlEntry | Skipped) -> None:
        """Takes account of an entry."""
        self.count += 1
        if isinstance(item, XmlEntry) and item.mended:
            self.mended.append(item.position)

    def notes(self, document: Document, empty: str) -> Iterator[Note]:
        """Remarks on broken entries, a document cut short, and one without entries (`empty`, if not "")."""
        if self.mended:
            which = ", ".join(map(str, self.mended[:5])) + (", ..." if len(self.mended) > 5 else "")
            yield Note(f"entries that were not well-formed XML and have been mended: {len(self.mended)} ({which})")
        if document.is_cut_short:
            yield Note("the document breaks off before its end: the last entry may be incomplete")
        if empty and not self.count:
            yield Note(empty)


def _read_one(item: XmlEntry, read: Callable[[XmlEntry], Entry | tuple[Entry, ...]]) -> Entry | tuple[Entry, ...]:
    try:
        return read(item)
    except FeedError as error:
        return Skipped(item.position, str(error))


def entries(document: Document, *names: str) -> Iterator[XmlEntry | Skipped]:
    """The elements of `document` called one of `names` (without prefix), in order.

    Raises:
        FeedError: elements nest too deep, anywhere in the document; raised before the first entry.
    """
    _refuse_depth(document, names)
    yield from elements(document, *names)


def elements(document: Document, *names: str) -> Iterator[XmlEntry | Skipped]:
    """As `entries`, of a document that went through `entries` before: nesting is not looked at again."""
    position = 0
    declared: Mapping[str, str] | None = None
    for start, end in _spans(document, names):
        declared = document.namespaces(start) if declared is None else declared
        for item in _cut(document, start, end, names, declared, position + 1):
            position += 1
            yield item


def _refuse_depth(document: Document, names: tuple[str, ...]) -> None:
    data, outside = document.data, document.start
    frame: list[str] = []
    for start, end in chain(_spans(document, names), [(len(data), len(data))]):
        if data.find(b"<", outside, start) >= 0:
            frame.append(document.text(outside, start))
        if end - start <= MAX_ENTRY_BYTES and data.count(b"<", start, end) > MAX_DEPTH:
            refuse_depth(document.text(start, end))
        outside = end
    refuse_depth("".join(frame))


def _spans(document: Document, names: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Start and end of each entry in the bytes of the document; of a broken one's last entry only if it has an end."""
    data, begun, tag = document.data, -1, b""
    for start, name in _starts(document, names):
        if begun >= 0:
            yield begun, _end(data, tag, begun, start)
        begun, tag = start, name
    if begun >= 0 and not (document.broken and _is_open(data, tag, begun)):
        yield begun, _end(data, tag, begun, len(data))


def _is_open(data: bytes, tag: bytes, start: int) -> bool:
    """Whether the entry that begins at `start` has no end of its own; end tags inside sections are none."""
    if _is_empty(data, _past(data, start, len(data))):
        return False
    pattern = re.compile(rb"<!\[CDATA\[|<!--|<\?|</" + re.escape(tag) + rb"([\s>])")
    position = start
    while match := pattern.search(data, position):
        if match[1] is not None:
            return False
        position = max(match.end(), data.find(CLOSING[match[0]], match.end()))
    return True


def _is_empty(data: bytes, own_end: int) -> bool:
    return data[own_end - 2 : own_end] == b"/>"


def _end(data: bytes, tag: bytes, start: int, limit: int) -> int:
    mark = b"</" + tag
    closing = data.rfind(mark, start, limit)
    while closing >= 0 and data[closing + len(mark) : closing + len(mark) + 1] not in _AFTER_NAME:
        closing = data.rfind(mark, start, closing)  # </records> ends no <record>
    if closing >= 0:
        return _past(data, closing, limit)
    own_end = _past(data, start, limit)
    return own_end if _is_empty(data, own_end) else limit


def _past(data: bytes, position: int, limit: int) -> int:
    bracket = data.find(b">", position, limit)
    return bracket + 1 if bracket >= 0 else limit


def _starts(document: Document, names: tuple[str, ...]) -> Iterator[tuple[int, bytes]]:
    """Offset and qualified name of each entry's start tag.

    The first one's prefix is that of all: `<media:item>` in an `<item>` begins no entry.
    """
    data, position = document.data, document.start
    pattern = _start_pattern(rb"(?:[A-Za-z_][\w.-]{0,60}:)?", names)
    spent: set[bytes] = set()
    first = b""
    while match := pattern.search(data, position):
        position = match.end()
        if match[1] is None:
            position = _after_section(data, match[0], position, first, spent)
            continue
        if not first:
            first = match[1]
            pattern = _start_pattern(re.escape(first[: first.find(b":") + 1]), names)
        yield match.start(), match[1]


def _start_pattern(prefix: bytes, names: tuple[str, ...]) -> re.Pattern[bytes]:
    tags = b"|".join(re.escape(name.encode()) for name in names)
    return re.compile(rb"<!\[CDATA\[|<!--|<\?|<(" + prefix + rb"(?:" + tags + rb"))(?=[\s/>])")


def _after_section(data: bytes, opening: bytes, position: int, tag: bytes, spent: set[bytes]) -> int:
    """Where the section that `opening` begins at `position` ends, or `position` if it never does.

    A section that holds the end of the entry and another opening was not closed in its own entry:
    what closes it belongs to a later one. `spent` remembers marks that have run out, as looking for
    them again would be quadratic.
    """
    closing = CLOSING[opening]
    end = -1 if closing in spent else data.find(closing, position)
    if end < 0:
        spent.add(closing)
        return position
    nested = data.find(opening, position, end)
    if tag and nested >= 0 and data.find(b"</" + tag, position, nested) >= 0:
        return position
    return end + len(closing)


def _cut(
    document: Document, start: int, end: int, names: tuple[str, ...], declared: Mapping[str, str], position: int
) -> Iterator[XmlEntry | Skipped]:
    if end - start > MAX_ENTRY_BYTES:
        size = f"{end - start:,} bytes"
        yield Skipped(position, f"the entry is {size}, more than the {MAX_ENTRY_BYTES:,} an entry may have: shorten it")
        return
    try:
        root, text, known = _parsed(document.text(start, end), declared)
    except FeedError as error:
        yield Skipped(position, str(error))
        return
    children = [child for child in root if local(child) in names]
    if not children:
        yield Skipped(position, f"no <{names[0]}> could be made out")
    for number, child in enumerate(children):
        own_text = text if len(children) == 1 else tostring(child, "unicode")
        yield XmlEntry(position + number, child, own_text, known, mended=known is not declared)


def _parsed(text: str, declared: Mapping[str, str]) -> tuple[Element, str, Mapping[str, str]]:
    """A root that holds the entry, the XML it was made of, and the namespaces needed around that."""
    try:
        return _tree(text, declared), text, declared
    except (ParseError, ValueError) as error:
        reason = str(error)
    mended = repaired(text)
    needed = prefixes(mended) | dict(declared)
    try:
        return _tree(mended, needed), mended, needed
    except (ParseError, ValueError):
        raise FeedError(f"the entry is not well-formed XML and cannot be repaired: {reason}") from None


def _tree(text: str, declared: Mapping[str, str]) -> Element:
    root: Element = fromstring(f"<entries{declarations(declared)}>{text}</entries>", forbid_dtd=True)
    return root


def declarations(declared: Mapping[str, str]) -> str:
    """The attributes that declare these namespaces; "" is the prefix of the default one."""
    return "".join(
        f' xmlns{":" if prefix else ""}{prefix}="{escape(unescape(name), {_QUOTE: "&quot;"})}"'
        for prefix, name in declared.items()
    )
