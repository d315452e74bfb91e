"""The gate every XML feed goes through: encoding, prolog and nesting, before any parser sees it.

No parser downstream is ever shown a prolog, so entities cannot be declared and nothing can expand;
a document that tries is refused here all the same, with a reason. The bytes stay bytes: each entry
is decoded on its own (`Document.text`), so that one entry in a wrong encoding costs no other, and a
dump of any size needs no second copy in memory.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace

from models.errors import FeedError
from service.feeds.xml_repair import depth

MAX_DEPTH = 200
"""Deepest nesting of elements accepted; real feeds stay below 30."""

MAX_PREFIXES = 100
"""Most namespace prefixes taken over from the frame of a feed to its entries; real feeds stay below 30."""

_FRAME_BYTES = 1 << 16  # where the elements around the entries begin
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# XML 1.0 appendix F: how "<" and its neighbour look without a byte order mark.
_UNMARKED = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_DECLARED = re.compile(rb"""^\s*<\?xml\s[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._:-]{1,40})["']""")
# Codecs in which "<" is not the byte "<" or a byte "<" need not be one: the whole document is converted.
_SHIFTED = re.compile(r"utf[-_]?(?:16|32)|ucs|iso[-_]?2022|hz|cp037|cp500|cp1140", re.IGNORECASE)
# The other names XML feeds use. A list, because Python also knows codecs that are no character sets.
_CHARSETS = re.compile(
    r"(?:us-)?ascii|utf[-_]?8|latin|l\d|iso[-_]?8859|windows-?\d|cp\d|x?-?mac|koi8|gb|big5|euc|shift_?jis|s_?jis|"
    r"tis|johab|ks_c|viscii",
    re.IGNORECASE,
)
# Labels under which people send UTF-8 or windows-1252: https://encoding.spec.whatwg.org/#names-and-labels
_LOOSE = re.compile(r"utf|(?:us-)?ascii|latin-?1$|l1$|iso[-_]?8859[-_]1$|(?:windows-?|cp)1252$", re.IGNORECASE)

_STRAY_BYTES = "paperwire-windows-1252"  # our error handler, below

CLOSING = {b"<![CDATA[": b"]]>", b"<!--": b"-->", b"<?": b"?>"}
"""What ends each kind of section in which tags are none."""

_SECTION = re.compile(b"|".join(map(re.escape, CLOSING)))
_SPACE = re.compile(rb"[\s\x00-\x20]*+")
_DOCTYPE = re.compile(
    rb"""<!DOCTYPE\s++(?P<name>[^\s\[>"']*+)(?:[^\[>"']|"[^"]*+"|'[^']*+')*+"""
    rb"""(?:\[(?P<subset>(?:[^\]"']|"[^"]*+"|'[^']*+')*+)\]\s*+)?>""",
    re.IGNORECASE,
)
_ROOT = re.compile(rb"""<(?P<name>[A-Za-z_][\w.:-]{0,100})(?P<attributes>(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)>""")
_NAMESPACE = re.compile(rb"""\sxmlns:([A-Za-z_][\w.-]{0,60})\s{0,9}=\s{0,9}(?:"([^"<]{1,300})"|'([^'<]{1,300})')""")
_HTML = frozenset(["html", "head", "body", "title", "meta", "div", "p", "script", "table", "center", "h1", "pre"])


@dataclass(frozen=True, slots=True)
class Document:
    """An XML document that passed the gate.

    Attributes:
        data: the document in an encoding where the byte "<" is always the character "<".
        encoding: the codec to decode pieces of `data` with.
        start: offset of the root element in `data`.
        root: name of the root element without its prefix, as spelled.
        root_tag: the root's start tag, decoded.
        broken: whether the data is known to end early, so that an entry without its end is not whole.
    """

    data: bytes
    encoding: str
    start: int
    root: str
    root_tag: str
    broken: bool = False

    def text(self, start: int, end: int) -> str:
        """The characters from byte `start` to `end`, whatever the encoding really is there."""
        return _decoded(self.data[start:end], self.encoding)

    @property
    def is_cut_short(self) -> bool:
        """Whether the end tag of the root is missing, as after a download that broke off."""
        name = re.escape(self.root_tag[1:].split(None, 1)[0].rstrip("/>").encode())
        ending = re.compile(rb"</" + name + rb"[\s>]")
        position = max(self.start, len(self.data) - _FRAME_BYTES)
        return ending.search(self.data, position) is None and not self.root_tag.endswith("/>")

    def namespaces(self, end: int) -> dict[str, str]:
        """Prefix to namespace, as declared before byte `end`; the first of two wins, `MAX_PREFIXES` are kept."""
        found: dict[str, str] = {}
        for match in _NAMESPACE.finditer(self.data, self.start, min(end, self.start + _FRAME_BYTES)):
            prefix = match[1].decode("ascii", "ignore")
            if prefix not in found and prefix not in ("xml", "xmlns") and len(found) < MAX_PREFIXES:
                found[prefix] = _decoded(match[2] or match[3], self.encoding)
        return found


def opened(data: bytes, *, broken: bool = False) -> Document:
    """The document in `data`, checked and ready to be cut into entries; what a break left unfinished is taken off.

    Raises:
        FeedError: nothing there, no XML, a web page, or a document type that declares entities.
    """
    document, doctype = _read_prolog(data)
    if doctype is not None and b"<!ENTITY" in (doctype["subset"] or b"").upper():
        raise FeedError(
            "the document declares XML entities, which can expand without limit: remove its <!ENTITY> lines"
        )
    if document.root.lower() in _HTML or (doctype is not None and doctype["name"].lower() == b"html"):
        raise FeedError("this is an HTML page, not a feed: fetch the address the page names as its RSS or Atom feed")
    if not broken:
        return document
    return replace(document, data=document.data[: _unfinished(document.data, document.start)], broken=True)


def sniffed(head: bytes) -> Document | None:
    """The beginning of a document as far as it goes, unchecked, or None if it is no XML."""
    try:
        return _read_prolog(head)[0]
    except FeedError:
        return None


def expect_root(document: Document, what: str, *roots: str) -> None:
    """Raises `FeedError` unless the root element is one of `roots`; `what` says what it should have been."""
    if document.root not in roots:
        raise FeedError(
            f"this is not {what}: it begins with <{document.root}>, not <{'> or <'.join(roots)}>; try another format"
        )


def refuse_depth(text: str) -> None:
    """Raises `FeedError` if elements in `text` nest deeper than `MAX_DEPTH`."""
    if depth(text, MAX_DEPTH + 1) > MAX_DEPTH:
        raise FeedError(f"elements nest more than {MAX_DEPTH} deep: no feed does, so the document is refused")


def _read_prolog(data: bytes) -> tuple[Document, re.Match[bytes] | None]:
    settled, encoding = _settled(data)
    start, doctype = _skip_prolog(settled)
    match = _ROOT.match(settled, start)
    if match is None:
        beginning = _decoded(settled[start : start + 40], encoding)
        raise FeedError(f"this is no XML document, it begins with {beginning!r}: check the file or name its format")
    root = match["name"].decode("ascii", "replace")
    tag = _decoded(match[0], encoding)
    return Document(settled, encoding, start, root.rpartition(":")[2], tag), doctype


def _skip_prolog(data: bytes) -> tuple[int, re.Match[bytes] | None]:
    """Offset of the first thing that is no white space, declaration, comment or document type."""
    position, doctype = _after_space(data, 0), None
    while True:
        if data.startswith(b"<?", position):
            end = _after(data, b"?>", position)
        elif data.startswith(b"<!--", position):
            end = _after(data, b"-->", position)
        else:
            match = _DOCTYPE.match(data, position)
            doctype = match or doctype
            end = match.end() if match else position
        if end == position:
            return position, doctype
        position = _after_space(data, end)


def _unfinished(data: bytes, position: int) -> int:
    """Offset of a comment, CDATA section or instruction that never ends, or the length of the data."""
    while match := _SECTION.search(data, position):
        closing = data.find(CLOSING[match[0]], match.end())
        if closing < 0:
            return match.start()
        position = closing
    return len(data)


def _after_space(data: bytes, position: int) -> int:
    match = _SPACE.match(data, position)
    return match.end() if match else position


def _after(data: bytes, mark: bytes, position: int) -> int:
    found = data.find(mark, position)
    return position if found < 0 else found + len(mark)


def _settled(data: bytes) -> tuple[bytes, str]:
    """The data in an encoding where markup is ASCII, and the codec for what is between."""
    if not data.strip(b" \t\r\n\x00"):
        raise FeedError("the document is empty: check that the download was complete")
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            data = data[len(mark) :]
            return (data, encoding) if encoding == "utf-8" else (_converted(data, encoding), "utf-8")
    for sign, encoding in _UNMARKED:
        if data.startswith(sign):
            return _converted(data, encoding), "utf-8"
    declared = _DECLARED.match(data)
    encoding = _known(declared[1].decode("ascii")) if declared else "utf-8"
    return (_converted(data, encoding), "utf-8") if _SHIFTED.match(encoding) else (data, encoding)


def _known(label: str) -> str:
    # A document that says UTF-16 in bytes that are ASCII was converted by somebody who left the label.
    if not (_CHARSETS.match(label) or _SHIFTED.match(label)) or re.match(r"utf[-_]?(16|32)|ucs", label, re.IGNORECASE):
        return "utf-8"
    try:
        codecs.lookup(label)
    except LookupError:
        return "utf-8"
    return label


def _converted(data: bytes, encoding: str) -> bytes:
    return data.decode(encoding, "replace").encode("utf-8", "replace")


def _decoded(data: bytes, encoding: str) -> str:
    if _LOOSE.match(encoding):
        return data.decode("utf-8", _STRAY_BYTES)
    return data.decode(encoding, "replace")


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """What a byte that is not UTF-8 most likely meant: entries pasted in from elsewhere keep both."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_STRAY_BYTES, _as_windows_1252)
