"""The page before a page, which keyset cursors do not have by themselves."""

from __future__ import annotations

from service.store import Query, Sort, Store
from service.store.cursors import read_cursor, write_cursor


def previous_cursor(store: Store, query: Query, sort: Sort, limit: int, cursor: str) -> str | None:
    """The cursor of the page before the one at `cursor`, in descending order; "" for the first page.

    None where this is the first page. A cursor is the last paper of the page before: a page walked
    upwards from it ends at the place that the page before begins after. Where less than a page is
    left the first page shows some papers of this one again, which RFC 5005 allows.

    Raises:
        InputError: the cursor is damaged or of another order.
    """
    place = read_cursor(cursor, sort, descending=True)
    if place is None:
        return None
    upwards = write_cursor(place, sort, descending=False)
    page = store.listing.page(query, sort=sort, descending=False, limit=limit, cursor=upwards)
    before = read_cursor(page.next, sort, descending=False)
    if before is not None:
        return write_cursor(before, sort, descending=True)
    # Just a page and one: the page before begins after the very first paper.
    return store.listing.page(query, sort=sort, limit=1).next if len(page.items) == limit else ""
