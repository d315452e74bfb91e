"""The feeds a store watches, and how each of them is doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Connection, delete, func, insert, literal, or_, select, type_coerce, update

from models.errors import ConflictError, InputError, NotFoundError
from service.store.audit import note
from service.store.columns import UNKNOWN_TIME, to_ticks
from service.store.database import Database
from service.store.records import Source
from service.store.rows import Columns
from service.store.schema import announcements, audit, batches, sources

MIN_INTERVAL_S = 60
"""Shortest time between two fetches of a feed, in seconds."""
KEPT_BATCHES = 20
"""How many batches of a feed are remembered."""
_MAX_WAIT_S = 86_400 * 2
_ERROR_CHARS = 1_000
_MOVED = "move source"
_MOST_MOVES = 20
_SETTINGS = frozenset({"title", "format", "interval_s", "active"})


class Sources:
    """Write and read access to feed sources."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, source: Source) -> Source:
        """Watch a feed; gives it back with the time it was added. It is due at once.

        Raises:
            ConflictError: it is watched already. InputError: an empty URL or too short an interval.
        """
        added = replace(_checked(source), added=self._database.clock())
        with self._database.write("sources") as connection:
            if _find(connection, source.url):
                raise ConflictError(
                    f"the feed {source.url} is watched already: remove it first to watch it in another way"
                )
            connection.execute(insert(sources).values(asdict(added)))
        return added

    def get(self, url: str) -> Source:
        """The feed with that URL.

        Raises:
            NotFoundError: it is not watched.
        """
        with self._database.read() as connection:
            return _need(connection, url)

    def all(self) -> tuple[Source, ...]:
        """All feeds, by URL."""
        with self._database.read() as connection:
            return tuple(map(_source_of, connection.execute(select(sources).order_by(sources.c.url)).mappings()))

    def due(self, moment: datetime | None = None) -> tuple[Source, ...]:
        """Active feeds whose next fetch is due at `moment` (default: now), longest due first."""
        ticks = to_ticks(moment or self._database.clock())
        due = type_coerce(sources.c.next_due, BigInteger)
        rows = (
            select(sources).where(sources.c.active, or_(due <= ticks, due == UNKNOWN_TIME)).order_by(due, sources.c.url)
        )
        with self._database.read() as connection:
            return tuple(map(_source_of, connection.execute(rows).mappings()))

    def change(self, url: str, **settings: str | int | bool) -> Source:
        """The feed with another title, format, interval_s or active.

        Raises:
            NotFoundError: it is not watched. InputError: another field, or too short an interval.
        """
        if unknown := sorted(set(settings) - _SETTINGS):
            raise InputError(f"{', '.join(unknown)} cannot be changed: only {', '.join(sorted(_SETTINGS))}")
        with self._database.write("sources") as connection:
            changed = _checked(_with(_need(connection, url), settings))
            _write(connection, changed)
        return changed

    def move(self, url: str, to: str) -> Source:
        """The feed under the address `to`, with all that is known of it: health, batches, what it announced.

        The audit record tells of it, so that `moved_to` finds a feed by the address it once had.

        Raises:
            NotFoundError: it is not watched. ConflictError: `to` is watched already. InputError: `to` is empty.
        """
        with self._database.write("sources", "papers", "audit") as connection:
            moved = _checked(replace(_need(connection, url), url=to))
            if _find(connection, to):
                raise ConflictError(f"the feed {to} is watched already: remove {url}, which leads to it")
            connection.execute(insert(sources).values(asdict(moved)))
            connection.execute(update(batches).where(batches.c.source == url).values(source=to))
            self._announced_by(connection, url, to)
            connection.execute(delete(sources).where(sources.c.url == url))
            note(connection, self._database.clock(), "paperwire", _MOVED, url, {"to": to})
        return moved

    def moved_to(self, url: str) -> str:
        """The address of a feed that once had the address `url`; `url` itself where it never moved."""
        with self._database.read() as connection:
            for _ in range(_MOST_MOVES):  # feeds may move in circles over the years
                moves = select(audit.c.detail).where(audit.c.subject == url, audit.c.action == _MOVED)
                detail = connection.scalar(moves.order_by(audit.c.id.desc()).limit(1))
                if detail is None or _find(connection, url):
                    return url
                url = detail["to"]
        return url

    def remove(self, url: str) -> None:
        """Watch a feed no longer; its papers stay.

        Raises:
            NotFoundError: it is not watched.
        """
        with self._database.write("sources") as connection:
            _need(connection, url)
            connection.execute(delete(sources).where(sources.c.url == url))

    def succeeded(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        cursor: str | None = None,
        facts: str | None = None,
    ) -> Source:
        """Note a good answer: health is reset, the next fetch is one interval away.

        Validators and cursor that are None stay. `facts` describes the batch in a line of text, for
        `batches`; None where there was none ("not modified").

        Raises:
            NotFoundError: it is not watched.
        """
        moment = self._database.clock()
        given = {"etag": etag, "last_modified": last_modified, "cursor": cursor}
        new: dict[str, object] = {name: value for name, value in given.items() if value is not None}
        with self._database.write("sources") as connection:
            before = _need(connection, url)
            due = moment + timedelta(seconds=before.interval_s)
            health = {"last_ok": moment, "last_tried": moment, "next_due": due, "last_error": "", "failures": 0}
            after = _with(before, health | new)
            _write(connection, after)
            if facts is not None:
                _keep(connection, url, facts)
        return after

    def advanced(self, url: str, cursor: str) -> None:
        """Note how far a harvest has come while it goes on; health and the next fetch stay as they are.

        Raises:
            NotFoundError: it is not watched.
        """
        with self._database.write("sources") as connection:
            _write(connection, replace(_need(connection, url), cursor=cursor))

    def batches(self, url: str) -> tuple[str, ...]:
        """The facts of the last batches of a feed, oldest first, at most `KEPT_BATCHES`."""
        rows = select(batches.c.facts).where(batches.c.source == url).order_by(batches.c.number)
        with self._database.read() as connection:
            return tuple(connection.scalars(rows))

    def failed(self, url: str, error: str, retry_after_s: float | None = None) -> Source:
        """Note a failed try; the next one comes after `retry_after_s`, or ever later.

        Without `retry_after_s` the wait doubles with each failure in a row, from a minute up to
        the interval (or two days where that is shorter).

        Raises:
            NotFoundError: it is not watched.
        """
        moment = self._database.clock()
        with self._database.write("sources") as connection:
            before = _need(connection, url)
            most = min(before.interval_s, _MAX_WAIT_S)
            wait = max(
                retry_after_s or 0.0, min(60.0 * 2 ** min(before.failures, 20), most) if retry_after_s is None else 0.0
            )
            after = replace(
                before,
                last_tried=moment,
                next_due=moment + timedelta(seconds=wait),
                last_error=error[:_ERROR_CHARS],
                failures=before.failures + 1,
            )
            _write(connection, after)
        return after

    def _announced_by(self, connection: Connection, url: str, to: str) -> None:
        """What was announced under one address counts as announced under the other."""
        columns = announcements.c.paper, literal(to), announcements.c.kind, announcements.c.first_seen
        mine = announcements.c.source == url
        moved = self._database.ignore(announcements)
        connection.execute(moved.from_select(["paper", "source", "kind", "first_seen"], select(*columns).where(mine)))
        connection.execute(delete(announcements).where(mine))
        self._database.bump(connection, "papers")


def _keep(connection: Connection, url: str, facts: str) -> None:
    mine = batches.c.source == url
    number = (connection.scalar(select(func.max(batches.c.number)).where(mine)) or 0) + 1
    connection.execute(insert(batches).values(source=url, number=number, facts=facts))
    connection.execute(delete(batches).where(mine, batches.c.number <= number - KEPT_BATCHES))


def _with(source: Source, values: Mapping[str, object]) -> Source:
    return Source(**{**asdict(source), **values})


def _checked(source: Source) -> Source:
    if not source.url.strip():
        raise InputError("the feed has no URL")
    if source.interval_s < MIN_INTERVAL_S:
        raise InputError(
            f"the interval of {source.url} is {source.interval_s} s: at least {MIN_INTERVAL_S} s are allowed"
        )
    return source


def _find(connection: Connection, url: str) -> Source | None:
    row = connection.execute(select(sources).where(sources.c.url == url)).mappings().first()
    return None if row is None else _source_of(row)


def _need(connection: Connection, url: str) -> Source:
    found = _find(connection, url)
    if found is None:
        raise NotFoundError(f"the feed {url} is not watched: add it first")
    return found


def _source_of(row: Columns) -> Source:
    return Source(**{field.name: row[field.name] for field in fields(Source)})


def _write(connection: Connection, source: Source) -> None:
    connection.execute(update(sources).where(sources.c.url == source.url).values(asdict(source)))
