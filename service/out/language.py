"""The query language: one line of text to a query of the store.

    theme:consensus AND NOT group:applications AND text:"erasure code" AND since:7d AND p>=0.8

    theme:a  theme:a,b      has the theme, or one of several        group:systems  any theme of a group
    primary:a               its most probable theme is it           cat:cs.DC  cat:cs.*
    text:word  "a phrase"   in title, abstract or authors           title:  abstract:  author:  quant*
    since:7d  until:today   when the store met the paper first      published>=2026-03  updated:  changed:
    p>=0.8  novelty<0.3     with >=, >, <=, <                       is:tagged  abstained  withdrawn  stale  reviewed
    source:"https://..."    a feed announced it                     id:arxiv:2603.09122   bundle:...

AND may be left out and binds tighter than OR; NOT and a minus sign mean the same. A bound on `p`
holds for the themes and groups it is joined to by AND; where there is none, for the most probable tag.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

from service.out.conditions import Bounds, Context, filter_of
from service.out.syntax import Both, Either, Negation, Node, parse
from service.store import EVERYTHING, AllOf, AnyOf, Not, PaperFilter, Query

_LISTS_NEGATED = {"any_of": "none_of", "all_of": "none_of", "categories": "not_categories", "bundles": "not_bundles"}
_LIMITS = frozenset(("min_probability", "max_probability"))
# Fields that ask for all they list: two lists are one longer one.
_JOINED: dict[str, Callable[[Any, Any], Any]] = {
    "all_of": operator.add,
    "none_of": operator.add,
    "not_categories": operator.add,
    "not_bundles": operator.add,
    "text": lambda one, other: f"{one} {other}",
}


def read_expression(expression: str, context: Context) -> Query:
    """The store's query that an expression stands for; an empty one takes all papers.

    Raises:
        InputError: what is wrong with it, and at which character.
    """
    if not expression.strip():
        return EVERYTHING
    return _whole(_compiled(parse(expression), context))


def together(parts: Iterable[Query]) -> Query:
    """The query that asks for all parts, in as few filters as possible."""
    merged: list[Query] = []
    for part in parts:
        place = next((n for n, other in enumerate(merged) if _fit(other, part)), None)
        if place is None:
            merged.append(part)
        else:
            merged[place] = _merged(merged[place], part)
    wanted = [part for part in merged if part != EVERYTHING]
    return AllOf(tuple(wanted)) if len(wanted) > 1 else wanted[0] if wanted else EVERYTHING


def _compiled(node: Node, context: Context) -> Query | Bounds:
    if isinstance(node, Both):
        return _both([_compiled(part, context) for part in node.parts])
    if isinstance(node, Either):
        return AnyOf(tuple(_whole(_compiled(part, context)) for part in node.parts))
    if isinstance(node, Negation):
        return _negated(_whole(_compiled(node.part, context)))
    return filter_of(node, context)


def _whole(part: Query | Bounds) -> Query:
    return part.filter() if isinstance(part, Bounds) else part


def _both(parts: Sequence[Query | Bounds]) -> Query:
    bounds = [part for part in parts if isinstance(part, Bounds)]
    queries = [part for part in parts if not isinstance(part, Bounds)]
    if not bounds:
        return together(queries)
    limits = _tightest(bounds)
    bound = [_bind(query, limits) for query in queries]
    rest = [] if any(found for _, found in bound) else [limits.filter()]
    return together([*(query for query, _ in bound), *rest])


def _tightest(bounds: Sequence[Bounds]) -> Bounds:
    low = [bound.low for bound in bounds if bound.low is not None]
    high = [bound.high for bound in bounds if bound.high is not None]
    return Bounds(max(low, default=None), min(high, default=None))


def _bind(query: Query, limits: Bounds) -> tuple[Query, bool]:
    """The query with the limits on the themes it asks for, and whether there is any."""
    if isinstance(query, PaperFilter):
        if not _has_themes(query):
            return query, False
        free = _limits(query) == (None, None)
        return (replace(query, min_probability=limits.low, max_probability=limits.high) if free else query), True
    if isinstance(query, Not):
        return query, False
    bound = [_bind(part, limits) for part in query.parts]
    found = any(has for _, has in bound)
    if isinstance(query, AllOf):
        return AllOf(tuple(part for part, _ in bound)), found
    # An alternative without a theme of its own must not escape the bound.
    other = [part if has or not found else together([part, limits.filter()]) for part, has in bound]
    return AnyOf(tuple(other)), found


def _negated(query: Query) -> Query:
    """Not the query, as a filter of its own where the store has one."""
    if not isinstance(query, PaperFilter):
        return query.part if isinstance(query, Not) else Not(query)
    given = _given(query)
    opposite = _LISTS_NEGATED.get(next(iter(given), ""))
    both = len(query.all_of) > 1  # not to have both themes is not to have neither
    if len(given) == 1 and opposite and not both:
        return PaperFilter(**{opposite: next(iter(given.values()))})
    return Not(query)


def _given(query: PaperFilter) -> dict[str, Any]:
    values = {field.name: getattr(query, field.name) for field in fields(PaperFilter)}
    return {name: value for name, value in values.items() if value not in ((), "", None)}


def _fit(one: Query, other: Query) -> bool:
    """Whether one filter can say both: no field set twice, and no bound on p changes its subject."""
    if not isinstance(one, PaperFilter) or not isinstance(other, PaperFilter):
        return False
    if (_given(one).keys() & _given(other).keys()) - _LIMITS - _JOINED.keys():
        return False
    subjects = [query for query in (one, other) if _has_themes(query) or _limits(query) != (None, None)]
    return len(subjects) < 2 or (all(map(_has_themes, subjects)) and _limits(one) == _limits(other))


def _has_themes(query: PaperFilter) -> bool:
    return bool(query.any_of or query.all_of)


def _limits(query: PaperFilter) -> tuple[float | None, float | None]:
    return query.min_probability, query.max_probability


def _merged(one: Query, other: Query) -> Query:
    first, second = _given(one), _given(other)  # type: ignore[arg-type]
    joined = {name: _JOINED[name](first[name], second[name]) for name in first.keys() & second.keys() & _JOINED.keys()}
    return PaperFilter(**{**first, **second, **joined})
