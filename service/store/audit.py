"""Who did what: a record that can be added to and read, and never changed; the database sees to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from service.store.database import Database, next_id
from service.store.records import AuditEntry
from service.store.schema import audit


class Audit:
    """Write and read access to the audit record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, actor: str, action: str, subject: str = "", detail: Mapping[str, Any] | None = None) -> AuditEntry:
        """The entry that was added: who (`actor`) did what (`action`) to which thing (`subject`)."""
        with self._database.write("audit") as connection:
            return note(connection, self._database.clock(), actor, action, subject, detail or {})

    def all(
        self, *, subject: str | None = None, action: str | None = None, before: int | None = None, limit: int = 100
    ) -> tuple[AuditEntry, ...]:
        """Entries, newest first; `before` is the id of the last one seen, for the next page."""
        wanted = {audit.c.subject: subject, audit.c.action: action}
        rows = select(audit).where(*(column == value for column, value in wanted.items() if value is not None))
        rows = rows if before is None else rows.where(audit.c.id < before)
        with self._database.read() as connection:
            found = connection.execute(rows.order_by(audit.c.id.desc()).limit(limit)).mappings()
            return tuple(AuditEntry(**row) for row in found)


def note(
    connection: Connection, moment: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any]
) -> AuditEntry:
    """The entry, added in the caller's transaction, which writes to "audit" among others."""
    entry = AuditEntry(next_id(connection, audit), moment, actor, action, subject, dict(detail))
    row = {"id": entry.id, "time": moment, "actor": actor, "action": action, "subject": subject}
    connection.execute(insert(audit).values(row | {"detail": entry.detail}))
    return entry
