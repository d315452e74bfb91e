"""Authors among the unmarked lines of a bare listing, if they can be told; never a guess beyond looks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_PARTICLES = frozenset(
    (
        *("de", "da", "do", "dos", "das", "del", "della", "di", "du", "la", "le", "van", "von", "vom", "der", "den"),
        *("ter", "ten", "zu", "af", "av", "el", "al", "bin", "ibn", "ben", "abu", "y", "e", "i", "dit", "st"),
    )
)
# Words of comments, of affiliations, of both. Some are surnames too: then the authors stay unread.
_NO_NAME = frozenset(
    (
        *("report", "technical", "paper", "papers", "abstract", "version", "thesis", "dissertation", "draft", "review"),
        *("submission", "submitted", "accepted", "talk", "poster", "workshop", "conference", "journal", "proceedings"),
        *(
            "symposium",
            "preprint",
            "manuscript",
            "survey",
            "tutorial",
            "chapter",
            "lecture",
            "notes",
            "extended",
            "full",
        ),
        *("camera", "ready", "invited", "work", "working", "progress", "published", "appear", "press", "supplementary"),
        *(
            "material",
            "materials",
            "appendix",
            "pages",
            "figures",
            "tables",
            "the",
            "and",
            "of",
            "for",
            "in",
            "to",
            "at",
        ),
        *("university", "universität", "université", "universidad", "università", "institute", "institut", "instituto"),
        *(
            "laboratory",
            "laboratories",
            "lab",
            "labs",
            "college",
            "school",
            "department",
            "centre",
            "center",
            "national",
        ),
        *("research", "technology", "technologies", "science", "sciences", "engineering", "group", "team", "company"),
        *("corporation", "corp", "inc", "inc.", "ltd", "ltd.", "gmbh", "llc", "foundation", "academy", "collaboration"),
        *("consortium", "ministry", "hospital", "systems", "computing", "google", "microsoft", "nvidia", "amazon"),
        *("huawei", "alibaba", "tencent", "bytedance", "deepmind", "openai", "samsung", "semiconductor", "ai"),
    )
)
_WORD = re.compile(r"[^\W\d_]+(?:[.'’`´‐-][^\W\d_]+)*[.']?")
_MOST_WORDS = 6
_MOST_COMMENTS = 2


def authors_among(lines: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """The lines of comment before the authors, and the authors; all lines and no authors if in doubt.

    Authors are what is left after at most two lines that cannot be names: either names only, or
    names alternating with affiliations that are no names or stand there more than once.
    """
    comments = 0
    while comments < min(_MOST_COMMENTS, len(lines)) and not reads_as_name(lines[comments]):
        comments += 1
    rest = list(lines[comments:])
    for authors, affiliations in ((rest, []), (rest[::2], rest[1::2])):
        if _are_people(authors) and _are_affiliations(affiliations) and len(affiliations) in (0, len(authors)):
            return list(lines[:comments]), tuple(authors)
    return list(lines), ()


def reads_as_name(line: str) -> bool:
    """Whether a line looks like a person's name: two to six words, capitalised but for particles."""
    words = line.split()
    if not 2 <= len(words) <= _MOST_WORDS or words[-1] in _PARTICLES:
        return False
    return all(map(_belongs_to_name, words)) and not any(word.casefold() in _NO_NAME for word in words)


def _belongs_to_name(word: str) -> bool:
    if _WORD.fullmatch(word) is None or (word.endswith(".") and len(word) > len("Jr.")):  # "Proc.", "Univ."
        return False
    return not word[0].islower() or word in _PARTICLES or word[1:2] in ("'", "’") or any(map(str.isupper, word))


def _are_people(lines: Sequence[str]) -> bool:
    return bool(lines) and all(map(reads_as_name, lines)) and len(set(lines)) == len(lines)


def _are_affiliations(lines: Sequence[str]) -> bool:
    times = Counter(lines)
    return all(times[line] > 1 or not reads_as_name(line) for line in lines)
