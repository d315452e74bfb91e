"""The audit record can be added to and read; the database itself refuses everything else."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from models.errors import ConflictError, StoreError
from service.store import Store
from service.store.database import Database


def test_entries_come_newest_first_in_pages(store, clock):
    for number in range(5):
        store.audit.add("ana", "promote", f"bundle-{number}", {"n": number, "was": ["ü"]})
        clock.move(seconds=1)
    newest = store.audit.all(limit=2)
    assert [entry.detail["n"] for entry in newest] == [4, 3]
    assert [entry.detail["n"] for entry in store.audit.all(before=newest[-1].id)] == [2, 1, 0]
    assert [entry.id for entry in store.audit.all(subject="bundle-2")] == [3]
    assert store.audit.all(action="other") == ()


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_nothing_in_it_can_be_changed(place, statement):
    with Store.open(place) as store:
        entry = store.audit.add("ana", "login")
        database = Database(place)
        with pytest.raises((StoreError, ConflictError), match="append-only"), database.write("audit") as connection:
            connection.execute(text(statement))
        database.close()
        assert store.audit.all() == (entry,)
