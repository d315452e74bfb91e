"""Reasons not to tag a text at all, found before any model looks at it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from models.paper import Paper

_LATIN = re.compile(r"[\u0000-\u024f]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_FUNCTION_WORDS = frozenset(
    "a an and are as at be been but by can for from has have in into is it its of on or our such than that the their "
    "these this to under using via was we when where which while with without".split()
)
_ENGLISH_SHARE = 0.10
_JUDGED_WORDS = 8
_LATIN_SHARE = 0.7
_JUDGED_CHARACTERS = 2_000
_WHOLE_ABSTRACT = 650
"""Characters from which on a text counts as a whole abstract, about a hundred words."""

Reason = str

BLOCKING: tuple[Reason, ...] = ("no_text", "too_short", "not_english", "out_of_scope")
"""Reasons that forbid every tag."""


def text_reason(text: str) -> Reason | None:
    """Why a cleaned text cannot be tagged: "no_text", "too_short" or "not_english"; None if it can.

    Fewer than three words are too short. A text is foreign when most of its letters are not Latin,
    or when it has eight words or more, hardly any English function word among them, and the
    language identifier (py3langid) agrees.
    """
    words = _WORD.findall(text[:_JUDGED_CHARACTERS])
    if not words:
        return "no_text"
    letters = "".join(words)
    if not letters.isascii() and len(_LATIN.sub("", letters)) > (1.0 - _LATIN_SHARE) * len(letters):
        return "not_english"
    if len(words) < 3:
        return "too_short"
    return "not_english" if _foreign(words, text) else None


def _foreign(words: list[str], text: str) -> bool:
    if len(words) < _JUDGED_WORDS:
        return False
    known = sum(map(_FUNCTION_WORDS.__contains__, map(str.lower, words)))
    return known < _ENGLISH_SHARE * len(words) and language(text) != "en"


def language(text: str) -> str:
    """ISO 639-1 code of the most likely language of a text."""
    import py3langid  # loads a model of its own: only odd texts pay for it

    code, _ = py3langid.classify(text[:_JUDGED_CHARACTERS])
    return str(code)


def scope_floors(texts: Sequence[str], floor: float) -> npt.NDArray[np.float32]:
    """(n,) scope logit that each text must reach.

    The floor was set on whole abstracts, where evidence for the field adds up over many words. A short
    text says little either way, so a floor above even odds comes down to them in proportion.
    """
    if floor <= 0.0:
        return np.full(len(texts), floor, dtype=np.float32)
    lengths = np.array([len(text) for text in texts], dtype=np.float32)
    return np.asarray(floor * np.minimum(lengths / _WHOLE_ABSTRACT, 1.0), dtype=np.float32)


def listed(papers: Sequence[Paper], categories: Collection[str]) -> npt.NDArray[np.bool_]:
    """(n,) bool, papers that their source lists under one of the categories."""
    known = frozenset(categories)
    return np.array([not known.isdisjoint(paper.categories) for paper in papers], dtype=bool)
