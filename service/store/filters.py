"""Which papers: a filter of many conditions, trees of filters, and the SQL they stand for."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, exists, false, not_, or_, select, true, type_coerce

from models.errors import InputError
from service.store.columns import UNKNOWN_SCORE, UNKNOWN_TIME, to_ticks
from service.store.schema import announcements, paper_categories, papers, tags, verdicts
from service.store.search import matching, read_query

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFilter:
    """Conditions that must all hold; what is left out does not matter.

    Attributes:
        any_of, all_of, none_of: theme ids of the current tagging; a group is the list of its themes.
        primary: theme ids one of which is the primary tag.
        min_probability, max_probability: bounds in [0, 1] on the tags that `any_of` and `all_of`
            ask for; with neither, on the paper's most probable tag.
        categories, not_categories: exact names (`cs.DC`) or whole archives (`cs.*`), any of them.
        text: a full-text query, see `service.store.search`.
        published_from, published_before, ...: aware times, from inclusive, before exclusive;
            papers of unknown date fail any bound. first_seen is when the store met the paper,
            changed when what it shows changed last.
        min_novelty, max_novelty: bounds in [0, 1]; papers without a novelty fail any bound.
        abstained, withdrawn, tagged, stale, reviewed: True or False to ask for it; a paper is
            reviewed where any person gave any verdict.
        bundles, not_bundles: ids of the bundle of the current tagging.
        sources: URLs or names that announced the paper, any of them.
        ids: these papers only.
    """

    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    primary: tuple[str, ...] = ()
    min_probability: float | None = None
    max_probability: float | None = None
    categories: tuple[str, ...] = ()
    not_categories: tuple[str, ...] = ()
    text: str = ""
    published_from: datetime | None = None
    published_before: datetime | None = None
    updated_from: datetime | None = None
    updated_before: datetime | None = None
    first_seen_from: datetime | None = None
    first_seen_before: datetime | None = None
    changed_from: datetime | None = None
    changed_before: datetime | None = None
    min_novelty: float | None = None
    max_novelty: float | None = None
    abstained: bool | None = None
    withdrawn: bool | None = None
    tagged: bool | None = None
    stale: bool | None = None
    reviewed: bool | None = None
    bundles: tuple[str, ...] = ()
    not_bundles: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AllOf:
    """Papers that every part takes; with no part, all."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Papers that at least one part takes; with no part, none."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Papers that the part does not take."""

    part: Query


Query = PaperFilter | AllOf | AnyOf | Not
EVERYTHING = PaperFilter()
"""The filter that takes all papers."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How conditions are put, for a database and a way of reading.

    Attributes:
        sqlite: FTS5 or tsvector.
        eager: sub-queries may be worked out whole and drive the search: right where they find few
            rows, or where all matches are wanted anyway. Else they are only tried row by row, and
            the order of the listing drives.
    """

    sqlite: bool
    eager: bool = True


def condition(query: Query, dialect: Dialect) -> Condition:
    """The SQL condition on `papers` that a query stands for.

    Raises:
        InputError: a bound that is no number in [0, 1], a naive time, or a text that is too long.
    """
    if isinstance(query, AllOf):
        return and_(true(), *(condition(part, dialect) for part in query.parts))
    if isinstance(query, AnyOf):
        return or_(false(), *(condition(part, dialect) for part in query.parts))
    if isinstance(query, Not):
        return not_(condition(query.part, dialect))
    return and_(true(), *_conditions(query, dialect))


def among(column: ColumnElement[Any], found: Select[Any], dialect: Dialect) -> Condition:
    """`column IN (found)`; where not eager, kept from being the way into the table."""
    return (column if dialect.eager else column + 0).in_(found)


def bound(value: float | None, name: str) -> float | None:
    """A probability or novelty bound, checked.

    Raises:
        InputError: not a number in [0, 1].
    """
    if value is not None and not 0.0 <= value <= 1.0:
        raise InputError(f"{name} is {value!r}: expected a number from 0 to 1")
    return value


def _conditions(query: PaperFilter, dialect: Dialect) -> list[Condition]:
    return [
        *_theme_conditions(query, dialect),
        *_category_conditions(query, dialect),
        *_text_conditions(query.text, dialect),
        *_time_conditions(query),
        *_novelty_conditions(query),
        *_flag_conditions(query),
        *_identity_conditions(query, dialect),
    ]


def _theme_conditions(query: PaperFilter, dialect: Dialect) -> list[Condition]:
    probable = _between(tags.c.probability, query, "probability")
    found = [_tagged(dialect.eager, tags.c.theme == theme, *probable) for theme in query.all_of]
    if query.any_of:
        found.append(_tagged(dialect.eager, tags.c.theme.in_(query.any_of), *probable))
    if not found:
        found = _between(papers.c.probability, query, "probability")
    if query.none_of:
        found.append(not_(_tagged(False, tags.c.theme.in_(query.none_of))))
    if query.primary:
        found.append(papers.c.primary_theme.in_(query.primary))
    return found


def _tagged(eager: bool, *wanted: Condition) -> Condition:
    if eager:
        return papers.c.pk.in_(select(tags.c.paper).where(*wanted))
    return exists().where(tags.c.paper == papers.c.pk, *wanted).correlate(papers)


def category_names(names: Iterable[str]) -> Condition:
    """Rows of `paper_categories` with one of the names, `cs.*` standing for a whole archive."""
    exact = [name for name in names if not name.endswith(".*")]
    archives = [name[:-1] for name in names if name.endswith(".*")]
    column = paper_categories.c.category
    # "cs." <= name < "cs/": "/" follows "." in ASCII, and the column is compared byte by byte.
    ranges = [and_(column >= start, column < start[:-1] + "/") for start in archives]
    return or_(column.in_(exact), *ranges) if exact else or_(false(), *ranges)


def _category_conditions(query: PaperFilter, dialect: Dialect) -> list[Condition]:
    found: list[Condition] = []
    if query.categories:
        found.append(_categorised(query.categories, dialect.eager))
    if query.not_categories:
        found.append(not_(_categorised(query.not_categories, eager=False)))
    return found


def _categorised(names: Sequence[str], eager: bool) -> Condition:
    if eager:
        return papers.c.pk.in_(select(paper_categories.c.paper).where(category_names(names)))
    return exists().where(paper_categories.c.paper == papers.c.pk, category_names(names)).correlate(papers)


def _text_conditions(typed: str, dialect: Dialect) -> list[Condition]:
    if not typed.strip():
        return []
    query = read_query(typed)
    if not query.required and not query.excluded:
        return [false()]  # something was typed, and there is no word in it to be found
    found = [among(papers.c.search_row, matching(group, dialect.sqlite), dialect) for group in query.required]
    if query.excluded:
        found.append(papers.c.search_row.not_in(matching(query.excluded, dialect.sqlite)))
    return found


def _time_conditions(query: PaperFilter) -> list[Condition]:
    found: list[Condition] = []
    for name in ("published", "updated", "first_seen", "changed"):
        since, before = getattr(query, f"{name}_from"), getattr(query, f"{name}_before")
        if since is not None:
            found.append(papers.c[name] >= _aware(since, f"{name}_from"))
        if before is not None:
            found.append(papers.c[name] < _aware(before, f"{name}_before"))
            found.append(type_coerce(papers.c[name], BigInteger) > UNKNOWN_TIME)
    return found


def _aware(moment: datetime, name: str) -> datetime:
    try:
        to_ticks(moment)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from None
    return moment


def _novelty_conditions(query: PaperFilter) -> list[Condition]:
    found = _between(papers.c.novelty, query, "novelty")
    return [*found, papers.c.novelty != UNKNOWN_SCORE] if found else []


def _between(column: ColumnElement[float], query: PaperFilter, name: str) -> list[Condition]:
    found: list[Condition] = []
    low, high = bound(getattr(query, f"min_{name}"), f"min_{name}"), bound(getattr(query, f"max_{name}"), f"max_{name}")
    if low is not None:
        found.append(column >= low)
    if high is not None:
        found.append(and_(column <= high, column != UNKNOWN_SCORE))
    return found


def _flag_conditions(query: PaperFilter) -> list[Condition]:
    flags: dict[str, Condition] = {
        "abstained": papers.c.abstained,
        "withdrawn": papers.c.withdrawn,
        "stale": papers.c.stale,
        "tagged": papers.c.bundle != "",
        "reviewed": exists().where(verdicts.c.paper == papers.c.pk).correlate(papers),
    }
    wanted = {name: getattr(query, name) for name in flags}
    return [flags[name] if want else not_(flags[name]) for name, want in wanted.items() if want is not None]


def _identity_conditions(query: PaperFilter, dialect: Dialect) -> list[Condition]:
    found: list[Condition] = []
    if query.bundles:
        found.append(papers.c.bundle.in_(query.bundles))
    if query.not_bundles:
        found.append(papers.c.bundle.not_in(query.not_bundles))
    if query.sources:
        announced = select(announcements.c.paper).where(announcements.c.source.in_(query.sources))
        found.append(among(papers.c.pk, announced, dialect))
    if query.ids:
        found.append(papers.c.id.in_(query.ids))
    return found


def filters_in(query: Query) -> list[PaperFilter]:
    """The filters that every match of the query must pass: itself, or parts of an `AllOf`."""
    if isinstance(query, PaperFilter):
        return [query]
    if isinstance(query, AllOf):
        return reduce(operator.add, map(filters_in, query.parts), [])
    return []
