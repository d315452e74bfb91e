"""Reading parsed elements by their local names, whatever prefix a feed gives its namespaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

from service.feeds.identity import one_line

Fields = dict[str, list[Element]]
"""Children under their local names, in document order."""

# JATS and Crossref spell HTML's inline elements out: https://jats.nlm.nih.gov/publishing/tag-library/1.3/
_AS_HTML = {"italic": "i", "bold": "b", "monospace": "code", "sc": "span", "underline": "u", "sec": "div", "title": "b"}
# Said a second time for machines, or not part of the wording.
_LEFT_OUT = frozenset(["label", "xref", "fn", "graphic", "inline-graphic", "object-id"])


def local(element: Element) -> str:
    """The element's name without its namespace; "" for comments and instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def fields(element: Element | None) -> Fields:
    """The children of an element under their local names; {} for None."""
    found: Fields = {}
    for child in element if element is not None else ():
        found.setdefault(local(child), []).append(child)
    return found


def first(found: Fields, *names: str) -> Element | None:
    """The first child under the first of these names that has one."""
    return next((found[name][0] for name in names if name in found), None)


def descend(element: Element | None, *path: str) -> Element | None:
    """The first child called `path[0]`, its first child called `path[1]` and so on, or None."""
    for name in path:
        element = first(fields(element), name)
    return element


def text(element: Element | None) -> str:
    """All characters inside the element without its ends' white space; "" for None."""
    return "" if element is None else "".join(element.itertext()).strip()


def line(element: Element | None) -> str:
    """All characters inside the element, each run of white space made one space."""
    return one_line(text(element))


def texts(found: Fields, name: str) -> Iterator[str]:
    """`line` of each child under `name` that is not blank."""
    yield from filter(None, map(line, found.get(name, ())))


def markup(element: Element | None) -> str:
    """The inside of the element with inline elements as HTML tags, white space as in `line`.

    Formulas are TeX where the source has them as TeX too; labels and cross-references are left out.
    """
    return "" if element is None else one_line(_inside(element))


def _inside(element: Element) -> str:
    parts = [element.text or ""]
    for child in element:
        parts += [_outside(child), child.tail or ""]
    return "".join(parts)


def _outside(element: Element) -> str:
    name = local(element)
    if not name or name in _LEFT_OUT or (name == "title" and _says_abstract(element)):
        return ""
    if name in _FORMULAS:
        return _FORMULAS[name](element)
    tag = _AS_HTML.get(name, name)
    return f"<{tag}>{_inside(element)}</{tag}>" if tag.isascii() else _inside(element)


def _says_abstract(title: Element) -> bool:
    return line(title).strip(" .:").casefold() == "abstract"


def _formula(element: Element) -> str:
    return one_line("".join(element.itertext()))


def _alternative(element: Element) -> str:
    found = fields(element)
    chosen = first(found, "tex-math", "math", "textual-form")
    return "" if chosen is None else _outside(chosen)


def _tex(element: Element) -> str:
    """The formula of a `tex-math`, which may be a whole LaTeX document around it."""
    source = "".join(element.itertext())
    _, begun, rest = source.partition(r"\begin{document}")
    return (rest.partition(r"\end{document}")[0] if begun else source).strip()


_FORMULAS: dict[str, Callable[[Element], str]] = {"alternatives": _alternative, "tex-math": _tex, "math": _formula}
