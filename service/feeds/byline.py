"""The single names in one line of authors, as arXiv writes it."""

from __future__ import annotations

import re

_SUFFIXES = frozenset(["jr", "jr.", "sr", "sr.", "ii", "iii", "iv"])
_AND = re.compile(r"\s+(?:and|&)\s+")
_GROUP = re.compile(r"\b(?:collaborations?|consortium|group|team|project|network)\b", re.IGNORECASE)
_LEADING_AND = re.compile(r"^and\b\s*")


def names_in(byline: str) -> tuple[str, ...]:
    """The names of a byline like "A. Ode, B. Poe, Jr. (Lab, (1)) and C. Roe", in order.

    Affiliations (all that is in parentheses) are left out; a suffix stays with its name, a
    collaboration with "and" in its name whole. https://info.arxiv.org/help/prep.html#author
    """
    names: list[str] = []
    for part in _outside_parentheses(byline).split(","):
        part = _LEADING_AND.sub("", " ".join(part.split()))
        if part.lower() in _SUFFIXES and names:
            names[-1] += f", {part}"
        elif _GROUP.search(part):
            names.append(part)
        else:
            names.extend(_AND.split(part))
    return tuple(filter(None, (name.strip(" ;:") for name in names)))


def _outside_parentheses(text: str) -> str:
    kept: list[str] = []
    open_count = 0
    for piece in re.split(r"([()])", text):
        if piece == "(":
            open_count += 1
        elif piece == ")":
            open_count = max(0, open_count - 1)
        elif not open_count:
            kept.append(piece)
    return "".join(kept)
