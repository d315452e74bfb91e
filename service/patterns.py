"""What a rule looks for in a paper: a phrase or a regular expression in one of its fields, in bounded time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import regex

from models.errors import InputError
from models.paper import Paper
from models.text import clean

MATCH_TIMEOUT_S = 0.1
"""Longest time one expression may take on one field."""
_LONGEST = 1_000
_GAP = r"[\s-]+"  # between the words of a phrase: "erasure code" finds "erasure-code" too
_MOST_CHARACTERS = 20_000  # of a field that are looked at


def _texts(*names: str) -> Callable[[Paper], Sequence[str]]:
    return lambda paper: [clean(getattr(paper, name)[:_MOST_CHARACTERS]) for name in names]


FIELDS: Mapping[str, Callable[[Paper], Sequence[str]]] = {
    "text": _texts("title", "abstract"),
    "title": _texts("title"),
    "abstract": _texts("abstract"),
    "comment": _texts("comment"),
    "authors": lambda paper: [clean(name) for name in paper.authors],
    "categories": lambda paper: paper.categories,
    "primary_category": lambda paper: paper.categories[:1],
    "id": lambda paper: [paper.id],
    "doi": lambda paper: [paper.doi],
    "url": lambda paper: [paper.url],
}
"""What a rule can look at, by name; texts are cleaned of markup first."""
_EXACT = frozenset(("categories", "primary_category", "id", "doi", "url"))


@dataclass(frozen=True)
class Pattern:
    """One thing looked for; exactly one of `phrase` and `expression` is given.

    Attributes:
        field: a name in `FIELDS`.
        phrase: words in a row, whole ones, in any case; in fields that are no texts the whole value,
            `*` standing for any end (`cs.*`).
        expression: a regular expression, searched for in any case unless it says `(?-i)`.

    Raises:
        InputError: an unknown field, no phrase or expression or both, or one that cannot be read.
    """

    field: str
    phrase: str = ""
    expression: str = ""

    def __post_init__(self) -> None:
        if self.field not in FIELDS:
            raise InputError(f"there is no field {self.field[:40]!r}: use one of {', '.join(FIELDS)}")
        if bool(self.phrase.strip()) == bool(self.expression):
            raise InputError("give either a phrase or a regex")
        if len(self.phrase) + len(self.expression) > _LONGEST:
            raise InputError(f"over {_LONGEST} characters: shorten it, or make several rules")
        try:
            _ = self._compiled
        except (regex.error, OverflowError, RecursionError) as error:
            raise InputError(f"the regex {self.expression[:80]!r} cannot be read: {error}") from None

    def __str__(self) -> str:
        return f"{self.field}: {self.phrase!r}" if self.phrase else f"{self.field}: /{self.expression}/"

    @cached_property
    def _compiled(self) -> Any:
        if self.expression:
            return regex.compile(self.expression, regex.IGNORECASE | regex.VERSION1)
        if self.field in _EXACT:
            parts = (regex.escape(part, special_only=True) for part in self.phrase.strip().split("*"))
            return regex.compile(rf"\A{'.*'.join(parts)}\Z", regex.IGNORECASE | regex.DOTALL)
        words = (regex.escape(word, special_only=True) for word in self.phrase.split())
        return regex.compile(rf"(?<!\w){_GAP.join(words)}(?!\w)", regex.IGNORECASE)

    def matches(self, paper: Paper) -> bool:
        """Whether it is found in the paper.

        Raises:
            TimeoutError: the expression took longer than `MATCH_TIMEOUT_S` on a field.
        """
        return any(
            self._compiled.search(text, timeout=MATCH_TIMEOUT_S) is not None for text in FIELDS[self.field](paper)
        )
