"""Pages of papers: filtered, sorted, by keyset; counts and facets.

How a first page stays fast at any size. With themes asked for, every theme is one walk of an index
of `tags` that is in the wanted order already, cut off after a page; the walks are merged. Without
themes the index of `papers` in that order is walked and conditions are tried row by row, unless a
text, category, source or id list finds few papers: then these are fetched and sorted.
A page begins where the last one ended (a keyset, not an offset), so deep pages cost what the first
one does and papers that arrive meanwhile move nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Double,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
)

from models.errors import InputError
from service.store.corrections import reviews_of
from service.store.cursors import Place, Sort, read_cursor, write_cursor
from service.store.database import Database
from service.store.filters import EVERYTHING, Dialect, PaperFilter, Query, category_names, condition, filters_in
from service.store.records import Page, StoredPaper
from service.store.reviews import Review, corrected
from service.store.rows import Columns, stored_paper_of, tagging_of
from service.store.schema import announcements, contents, paper_categories, papers, taggings, tags
from service.store.search import matching, ranking, read_query

MAX_PAGE = 1_000
"""Most papers on a page."""
_FEW = 1_500  # up to so many matches, fetching and sorting them beats walking an index
Pick = tuple[int, float]


@dataclass(frozen=True, slots=True)
class _Order:
    sort: Sort
    descending: bool
    after: Place | None
    limit: int

    def cut(self, rows: Select[Any], key: ColumnElement[Any], pk: ColumnElement[int]) -> Select[Any]:
        """The rows after the last page in this order, one more than a page."""
        if self.after is not None:
            here, last = tuple_(key, pk), tuple_(literal(self.after.key, _plain(self.sort)), literal(self.after.pk))
            rows = rows.where(here < last if self.descending else here > last)
        order = (key.desc(), pk.desc()) if self.descending else (key, pk)
        return rows.order_by(*order).limit(self.limit)


class Listing:
    """Read access to papers by filter; every method takes a `PaperFilter` or a tree of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        query: Query = EVERYTHING,
        *,
        sort: Sort = Sort.PUBLISHED,
        descending: bool = True,
        limit: int = 50,
        cursor: str = "",
    ) -> Page:
        """One page of the papers that match, in order, and the cursor of the next.

        Papers without the sort key (no date, no tag, no novelty) come last, first when ascending.
        Sorted by probability under a theme filter, a paper's key is its most probable tag among
        the themes of the filter's `any_of` (or the first of `all_of`).

        Raises:
            InputError: a filter, limit or cursor that cannot be used, or RELEVANCE without words.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InputError(f"limit is {limit}: expected 1 to {MAX_PAGE}")
        order = _Order(sort, descending, read_cursor(cursor, sort, descending), limit + 1)
        with self._database.read() as connection:
            picks = self._picks(connection, query, order)
            items = load(connection, [pk for pk, _ in picks[:limit]])
        more = len(picks) > limit
        return Page(items, _cursor_at(picks[limit - 1], order) if more else "")

    def count(self, query: Query = EVERYTHING) -> int:
        """How many papers match."""
        found = select(func.count()).select_from(papers).where(condition(query, self._dialect()))
        with self._database.read() as connection:
            return connection.scalar(found) or 0

    def theme_facet(self, query: Query = EVERYTHING, limit: int = 100) -> dict[str, int]:
        """Matching papers by theme of the current tagging, most first."""
        return self._facet(tags.c.theme, tags.c.paper, query, limit)

    def category_facet(self, query: Query = EVERYTHING, limit: int = 100) -> dict[str, int]:
        """Matching papers by category, most first."""
        return self._facet(paper_categories.c.category, paper_categories.c.paper, query, limit)

    def source_facet(self, query: Query = EVERYTHING, limit: int = 100) -> dict[str, int]:
        """Matching papers by source that announced them, most first."""
        return self._facet(announcements.c.source, announcements.c.paper, query, limit, distinct=True)

    def iterate(self, query: Query = EVERYTHING, batch: int = 500) -> Iterator[StoredPaper]:
        """Every matching paper in the order the store met them, in flat memory.

        Each batch is a read of its own, so writers are never held up; a paper that is there from
        beginning to end comes exactly once.
        """
        wanted = condition(query, self._dialect())
        for items in batches(self._database, lambda _: wanted, batch):
            yield from items

    def _dialect(self, eager: bool = True) -> Dialect:
        return Dialect(self._database.is_sqlite, eager)

    def _picks(self, connection: Connection, query: Query, order: _Order) -> list[Pick]:
        if order.sort is not Sort.RELEVANCE and (driver := _driver(query)):
            return self._by_theme(connection, query, driver, order)
        if order.sort is Sort.RELEVANCE:
            rows = self._by_relevance(query, order)
        else:
            rows = self._by_paper(query, order, few=self._finds_few(connection, query))
        return [(row.pk, row.key) for row in connection.execute(rows)]

    def _by_paper(self, query: Query, order: _Order, few: bool) -> Select[Any]:
        key = type_coerce(papers.c[order.sort.value], _plain(order.sort))
        rows = select(papers.c.pk, key.label("key")).where(condition(query, self._dialect(eager=few)))
        return order.cut(rows, key + 0 if few else key, papers.c.pk)  # "+ 0": not by that index

    def _by_theme(self, connection: Connection, query: Query, driver: PaperFilter, order: _Order) -> list[Pick]:
        themes = tuple(dict.fromkeys(driver.any_of or driver.all_of[:1]))
        rest = _rest(query, driver)
        wanted = true() if rest is None else _of_tag(condition(rest, self._dialect(eager=False)))
        walk = _walk(themes, driver, wanted, order)
        found = (connection.execute(walk, {"walked": theme}) for theme in themes)
        picks = sorted(((row.key, row.pk) for rows in found for row in rows), reverse=order.descending)
        return [(pk, key) for key, pk in picks[: order.limit]]

    def _by_relevance(self, query: Query, order: _Order) -> Select[Any]:
        typed = next((part.text for part in filters_in(query) if part.text.strip()), "")
        ranked = ranking(read_query(typed), self._database.is_sqlite)
        if ranked is None:
            raise InputError("sorting by relevance needs a text query with a word to be found")
        scores = ranked.subquery()
        joined = select(papers.c.pk, scores.c.score.label("key")).join(
            scores, scores.c.search_row == papers.c.search_row
        )
        return order.cut(joined.where(condition(query, self._dialect())), scores.c.score, papers.c.pk)

    def _finds_few(self, connection: Connection, query: Query) -> bool:
        return any(self._is_few(connection, part) for part in filters_in(query))

    def _is_few(self, connection: Connection, part: PaperFilter) -> bool:
        found = [matching(group, self._database.is_sqlite) for group in read_query(part.text).required]
        if part.categories:
            found.append(select(paper_categories.c.paper).where(category_names(part.categories)))
        if part.sources:
            found.append(select(announcements.c.paper).where(announcements.c.source.in_(part.sources)))
        return bool(part.ids) or any(_at_most(connection, rows, _FEW) for rows in found)

    def _facet(
        self, name: ColumnElement[str], paper: ColumnElement[int], query: Query, limit: int, distinct: bool = False
    ) -> dict[str, int]:
        number = func.count(paper.distinct()) if distinct else func.count()
        rows = select(name, number).group_by(name).order_by(number.desc(), name).limit(limit)
        if query != EVERYTHING:
            rows = rows.where(paper.in_(select(papers.c.pk).where(condition(query, self._dialect()))))
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(rows)}


def batches(
    database: Database, wanted: Callable[[Connection], ColumnElement[bool]], size: int
) -> Iterator[tuple[StoredPaper, ...]]:
    """Batches of the papers that `wanted` takes, in the order the store met them; each is a read of its own."""
    after = 0
    while True:
        with database.read() as connection:
            rows = select(papers.c.pk).where(papers.c.pk > after, wanted(connection)).order_by(papers.c.pk).limit(size)
            pks: list[int] = list(connection.scalars(rows))
            items = load(connection, pks)
        if items:
            yield items
        if len(pks) < size:
            return
        after = pks[-1]


def load(connection: Connection, pks: Sequence[int]) -> tuple[StoredPaper, ...]:
    """The stored papers with these row numbers, in the order given, their tags as people corrected them."""
    if not pks:
        return ()
    rows = select(papers, *(column for column in contents.c if column.name != "paper"))
    found = (
        connection.execute(rows.join(contents, contents.c.paper == papers.c.pk).where(papers.c.pk.in_(pks)))
        .mappings()
        .all()
    )
    current = _taggings(connection, [row["tagging"] for row in found if row["tagging"]])
    reviews = reviews_of(connection, [row["pk"] for row in found if row["tagging"]])
    by_pk = {row["pk"]: _stored(row, current.get(row["tagging"]), reviews.get(row["pk"])) for row in found}
    return tuple(by_pk[pk] for pk in pks if pk in by_pk)


def _taggings(connection: Connection, ids: Sequence[int]) -> dict[int, Columns]:
    found = connection.execute(select(taggings).where(taggings.c.id.in_(ids))).mappings() if ids else ()
    return {row["id"]: dict(row) for row in found}


def _stored(row: Columns, tagging: Columns | None, found: Review | None) -> StoredPaper:
    return stored_paper_of(row, None if tagging is None else corrected(tagging_of(tagging, row["id"]), found))


def _plain(sort: Sort) -> BigInteger | Double[float]:
    return BigInteger() if sort.is_time else Double()


def _cursor_at(pick: Pick, order: _Order) -> str:
    pk, key = pick
    return write_cursor(Place(key, pk), order.sort, order.descending)


def _driver(query: Query) -> PaperFilter | None:
    return next((part for part in filters_in(query) if part.any_of or part.all_of), None)


def _rest(query: Query, driver: PaperFilter) -> Query | None:
    """What is left to be tried on a row that the walk of the driver's themes found."""
    if query is driver and driver.any_of:
        left = replace(driver, any_of=())
        if not driver.all_of:
            left = replace(left, min_probability=None, max_probability=None)
        return None if left == EVERYTHING else left
    return query


def _walk(themes: Sequence[str], driver: PaperFilter, wanted: ColumnElement[bool], order: _Order) -> Select[Any]:
    """The walk of one theme, the parameter `walked`."""
    key = type_coerce(tags.c[order.sort.value], _plain(order.sort))
    rows = select(tags.c.paper.label("pk"), key.label("key"))
    rows = rows.where(tags.c.theme == bindparam("walked", type_=tags.c.theme.type), wanted)
    if driver.min_probability is not None:
        rows = rows.where(tags.c.probability >= driver.min_probability)
    if driver.max_probability is not None:
        rows = rows.where(tags.c.probability <= driver.max_probability)
    if len(themes) > 1:
        rows = rows.where(~_better(themes, driver))
    return order.cut(rows, key, tags.c.paper)


def _better(themes: Sequence[str], driver: PaperFilter) -> ColumnElement[bool]:
    # A paper with several of the themes is in several walks: only its best row of them counts.
    other = tags.alias("other")
    ahead = or_(
        other.c.probability > tags.c.probability,
        and_(other.c.probability == tags.c.probability, other.c.theme < tags.c.theme),
    )
    if driver.max_probability is not None:
        ahead = and_(ahead, other.c.probability <= driver.max_probability)
    return exists().where(other.c.paper == tags.c.paper, other.c.theme.in_(themes), ahead).correlate(tags)


def _of_tag(wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(papers.c.pk == tags.c.paper, wanted).correlate(tags)


def _at_most(connection: Connection, rows: Select[Any], number: int) -> bool:
    found = select(func.count()).select_from(rows.limit(number + 1).subquery())
    return (connection.scalar(found) or 0) <= number
