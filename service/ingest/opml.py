"""Subscription lists in OPML 2.0: http://opml.org/spec2.opml.

Attributes in our own namespace carry what OPML has no word for (the format, the interval, sources
that are no feeds), so that a list written here comes back whole; other programs pass them over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from models.errors import FeedError, FetchError, InputError
from service.feeds import Skipped
from service.feeds.registry import FORMATS
from service.ingest.schedule import duration_s, duration_text
from service.ingest.spec import Kind, parse_spec
from service.store import Source
from service.store.sources import MIN_INTERVAL_S

NAMESPACE = "https://paperwire.invalid/opml"
"""Of our own attributes; a name, not an address (RFC 2606)."""
MAX_OPML_BYTES = 16 * 1024 * 1024
_DEEPEST = 100
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Outline:
    """One subscription.

    Attributes:
        url: as `Spec.url`. title: for people, "" where there is none.
        format: name of a feed format, "" to find out. interval_s: seconds, None where not said.
        folder: titles of the outlines around it, outermost first.
    """

    url: str
    title: str = ""
    format: str = ""
    interval_s: int | None = None
    folder: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opml:
    """A list, read.

    Attributes:
        outlines: each source once, in the order of the list.
        skipped: outlines that name no source, with the reason; their position counts outlines.
    """

    outlines: tuple[Outline, ...]
    skipped: tuple[Skipped, ...] = ()


def read_opml(data: bytes) -> Opml:
    """The subscriptions of a list, however deep they are nested.

    Raises:
        FeedError: not OPML, damaged, or larger than 16 MiB.
    """
    body = _body(data)
    outlines: dict[str, Outline] = {}
    skipped: list[Skipped] = []
    for position, (element, folder) in enumerate(_walk(body, ()), 1):
        found = _outline(position, element, folder)
        if isinstance(found, Skipped):
            skipped.append(found)
        elif found is not None:
            outlines.setdefault(found.url, found)
    return Opml(tuple(outlines.values()), tuple(skipped))


def write_opml(sources: Iterable[Source], title: str = "Paperwire") -> bytes:
    """A list of the sources in UTF-8, in their order; the same sources give the same bytes."""
    root = Element("opml", {"version": "2.0", "xmlns:paperwire": NAMESPACE})
    SubElement(SubElement(root, "head"), "title").text = _clean(title)
    body = SubElement(root, "body")
    for source in sources:
        SubElement(body, "outline", _attributes(source))
    indent(root)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _body(data: bytes) -> Element:
    if len(data) > MAX_OPML_BYTES:
        raise FeedError(f"the list has {len(data):,} bytes, at most {MAX_OPML_BYTES:,} are read")
    try:
        root: Element = fromstring(data)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise FeedError(f"the list is no OPML: {type(error).__name__}: {error}") from None
    body = next((child for child in root if _local(child.tag) == "body"), None)
    if _local(root.tag) != "opml" or body is None:
        raise FeedError(f"the list is no OPML: it is <{_local(root.tag)}>, and should be <opml> with a <body>")
    return body


def _walk(element: Element, folder: tuple[str, ...]) -> Iterator[tuple[Element, tuple[str, ...]]]:
    """Every outline below with the folders around it; folders inside folders, a hundred deep at most."""
    for child in element:
        if _local(child.tag) == "outline":
            yield child, folder
            if len(folder) < _DEEPEST:
                yield from _walk(child, (*folder, _title(child)))


def _outline(position: int, element: Element, folder: Sequence[str]) -> Outline | Skipped | None:
    said = {_local(name).lower(): value.strip() for name, value in element.attrib.items()}
    url = said.get("source") or said.get("xmlurl", "")
    title = _title(element)
    if not url:
        return _without_address(position, element, said, title)
    try:
        spec = parse_spec(url, stored=True)
        if spec.kind is Kind.FILE and not url.lower().startswith("file:"):
            raise InputError(f"{url[:80]!r} is no address")
        return Outline(spec.url, title, _format(said), _interval(said), tuple(filter(None, folder)))
    except (InputError, FetchError) as error:
        return Skipped(position, str(error), title or url[:80])


def _without_address(position: int, element: Element, said: dict[str, str], title: str) -> Skipped | None:
    if len(element):
        return None  # a folder
    if said.get("type", "").lower() in ("include", "link"):
        return Skipped(position, f"a reference to another document ({said.get('url', '')[:80]}): import that", title)
    return Skipped(position, "no xmlUrl: the outline names no feed", title)


def _format(said: dict[str, str]) -> str:
    name = said.get("format", "")
    if name and name not in FORMATS:
        raise InputError(f"the format {name[:40]!r} is unknown: leave it out, or name one of {', '.join(FORMATS)}")
    return name


def _interval(said: dict[str, str]) -> int | None:
    return max(duration_s(said["every"]), MIN_INTERVAL_S) if said.get("every") else None


def _title(element: Element) -> str:
    said = {_local(name).lower(): value for name, value in element.attrib.items()}
    return " ".join((said.get("title") or said.get("text") or "").split())


def _attributes(source: Source) -> dict[str, str]:
    spec = parse_spec(source.url, stored=True)
    name = _clean(source.title or source.url)
    said = {"type": "rss", "text": name, "title": name, "xmlUrl": spec.web_address}
    if spec.web_address != source.url:
        said["paperwire:source"] = source.url
    if source.format:
        said["paperwire:format"] = source.format
    return said | {"paperwire:every": duration_text(source.interval_s)}


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)


def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
