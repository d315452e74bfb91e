"""OPML 2.0 (http://opml.org/spec2.opml): every feed there is, for a reader to subscribe to at once."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

from service.out.atom import document
from service.out.channel import Site, Subject, described, feed_address, group_subject, theme_subject
from service.out.names import ThemeNames
from service.out.text import legal_line
from service.store import EVERYTHING, SavedQuery

MEDIA_TYPE = "text/x-opml"


def opml(names: ThemeNames, saved: Iterable[SavedQuery], site: Site) -> bytes:
    """The document in UTF-8: themes under their groups, then the saved queries."""
    root = Element("opml", {"version": "2.0"})
    SubElement(SubElement(root, "head"), "title").text = "Paperwire feeds"
    body = SubElement(root, "body")
    for group in (*names.groups, ""):
        members = [theme.id for theme in names.taxonomy.themes if theme.group == group]
        if not members:
            continue
        parent = _folder(body, names.groups[group]) if group else body
        if group:
            _feed(parent, group_subject(group, names), names, site)
        for theme in members:
            _feed(parent, theme_subject(theme, names), names, site)
    _queries(body, list(saved), names, site)
    return document(root)


def _queries(body: Element, saved: list[SavedQuery], names: ThemeNames, site: Site) -> None:
    folder = _folder(body, "Saved queries") if saved else body
    for query in saved:
        _feed(folder, Subject("query", query.name, query.title, described(query), EVERYTHING), names, site)


def _folder(parent: Element, title: str) -> Element:
    return SubElement(parent, "outline", {"text": legal_line(title), "title": legal_line(title)})


def _feed(parent: Element, subject: Subject, names: ThemeNames, site: Site) -> None:
    title = legal_line(subject.title)
    attributes = {
        "type": "rss",  # the word for a feed of any format
        "text": title,
        "title": title,
        "description": legal_line(subject.description),
        "xmlUrl": feed_address(site, subject, names, "atom"),
    }
    SubElement(parent, "outline", attributes)
