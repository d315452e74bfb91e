"""Broken XML made whole again, one entry at a time, where its meaning is beyond doubt.

Feeds are written by templates, so what breaks is always the same: a bare "&" or "<", an HTML
entity, HTML tags that are never closed, a control character, a prefix nobody declared, a CDATA
section cut short. All of that has one sensible reading, the one HTML parsers give it (an end tag
closes what it names and everything opened since; one that names nothing open is dropped). The
outcome still goes through a strict parser: what cannot be repaired is reported, not guessed.
Everything here takes time in proportion to the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.entities import html5
from typing import Literal, NamedTuple

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*(?::[A-Za-z_][A-Za-z0-9_.-]*)?"
_TAG = re.compile(rf"""<(/?)({_NAME})((?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)>""")
_LOOSE_TAG = re.compile(rf"<(/?)({_NAME})([^<>]*+)>")  # where a quote is never closed
_ATTRIBUTE = re.compile(rf"""({_NAME})\s{{0,9}}=\s{{0,9}}("[^"<]*+"|'[^'<]*+'|[^\s"'<>=]++)""")
_REFERENCE = re.compile(r"&(?:#([0-9]{1,7}|[xX][0-9a-fA-F]{1,6});|([A-Za-z][A-Za-z0-9]{1,31};))?")
# XML 1.0 section 2.2: the characters a document may hold.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BUILT_IN = frozenset(["amp;", "lt;", "gt;", "quot;", "apos;"])
# HTML elements that have no end tag: https://html.spec.whatwg.org/#void-elements, without `link`, which RSS has.
_VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "meta", "wbr"])
_WELL_KNOWN = {
    "arxiv": "http://arxiv.org/schemas/atom",
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "media": "http://search.yahoo.com/mrss/",
    "oai_dc": "http://www.openarchives.org/OAI/2.0/oai_dc/",
    "prism": "http://prismstandard.org/namespaces/basic/2.0/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}


class Token(NamedTuple):
    """One stretch of markup: its kind, its text (a tag's attributes), and the name in a tag."""

    kind: Literal["text", "cdata", "start", "empty", "end"]
    text: str
    name: str = ""


@dataclass(slots=True)
class _Finder:
    """Looks for end marks, and remembers which have run out: looking again would be quadratic."""

    text: str
    gone: set[str] = field(default_factory=set)

    def find(self, mark: str, position: int) -> int:
        """Offset of `mark` from `position` on, or -1."""
        if mark in self.gone:
            return -1
        found = self.text.find(mark, position)
        if found < 0:
            self.gone.add(mark)
        return found


def tokens(text: str) -> Iterator[Token]:
    """The markup of a piece of XML, however broken; comments and instructions are left out."""
    finder, position, last = _Finder(text), 0, ""
    while position < len(text):
        bracket = text.find("<", position)
        if bracket < 0:
            bracket = len(text)
        if bracket > position:
            yield Token("text", text[position:bracket])
        if bracket == len(text):
            return
        token, position = _markup(finder, bracket, last)
        last = token.name or last
        if token.text or token.name:
            yield token


def _markup(finder: _Finder, start: int, last: str) -> tuple[Token, int]:
    """The token that begins with the "<" at `start`, and where the next one begins."""
    text = finder.text
    if text.startswith("<![CDATA[", start):
        return _cdata(finder, start + 9, last)
    for opening, closing in (("<!--", "-->"), ("<?", "?>"), ("<!", ">")):
        if text.startswith(opening, start):
            end = finder.find(closing, start + len(opening))
            if end >= 0:
                return Token("text", ""), end + len(closing)
    match = _TAG.match(text, start) or _LOOSE_TAG.match(text, start)
    return (_tag(match), match.end()) if match else (Token("text", "<"), start + 1)


def _cdata(finder: _Finder, start: int, last: str) -> tuple[Token, int]:
    end = finder.find("]]>", start)
    if end >= 0:
        return Token("cdata", finder.text[start:end]), end + 3
    # Never closed: it was to end with the field it began, whose start tag was the last one before it.
    end = finder.find(f"</{last}>", start)
    end = len(finder.text) if end < 0 else end
    return Token("cdata", finder.text[start:end]), end


def _tag(match: re.Match[str]) -> Token:
    slash, name, attributes = match.groups()
    if slash:
        return Token("end", "", name)
    if attributes.endswith("/"):
        return Token("empty", attributes[:-1], name)
    return Token("empty" if name.lower() in _VOID else "start", attributes, name)


def depth(text: str, enough: int) -> int:
    """How deep elements nest in `text`, counted no further than `enough`."""
    deepest = 0
    nesting: list[str] = []
    for token in tokens(text):
        if token.kind == "start":
            nesting.append(token.name)
            deepest = max(deepest, len(nesting))
            if deepest >= enough:
                break
        elif token.kind == "end":
            _close(nesting, token.name)
    return deepest


def _close(nesting: list[str], name: str) -> list[str]:
    """The elements an end tag closes, innermost first; `nesting` loses them. [] if it closes none."""
    if name not in nesting:
        return []
    closed: list[str] = []
    while not closed or closed[-1] != name:
        closed.append(nesting.pop())
    return closed


def repaired(text: str) -> str:
    """The text with balanced tags and legal characters; prefixes may still be undeclared."""
    out: list[str] = []
    nesting: list[str] = []
    for token in tokens(text):
        if token.kind == "text":
            out.append(_escaped(token.text))
        elif token.kind == "cdata":
            out.append(_escaped(token.text.replace("&", "&amp;")))
        elif token.kind == "end":
            out.extend(f"</{name}>" for name in _close(nesting, token.name))
        else:
            out.append(f"<{token.name}{_attributes(token.text)}{'/' if token.kind == 'empty' else ''}>")
            if token.kind == "start":
                nesting.append(token.name)
    out.extend(f"</{name}>" for name in reversed(nesting))
    return "".join(out)


def prefixes(text: str) -> dict[str, str]:
    """A namespace for each prefix that tags or attributes of `text` use: the usual one, or a made-up one."""
    used = {token.name.partition(":")[0] for token in tokens(text) if ":" in token.name}
    for token in tokens(text):
        if ":" in token.text and token.kind in ("start", "empty"):
            used.update(name.partition(":")[0] for name, _ in _ATTRIBUTE.findall(token.text) if ":" in name)
    used -= {"xml", "xmlns"}
    return {prefix: _WELL_KNOWN.get(prefix, f"urn:undeclared:{prefix}") for prefix in sorted(used)}


def _escaped(text: str) -> str:
    text = _REFERENCE.sub(_reference, _FORBIDDEN.sub("", text))
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _reference(match: re.Match[str]) -> str:
    number, name = match[1], match[2]
    if number:
        code = int(number[1:], 16) if number[0] in "xX" else int(number)
        return match[0] if code <= 0x10FFFF and not _FORBIDDEN.match(chr(code)) else ""
    if name in _BUILT_IN:
        return match[0]
    meaning = html5.get(name or "")
    return meaning.replace("&", "&amp;") if meaning else f"&amp;{name or ''}"


def _attributes(text: str) -> str:
    found: dict[str, str] = {}
    for name, quoted in _ATTRIBUTE.findall(text):
        value = quoted[1:-1] if quoted[0] in "\"'" else quoted
        if value or not name.startswith("xmlns:"):  # a prefix cannot be undeclared
            found.setdefault(name, _escaped(value).replace('"', "&quot;"))
    return "".join(f' {name}="{value}"' for name, value in found.items())
