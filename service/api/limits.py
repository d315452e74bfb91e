"""Limits that are shared between requests: rates of callers, and bytes of bodies in memory."""

from __future__ import annotations

import time
from collections.abc import Callable

from models.errors import UnavailableError
from service.api.buckets import Buckets, Level, OwnBuckets


class Rates:
    """Token buckets, one a caller, that are paid after the fact.

    A caller is let in while its bucket holds a text, and then pays for every text of the request;
    a large request leaves a debt that takes its time, instead of never being possible.

    Args:
        rate_per_s: texts a second of callers without a rate of their own; 0: no limit.
        burst: texts in a full bucket.
        clock: seconds, monotonic.
        buckets: where levels are kept; by default in this process.
    """

    def __init__(
        self,
        rate_per_s: float,
        burst: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        buckets: Buckets | None = None,
    ) -> None:
        self._rate, self._burst, self._clock = rate_per_s, float(burst), clock
        self._buckets = buckets or OwnBuckets()

    def wait_s(self, caller: str, own_rate: float | None = None) -> float:
        """Seconds until the caller is let in; 0.0 for now."""
        rate = self._rate if own_rate is None else own_rate
        if not rate:
            return 0.0
        level = self._level(self._buckets.get(caller), rate)
        return 0.0 if level >= 1.0 else (1.0 - level) / rate

    def pay(self, caller: str, texts: int, own_rate: float | None = None) -> None:
        """Take the price of a request out of the caller's bucket."""
        rate = self._rate if own_rate is None else own_rate
        if not rate:
            return
        self._buckets.update(caller, lambda known: (self._level(known, rate) - texts, self._clock()))

    def _level(self, known: Level | None, rate: float) -> float:
        level, moment = known or (self._burst, self._clock())
        return min(self._burst, level + (self._clock() - moment) * rate)


class ByteBudget:
    """How many bytes of request bodies may be in memory at a time."""

    def __init__(self, total: int) -> None:
        self._left = total

    def take(self, count: int) -> None:
        """Count bytes as held.

        Raises:
            UnavailableError: together they would be too many.
        """
        if count > self._left:
            raise UnavailableError("too many large requests at a time: try again soon, or send smaller ones")
        self._left -= count

    def give(self, count: int) -> None:
        """Count bytes as free again."""
        self._left += count
