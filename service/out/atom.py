"""Atom 1.0 (RFC 4287) with pages (RFC 5005)."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from service.out.channel import EXTENSION, THEME_SCHEME, Channel, Entry, Mark
from service.out.text import iso_time

MEDIA_TYPE = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_PRISM = "http://prismstandard.org/namespaces/basic/2.0/"

register_namespace("pw", EXTENSION)
register_namespace("prism", _PRISM)


def atom(channel: Channel) -> bytes:
    """The document in UTF-8."""
    # The default namespace is written as an attribute, so that no other document of the process gets it.
    feed = Element("feed", {"xmlns": _ATOM})
    _text(feed, "id", channel.id)
    _text(feed, "title", channel.title)
    _text(feed, "subtitle", channel.description)
    _text(feed, "updated", iso_time(channel.updated))
    _text(SubElement(feed, "author"), "name", "Paperwire")
    _text(feed, "generator", "Paperwire")
    _link(feed, "self", channel.link, MEDIA_TYPE)
    _link(feed, "alternate", channel.home, "application/json")
    for relation in ("first", "previous", "next"):
        _link(feed, relation, getattr(channel, relation), MEDIA_TYPE)
    for entry in channel.entries:
        _add(feed, entry)
    return document(feed)


def document(root: Element) -> bytes:
    """An XML document of the tree in UTF-8, one element a line."""
    indent(root, " ")
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def mark_attributes(mark: Mark) -> dict[str, str]:
    """How sure a theme is and who gave it, as attributes of our namespace."""
    return {
        f"{{{EXTENSION}}}probability": f"{mark.probability:.4f}",
        f"{{{EXTENSION}}}source": mark.source,
        f"{{{EXTENSION}}}automatic": str(mark.automatic).lower(),
    }


def _add(feed: Element, entry: Entry) -> None:
    node = SubElement(feed, "entry")
    _text(node, "id", entry.id)
    _text(node, "title", entry.title)
    _text(node, "updated", iso_time(entry.updated))
    if entry.published:
        _text(node, "published", iso_time(entry.published))
    for name in entry.authors:
        _text(SubElement(node, "author"), "name", name)
    _link(node, "alternate", entry.link)
    for category in entry.categories:
        SubElement(node, "category", {"term": category})
    for mark in entry.marks:
        attributes = {"term": mark.theme, "scheme": THEME_SCHEME, "label": mark.label}
        SubElement(node, "category", attributes | mark_attributes(mark))
    if entry.doi:
        SubElement(node, f"{{{_PRISM}}}doi").text = entry.doi
    _text(node, "summary", entry.abstract)


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _link(parent: Element, relation: str, address: str, media_type: str = "") -> None:
    if address:
        SubElement(parent, "link", {"rel": relation, "href": address, **({"type": media_type} if media_type else {})})
