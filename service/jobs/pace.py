"""How far a run is, how fast, and how long it will take yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from service.jobs.order import Told
from service.pipeline import Counts, Progress, Source

_EVERY_S = 0.25


class Pace:
    """Tells the progress of one run.

    Args:
        tell: where to. clock: monotonic seconds.
    """

    def __init__(self, tell: Callable[[Told], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._clock = tell, clock
        self._now = Told()
        self._due = 0.0
        self._start: tuple[float, int] | None = None

    def begin(self, sources: Sequence[Source], model: dict[str, str]) -> None:
        """The inputs are known, and the model is loaded."""
        sizes = [source.size for source in sources]
        total = sum(size or 0 for size in sizes) if None not in sizes else None
        self._say(bytes_total=total, model=model)

    def show(self, progress: Progress, counts: Counts) -> None:
        """Another batch is answered."""
        now = self._clock()
        if self._start is None:
            self._start = (now, counts.bytes_read)
        if now >= self._due:
            self._due = now + _EVERY_S
            self._say(**_counted(counts), **_answered(progress), eta_s=self._eta_s(now, counts.bytes_read))

    def finish(self, counts: Counts) -> None:
        """All is read and answered."""
        self._now = msgspec.structs.replace(self._now, **_counted(counts), papers=counts.papers, eta_s=None)

    def again(self) -> None:
        """What was there is of no use: the run begins anew."""
        self._start = None
        self._say(papers=0, skipped=0, duplicates=0, bytes_read=0, eta_s=None)

    def end(self, how: str, error: str) -> None:
        """The last word."""
        self._say(ended=how, error=error)

    def _eta_s(self, now: float, read: int) -> float | None:
        began, before = self._start or (now, read)
        total = self._now.bytes_total
        if total is None or read <= before or read >= total or now <= began:
            return None
        return round((total - read) * (now - began) / (read - before), 1)

    def _say(self, **news: Any) -> None:
        self._now = msgspec.structs.replace(self._now, **news)
        self._tell(self._now)


def _counted(counts: Counts) -> dict[str, Any]:
    return {"skipped": counts.skipped, "duplicates": counts.duplicates, "bytes_read": counts.bytes_read}


def _answered(progress: Progress) -> dict[str, Any]:
    pace = round(progress.papers_per_second, 1)
    return {"papers": progress.resumed + progress.answered, "papers_per_s": pace, "phase": "tagging"}
