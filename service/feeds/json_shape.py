"""What a JSON feed is, told from its beginning: which keys it has, and where."""

from __future__ import annotations

import re
from functools import lru_cache

from service.feeds.text_input import decode

_BEGINNING = re.compile(r'[\s\x1e]*(?:\{\s*["}]|\[\s*[\[{"\]n])')
# The possessive run keeps this linear: a string is gone through once, whether or not it is closed.
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*+)(?:"(\s*:)?|\\?\Z)|[{}\[\]]', re.DOTALL)

# Ways grow no longer than this: brackets within brackets must not cost the square of their number.
_DEEPEST = 8
_LONGEST_KEY = 60


def looks_like_json(head: bytes) -> bool:
    """Whether a feed beginning with `head` is JSON: an object, or an array of objects, texts or arrays."""
    return _BEGINNING.match(decode(head)) is not None


@lru_cache(maxsize=2)
def shape(head: bytes) -> frozenset[str]:
    """The keys in the beginning of a JSON feed with their ways from the top, e.g. `"items[].id"`.

    Works on a text that breaks off anywhere; a list at the top is `"[]"`, and the lines of JSON
    Lines all lie at the top. Empty for what does not look like JSON.
    """
    return frozenset(_ways(decode(head))) if looks_like_json(head) else frozenset()


def _ways(text: str) -> list[str]:
    found: list[str] = []
    above = [""]
    key = ""
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in ("{", "["):
            inside = _joined(above[-1], key + ("[]" if sign == "[" else ""))
            above.append(inside if len(above) <= _DEEPEST else above[-1])
        elif sign in ("}", "]") and len(above) > 1:
            above.pop()
        key = token[1][:_LONGEST_KEY] if token[2] else ""
        if key:
            found.append(_joined(above[-1], key))
    return found


def _joined(above: str, key: str) -> str:
    return f"{above}.{key}" if above and key else above or key
