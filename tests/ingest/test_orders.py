"""The raw listings and all recorded feeds, twice and in both orders: one and the same store."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import FeedError
from service.ingest import Tally, ingest
from service.ingest.reading import read_entries
from service.store import Store
from tests.ingest.samples import contents

FEEDS = Path(__file__).parents[2].parent / "shared" / "data" / "feeds"
ENTRIES = 20  # of each file: two cores should not need minutes


@pytest.fixture(scope="module")
def feeds():
    listings, recorded = sorted(FEEDS.glob("*.txt")), sorted((FEEDS / "recorded").rglob("*"))
    if not listings or not recorded:
        pytest.skip("needs the raw listings and the recorded feeds of the shared data")
    found = {}
    for path in [*listings, *(path for path in recorded if path.is_file() and path.name != "INDEX.tsv")]:
        try:
            found[path.name] = read_entries(path.read_bytes())[:ENTRIES]
        except FeedError:
            continue  # no feed, as tests of the parsers say
    return found


def test_twice_and_in_both_orders_the_store_is_the_same(feeds, tagger):
    found = []
    for order in (list(feeds), list(feeds)[::-1]):
        with Store.open(":memory:") as store:
            for repeated in (False, True):
                total = Tally()
                for name in order:
                    ingest(feeds[name], store, tagger, source=name, into=total)
                assert total.entries - total.skipped > 2_000
                assert bool(total.new) != repeated
                found.append(contents(store))
            assert total.duplicate == total.entries - total.skipped
            assert store.check() == []
    for other in found[1:]:
        assert {name: set(rows) ^ set(found[0][name]) for name, rows in other.items()} == {
            name: set() for name in other
        }
