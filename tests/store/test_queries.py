"""Saved queries: a stable name for an expression."""

from __future__ import annotations

import pytest

from models.errors import InputError, NotFoundError
from tests.store.samples import START


def test_a_query_is_saved_replaced_listed_and_removed(store, clock):
    first = store.queries.save("edge-training", "theme:federated-learning AND text:edge", owner="ana")
    assert (first.title, first.created) == ("edge-training", START)
    later = clock.move(days=1)
    second = store.queries.save("edge-training", "theme:federated-learning", title="Edge", owner="ana")
    assert (second.created, second.updated, second.expression) == (START, later, "theme:federated-learning")
    assert store.queries.get("edge-training") == second
    assert store.queries.all() == (second,)
    store.queries.remove("edge-training")
    assert store.queries.all() == ()


def test_unknown_names_are_named(store):
    for action in (store.queries.get, store.queries.remove):
        with pytest.raises(NotFoundError, match="nope"):
            action("nope")


@pytest.mark.parametrize("name", ["", "Has Space", "../x", "ü", "x" * 64, "-x", "ok\n"])
def test_names_must_fit_into_a_url(store, name):
    with pytest.raises(InputError, match="query name"):
        store.queries.save(name, "x")
