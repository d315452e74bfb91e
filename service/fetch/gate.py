"""Politeness: one request at a time for each host, with the pause that the host asks for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Line:
    """The queue in front of one domain."""

    interval_s: float
    busy: threading.Lock = field(default_factory=threading.Lock)
    ready_at: float = float("-inf")


class HostGate:
    """Turns for hosts, shared by all threads of one process; give one gate to all its fetchers.

    Processes do not know of each other's turns: let one of them do the fetching.

    A host waits for its own turn only. The subdomains of a domain in `intervals` share one line:
    arXiv counts its API, RSS and OAI hosts together.

    Args:
        intervals: (domain, seconds) from the end of one turn to the start of the next; 0 elsewhere.
        clock: monotonic seconds. sleep: waits that many seconds; one that raises at shutdown ends
            the wait, and the error passes through to the caller of `turn`.
    """

    def __init__(
        self,
        intervals: Sequence[tuple[str, float]],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._intervals = tuple(intervals)
        self._clock = clock
        self._sleep = sleep
        self._lines: dict[str, _Line] = {}
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, host: str) -> Iterator[None]:
        """A context during which no other thread is inside a turn of this host's line."""
        line = self._line(host)
        with line.busy:
            self._wait(line)
            try:
                yield
            finally:
                self._not_before(line, self._clock() + line.interval_s)

    def postpone(self, host: str, seconds: float) -> None:
        """Nothing; the host's next turn, in any thread, starts `seconds` from now at the earliest."""
        self._not_before(self._line(host), self._clock() + seconds)

    def _wait(self, line: _Line) -> None:
        # A loop, because another thread may postpone the line during the sleep.
        while (left := line.ready_at - self._clock()) > 0:
            self._sleep(left)

    def _not_before(self, line: _Line, moment: float) -> None:
        with self._lock:
            line.ready_at = max(line.ready_at, moment)

    def _line(self, host: str) -> _Line:
        name, interval_s = self._group(host.lower().rstrip("."))
        with self._lock:
            return self._lines.setdefault(name, _Line(interval_s))

    def _group(self, host: str) -> tuple[str, float]:
        for domain, seconds in self._intervals:
            if host == domain or host.endswith(f".{domain}"):
                return domain, seconds
        return host, 0.0
