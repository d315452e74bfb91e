"""RSS 2.0 by the RSS Advisory Board's specification and best practices (https://www.rssboard.org/rss-profile).

Titles are plain text, descriptions are HTML: an abstract is escaped as HTML first, so that nothing
in it becomes markup in a reader.
"""

from __future__ import annotations

import html
from xml.etree.ElementTree import Element, SubElement, register_namespace

from service.out.atom import document, mark_attributes
from service.out.channel import NEVER, THEME_SCHEME, Channel, Entry
from service.out.text import iso_time, mail_time

MEDIA_TYPE = "application/rss+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_PRISM = "http://prismstandard.org/namespaces/basic/2.0/"

register_namespace("atom", _ATOM)
register_namespace("dc", _DUBLIN_CORE)
register_namespace("prism", _PRISM)


def rss(channel: Channel) -> bytes:
    """The document in UTF-8."""
    root = Element("rss", {"version": "2.0"})
    node = SubElement(root, "channel")
    _text(node, "title", channel.title)
    _text(node, "link", channel.home)
    _text(node, "description", html.escape(channel.description, quote=False))
    _text(node, "language", "en")
    if channel.updated > NEVER:
        _text(node, "lastBuildDate", mail_time(channel.updated))
    _text(node, "generator", "Paperwire")
    for relation in ("self", "first", "previous", "next"):
        address = channel.link if relation == "self" else getattr(channel, relation)
        if address:
            SubElement(node, f"{{{_ATOM}}}link", {"rel": relation, "href": address, "type": MEDIA_TYPE})
    for entry in channel.entries:
        _add(node, entry)
    return document(root)


def _add(channel: Element, entry: Entry) -> None:
    node = SubElement(channel, "item")
    _text(node, "title", entry.title)
    _text(node, "link", entry.link)
    _text(node, "description", html.escape(entry.abstract, quote=False))
    for name in entry.authors:
        _text(node, f"{{{_DUBLIN_CORE}}}creator", name)  # <author> is for mail addresses
    for category in entry.categories:
        _text(node, "category", category)
    for mark in entry.marks:
        attributes = {"domain": THEME_SCHEME} | mark_attributes(mark)
        SubElement(node, "category", attributes).text = mark.theme
    SubElement(node, "guid", {"isPermaLink": "false"}).text = entry.id
    if entry.published:
        _text(node, "pubDate", mail_time(entry.published))
    _text(node, f"{{{_ATOM}}}updated", iso_time(entry.updated))
    if entry.doi:
        _text(node, f"{{{_PRISM}}}doi", entry.doi)


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text
