"""How the watched sources are doing, in sentences a curator can act on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from service.ingest.reading import history
from service.ingest.schedule import duration_text
from service.manners import BatchFacts, FeedHealth, assess
from service.store import Source, Store

State = Literal["ok", "quiet", "warning", "failing", "late", "new", "off"]
_LATE = 2.0
_SHORTEST_LATE_S = 3600


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One source.

    Attributes:
        source: as the store has it.
        state: "off" (not visited), "new" (never visited), "failing" (the last visit failed),
            "late" (nobody visits it), else that of its last batch: "warning", "quiet" or "ok".
        sentences: what there is to say, the most important first.
        health: of its last batch, None without one.
    """

    source: Source
    state: State
    sentences: tuple[str, ...]
    health: FeedHealth | None = None

    @property
    def needs_a_look(self) -> bool:
        """Whether somebody should do something about it."""
        return self.state in ("warning", "failing", "late")


def source_status(store: Store, source: Source, moment: datetime) -> SourceStatus:
    """How a source is doing at `moment` (aware): its last visit, its last batch, the batches before."""
    batches = history(store, source.url)
    health = _health(source, batches) if batches else None
    told = health.sentences if health else ()
    state: State
    if not source.active:
        return SourceStatus(source, "off", ("Not visited: it is switched off.", *told), health)
    if source.last_tried is None:
        return SourceStatus(source, "new", ("Never visited: `paperwire feeds run` does.",), health)
    if source.failures:
        return SourceStatus(source, "failing", (_failure(source), *told), health)
    if late := _late(source, moment):
        return SourceStatus(source, "late", (late, *told), health)
    state = health.state if health else "ok"
    return SourceStatus(source, state, told or ("Nothing new since it was added.",), health)


def _health(source: Source, batches: list[BatchFacts]) -> FeedHealth:
    present = batches[-1]
    if source.last_ok and present.built_at and source.last_ok > present.fetched_at:
        # "Not modified" since then: it is still this batch, and if it should have been replaced, it is stale.
        present = replace(present, fetched_at=source.last_ok)
    return assess(present, batches[:-1])


def _failure(source: Source) -> str:
    times = "once" if source.failures == 1 else f"{source.failures} times in a row"
    last = f"; last good visit {source.last_ok:%Y-%m-%d %H:%M} UTC" if source.last_ok else "; it never worked"
    following = f", next try {source.next_due:%Y-%m-%d %H:%M} UTC" if source.next_due else ""
    return f"Failed {times}: {source.last_error}{last}{following}."


def _late(source: Source, moment: datetime) -> str:
    if source.last_tried is None:
        return ""
    waited_s = (moment - source.last_tried).total_seconds()
    if waited_s <= max(source.interval_s * _LATE, _SHORTEST_LATE_S):
        return ""
    every = duration_text(source.interval_s)
    return (
        f"Not visited since {source.last_tried:%Y-%m-%d %H:%M} UTC, though due every {every}: "
        "is `paperwire feeds run` scheduled?"
    )
