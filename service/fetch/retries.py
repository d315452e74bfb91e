"""When to try again, and after how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from service.fetch.policy import FetchPolicy

TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that may pass by themselves: RFC 9110 15.5.9 and 15.6, RFC 6585 4, RFC 8470 5.2."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A try that failed for a reason that may pass.

    Attributes:
        reason: one line, without the URL.
        host: the host that failed. retry_after_s: seconds it asked to be left alone, if it did.
    """

    reason: str
    host: str
    retry_after_s: float | None = None


def retry_after_s(header: str, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110 10.2.3), None if absent or unreadable.

    Both forms are read, whole seconds and HTTP dates; a date in the past means 0. `now` is aware.
    """
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def pause_s(failures: int, asked_s: float | None, policy: FetchPolicy, rand: Callable[[], float]) -> float:
    """Seconds to wait after `failures` failed tries (1 or more).

    Exponential backoff with equal jitter: half of `backoff_s * 2**(failures - 1)`, capped, is
    fixed and half is random, so that clients which failed together do not come back together. A
    wait that the server asked for is a lower limit, with the same spread on top.
    """
    step = min(policy.backoff_cap_s, policy.backoff_s * 2.0 ** min(failures - 1, 30))
    jitter = step / 2 * rand()
    return step / 2 + jitter if asked_s is None else asked_s + jitter
