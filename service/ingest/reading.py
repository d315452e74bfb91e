"""A body in hand: its entries, and the facts of the batch they make."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

from service.feeds import Entry, ParsedFeed, Skipped, recognised
from service.feeds.entries import DELETED, fold
from service.manners import BatchFacts, Channel, FeedHealth, assess, batch_facts
from service.store import Store

ARXIV_DAYS_OFF = Channel(skip_days=(5, 6))
"""arXiv announces nothing on Saturdays and Sundays: https://info.arxiv.org/help/availability.html."""


def read_entries(body: bytes, form: str = "") -> list[Entry]:
    """All entries of a feed, as they stand in it: versions and cross-lists are the store's to fold.

    Raises:
        FeedError: the body is of no known format, or not of the format `form`.
    """
    return list(recognised(io.BytesIO(body), form or None)[1])


def facts_of(
    entries: Sequence[Entry], moment: datetime, about: Channel | None = None, daily: bool | None = None
) -> BatchFacts:
    """The facts of a batch fetched at `moment`; records marked as deleted are no part of it."""
    live = (entry for entry in entries if not (isinstance(entry, Skipped) and entry.reason == DELETED))
    papers, skipped, duplicates, notes = fold(live)
    feed = ParsedFeed("", tuple(papers), tuple(skipped), duplicates, tuple(notes))
    return batch_facts(feed, moment, about, daily=daily)


def history(store: Store, url: str) -> list[BatchFacts]:
    """The facts of a source's earlier batches, oldest first."""
    return [BatchFacts.from_text(text) for text in store.sources.batches(url)]


def judged(store: Store, url: str, facts: BatchFacts) -> FeedHealth:
    """What is to be said of a batch that is not among the source's batches yet."""
    return assess(facts, history(store, url))
