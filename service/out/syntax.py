"""What a query says, as a tree: conditions joined by AND, OR and NOT."""

from __future__ import annotations

from dataclasses import dataclass

from service.out.tokens import Token, fail, tokens

MAX_CONDITIONS = 100
"""Most conditions of a query."""
MAX_DEPTH = 30
"""Deepest nesting of brackets and NOTs."""


@dataclass(frozen=True, slots=True)
class Both:
    """All of the parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts at least."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """Not the part."""

    part: Node


Node = Token | Both | Either | Negation
_ENDS = frozenset((")", "end", "OR"))


def parse(query: str) -> Node:
    """The tree of a query; its leaves are conditions and words.

        either    := both ("OR" both)*
        both      := unary ("AND"? unary)*
        unary     := ("NOT" | "-") unary | "(" either ")" | condition | words

    Raises:
        InputError: what is wrong, and at which character.
    """
    reader = _Reader(query)
    tree = reader.either(0)
    if reader.next.kind != "end":
        fail(reader.next.position, "a bracket closes that was never opened; take it out")
    return tree


class _Reader:
    """Recursive descent over the tokens; `next` is the one not taken yet."""

    def __init__(self, query: str) -> None:
        self._tokens = tokens(query)
        self._conditions = 0
        self.next = next(self._tokens)

    def either(self, depth: int) -> Node:
        parts = [self._both(depth)]
        while self.next.kind == "OR":
            self._take()
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self, depth: int) -> Node:
        parts = [self._unary(depth)]
        while self.next.kind not in _ENDS:
            if self.next.kind == "AND":
                self._take()
            parts.append(self._unary(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _unary(self, depth: int) -> Node:
        token = self._take()
        if depth > MAX_DEPTH:
            fail(token.position, f"more than {MAX_DEPTH} levels of brackets or NOTs; write it flatter")
        if token.kind == "NOT":
            return Negation(self._unary(depth + 1))
        if token.kind == "(":
            return self._bracketed(token, depth)
        if token.kind in ("condition", "words"):
            return self._counted(token)
        return _missing(token)

    def _bracketed(self, opening: Token, depth: int) -> Node:
        inner = self.either(depth + 1)
        if self._take().kind != ")":
            fail(opening.position, "a bracket that is not closed; add ) where it ends")
        return inner

    def _counted(self, token: Token) -> Node:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            fail(token.position, f"more than {MAX_CONDITIONS} conditions; save parts as queries of their own")
        return token

    def _take(self) -> Token:
        token = self.next
        self.next = next(self._tokens, token)
        return token


def _missing(token: Token) -> Node:
    what = "the end" if token.kind == "end" else f"'{token.text}'"
    return fail(token.position, f'a condition is missing before {what}, such as theme:consensus or "a phrase"')
