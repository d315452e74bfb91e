"""A query cut into pieces, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, NoReturn

from models.errors import InputError

MAX_QUERY_CHARACTERS = 2_000
"""Longest query expression."""

Kind = Literal["(", ")", "AND", "OR", "NOT", "condition", "words", "end"]
_TOKEN = re.compile(
    r"""(?P<bracket>[()])
    | (?P<minus>-)(?=[^\s)-])
    | (?P<name>[A-Za-z][A-Za-z_]*) (?: (?P<colon>:) | \s*(?P<sign>>=|<=|=|>|<)\s* )
      (?: "(?P<quoted>[^"]*)" | (?P<bare>[^\s()"]*) )
    | "(?P<phrase>[^"]*)"
    | (?P<word>[^\s()"]+)
    | (?P<open>")""",
    re.VERBOSE,
)
_JOINING: dict[str, Kind] = {"AND": "AND", "OR": "OR", "NOT": "NOT", "&": "AND", "&&": "AND", "|": "OR", "||": "OR"}


class Token(NamedTuple):
    """One piece of a query.

    Attributes:
        kind: what it is. position: 1-based place of its first character in the query.
        text: as typed. name, sign, value: of a condition (`p`, `>=`, `0.8`); value also of words.
        quoted: the value stood in quotes.
    """

    kind: Kind
    position: int
    text: str
    name: str = ""
    sign: str = ""
    value: str = ""
    quoted: bool = False


def fail(position: int, problem: str) -> NoReturn:
    """Never comes back.

    Raises:
        InputError: the query's problem, with its place.
    """
    raise InputError(f"the query cannot be read at position {position}: {problem}")


def tokens(query: str) -> Iterator[Token]:
    """The pieces of a query in order, the last of kind "end".

    Raises:
        InputError: too long, or a quote that is not closed.
    """
    if len(query) > MAX_QUERY_CHARACTERS:
        fail(MAX_QUERY_CHARACTERS + 1, f"it is longer than {MAX_QUERY_CHARACTERS} characters; shorten it")
    for match in _TOKEN.finditer(query):
        yield _token(match)
    yield Token("end", len(query) + 1, "")


def _token(match: re.Match[str]) -> Token:
    position, text = match.start() + 1, match[0]
    if match["open"]:
        fail(position, 'a quote that is not closed; add another " at the end of the words')
    if match["bracket"]:
        return Token("(" if text == "(" else ")", position, text)
    if match["minus"]:
        return Token("NOT", position, text)
    if match["name"]:
        return _condition(match)
    if match["phrase"] is not None:
        return Token("words", position, text, value=match["phrase"], quoted=True)
    return Token(_JOINING.get(text, "words"), position, text, value=text)


def _condition(match: re.Match[str]) -> Token:
    position, name = match.start() + 1, match["name"].lower()
    quoted = match["quoted"] is not None
    value = match["quoted"] if quoted else match["bare"]
    if not value.strip():
        unclosed = match.end() < len(match.string) and match.string[match.end()] == '"'
        fail(match.end() + 1, "a quote that is not closed" if unclosed else f"'{match[0].strip()}' lacks its value")
    return Token("condition", position, match[0], name, match["colon"] or match["sign"], value, quoted)
