"""A round of visits: every source on its own, whatever happens to the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from models.errors import BundleError, FetchError, InputError, PaperwireError, StoreError, UnavailableError
from service.fetch import Fetched
from service.ingest.fetching import fetch_all
from service.ingest.harvest import harvest
from service.ingest.intake import tag_pending
from service.ingest.spec import Kind, Spec, parse_spec
from service.ingest.visits import Desk, Visit, failed, take_feed, take_file
from service.store import Source

__all__ = ["Desk", "Visit", "visit_all"]

log = logging.getLogger(__name__)
_OURS = (StoreError, BundleError, UnavailableError)
"""What is no fault of a source: the next one would fare no better."""


def visit_all(sources: Sequence[Source], desk: Desk) -> Iterator[Visit]:
    """One visit a source, as they end; a source that fails is noted and costs no other.

    Feeds are fetched several at a time, then come files and harvests, one after the other. Papers
    that an earlier run left without tags are tagged first.

    Raises:
        StoreError: the store refuses; everything reported so far is in it.
    """
    tag_pending(desk.store, desk.tagger, held=desk.held)
    feeds, others = [], []
    for source in sources:
        try:
            spec = parse_spec(source.url, stored=True)
        except (InputError, FetchError) as error:
            yield failed(desk, source, str(error))
            continue
        if spec.kind is Kind.FEED:
            feeds.append(source)
        else:
            others.append((source, spec))
    for source, answer in fetch_all(desk.fetcher, feeds):
        yield _alone(desk, source, _feed_visit(desk, source, answer))
    for source, spec in others:
        yield _alone(desk, source, _other_visit(desk, source, spec))


def _feed_visit(desk: Desk, source: Source, answer: Fetched | FetchError) -> Callable[[], Visit]:
    if isinstance(answer, FetchError):
        return lambda: failed(desk, source, str(answer))
    return lambda: take_feed(desk, source, answer)


def _other_visit(desk: Desk, source: Source, spec: Spec) -> Callable[[], Visit]:
    if spec.kind is Kind.FILE:
        return lambda: take_file(desk, source, spec)
    return lambda: harvest(desk, source, spec)


def _alone(desk: Desk, source: Source, visit: Callable[[], Visit]) -> Visit:
    try:
        return visit()
    except _OURS:
        raise
    except PaperwireError as error:
        return failed(desk, source, str(error))
    except OSError as error:
        return failed(desk, source, f"cannot be read: {error.strerror or error}")
    except Exception as error:
        # The outermost loop of a round: a feed that trips a fault of ours must not cost the others.
        log.exception("a source could not be taken in", extra={"source": source.url})
        return failed(desk, source, f"internal error, please report it: {error!r}")
