"""Saved queries: a name, a title and an expression; what expressions mean is not the store's matter."""

from __future__ import annotations

import re

from sqlalchemy import Connection, delete, select

from models.errors import InputError, NotFoundError
from service.store.database import Database
from service.store.records import SavedQuery
from service.store.schema import saved_queries

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class SavedQueries:
    """Write and read access to saved queries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, name: str, expression: str, *, title: str = "", owner: str = "") -> SavedQuery:
        """The query under that name, new or replaced; the time of creation stays.

        Raises:
            InputError: a name that cannot stand in a URL.
        """
        if not _NAME.fullmatch(name):
            raise InputError(f"{name[:80]!r} is no query name: use up to 63 small letters, digits and hyphens")
        moment = self._database.clock()
        row = {
            "name": name,
            "title": title or name,
            "expression": expression,
            "owner": owner,
            "created": moment,
            "updated": moment,
        }
        with self._database.write() as connection:
            connection.execute(self._database.upsert(saved_queries, ["title", "expression", "owner", "updated"]), [row])
            return _need(connection, name)

    def get(self, name: str) -> SavedQuery:
        """The query with that name.

        Raises:
            NotFoundError: there is none.
        """
        with self._database.read() as connection:
            return _need(connection, name)

    def all(self) -> tuple[SavedQuery, ...]:
        """All saved queries, by name."""
        with self._database.read() as connection:
            return tuple(
                SavedQuery(**row)
                for row in connection.execute(select(saved_queries).order_by(saved_queries.c.name)).mappings()
            )

    def remove(self, name: str) -> None:
        """Forget the query with that name.

        Raises:
            NotFoundError: there is none.
        """
        with self._database.write() as connection:
            _need(connection, name)
            connection.execute(delete(saved_queries).where(saved_queries.c.name == name))


def _need(connection: Connection, name: str) -> SavedQuery:
    row = connection.execute(select(saved_queries).where(saved_queries.c.name == name)).mappings().first()
    if row is None:
        raise NotFoundError(f"there is no saved query {name[:80]!r}")
    return SavedQuery(**row)
