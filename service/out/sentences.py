"""Why a paper has a theme, in a sentence of its own abstract."""

from __future__ import annotations

import re

from models.bundle import ModelBundle
from models.evidence import find_evidence
from models.paper import Paper
from models.text import clean

_END = re.compile(r"[.!?][\"')\]]?\s")
_LONGEST = 320
"""Most characters of a sentence shown; a longer one is cut around the evidence."""
_PROFILE = "fast"  # n-grams explain a paper in milliseconds; the encoder would take a second for each


def evidence_sentence(bundle: ModelBundle, paper: Paper, theme: str) -> str:
    """The sentence of the abstract whose words carry the theme most, plain and on one line, else "".

    It is "" where nothing in the abstract lowers the theme's probability when it is taken out, and
    for themes that the bundle does not have.
    """
    column = bundle.taxonomy.columns.get(theme)
    if column is None or not paper.abstract.strip():
        return ""
    (found,) = find_evidence(bundle, paper, [column], _PROFILE)
    stretch = next((item for item in found if item.field == "abstract"), None)
    return sentence_around(paper.abstract, stretch.start, stretch.end) if stretch else ""


def sentence_around(text: str, start: int, end: int) -> str:
    """The sentence or sentences of the text that hold the characters from `start` to `end`, cleaned."""
    before = [match.end() for match in _END.finditer(text, 0, start)]
    after = _END.search(text, max(start, end - 1))
    first, last = before[-1] if before else 0, after.end() if after else len(text)
    if last - first <= _LONGEST:
        return clean(text[first:last])
    spare = max(0, _LONGEST - (end - start)) // 2
    low, high = max(first, start - spare), min(last, max(end, start) + spare)
    head, tail = "… " if low > first else "", " …" if high < last else ""
    return f"{head}{clean(_whole_words(text, low, high))}{tail}"


def _whole_words(text: str, low: int, high: int) -> str:
    piece = text[low:high]
    if low and not text[low - 1].isspace() and " " in piece:
        piece = piece[piece.index(" ") :]
    if high < len(text) and not text[high].isspace() and " " in piece:
        piece = piece[: piece.rindex(" ")]
    return piece
