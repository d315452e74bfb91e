"""How a feed is doing, in sentences a curator can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Literal

from models.words import counted
from service.manners.batch import BatchFacts

_OLD_WORKING_DAYS = 3
_HOLIDAYS_IN_A_ROW = 3
_SILENT_DAYS = 90
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
State = Literal["ok", "quiet", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed.

    Attributes:
        kind: "empty", "unreadable", "stale", "missed", "gap", "links", "clock", "small" or "silent".
        normal: nothing to do about it.
        sentence: what was noticed and, unless it is normal, the remedy.
    """

    kind: str
    normal: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """The verdict on a batch.

    Attributes:
        summary: one sentence on what the batch holds.
        findings: what was noticed, in the order of `assess`.
    """

    summary: str
    findings: tuple[Finding, ...] = ()

    @property
    def state(self) -> State:
        """`warning` if something needs a look, `quiet` if only normal things were noticed, else `ok`."""
        if any(not finding.normal for finding in self.findings):
            return "warning"
        return "quiet" if self.findings else "ok"

    @property
    def stale(self) -> bool:
        """Whether the batch brings nothing new though it claims to be fresh."""
        return any(finding.kind == "stale" for finding in self.findings)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The summary and every finding."""
        return (self.summary, *(finding.sentence for finding in self.findings))


def assess(present: BatchFacts, history: Sequence[BatchFacts] = ()) -> FeedHealth:
    """What there is to say of a batch after the earlier ones of the same feed.

    Noticed: empty batches (normal on the feed's days off and on single working days, which are
    holidays; a warning from the third working day on), unreadable entries, stale batches (built
    anew with the same papers, with old papers only, or not built any more), working days without a
    batch, jumps in arXiv's numbers, wrong links, dates in the future, unusually small batches, and
    feeds that have gone silent. Staleness, missed days and jumps are judged in `daily` feeds only.

    Args:
        present: the batch just fetched.
        history: earlier batches, oldest first; the last ten are plenty.
    """
    found = tuple(finding for check in _CHECKS for finding in check(present, history))
    return FeedHealth(_summary(present), found)


def _summary(present: BatchFacts) -> str:
    newest = f", the newest of {_written(present.newest.date())}" if present.newest else ""
    return f"{counted(present.count, 'paper')}{newest}, fetched on {_written(present.fetched_at.date())}."


def _empty(present: BatchFacts, history: Sequence[BatchFacts]) -> Iterator[Finding]:
    if present.count or present.skipped:
        return
    on = _written(present.day)
    if present.day.weekday() in present.skip_days:
        yield Finding("empty", True, f"No papers on {on}, one of the days on which this feed announces none.")
        return
    days = _empty_working_days(present, history)
    if days < _HOLIDAYS_IN_A_ROW:
        yield Finding("empty", True, f"No papers on {on}: a holiday, or nothing was announced.")
    else:
        yield Finding("empty", False, f"No papers on {days} days in a row, up to {on}: check the address of the feed.")


def _empty_working_days(present: BatchFacts, history: Sequence[BatchFacts]) -> int:
    days = {present.day}
    for batch in reversed(history):
        if batch.count or batch.skipped:
            break
        days.add(batch.day)
    return sum(day.weekday() not in present.skip_days for day in days)


def _unreadable(present: BatchFacts, _: Sequence[BatchFacts]) -> Iterator[Finding]:
    if not present.skipped:
        return
    total = present.count + present.skipped
    lost = f"{present.skipped:,} of {counted(total, 'entry', 'entries')} could not be read"
    if present.skipped * 10 > total:
        yield Finding("unreadable", False, f"{lost}: the feed may have changed its format.")
    else:
        yield Finding("unreadable", True, f"{lost}; the others were taken.")


def _stale(present: BatchFacts, history: Sequence[BatchFacts]) -> Iterator[Finding]:
    if not present.daily or not present.count:
        return
    reason = _repeated(present, history) or _old(present) or _not_built(present)
    if reason:
        yield Finding("stale", False, f"Stale: {reason}. Wait a day; if it lasts, harvest with OAI-PMH instead.")


def _repeated(present: BatchFacts, history: Sequence[BatchFacts]) -> str:
    """Why the batch is the last one again; on a day off that is normal."""
    last = next((batch for batch in reversed(history) if batch.count), None)
    if last is None or last.digest != present.digest or present.day.weekday() in present.skip_days:
        return ""
    if not present.built_at or not last.built_at or present.day <= last.day:
        return ""
    papers = counted(present.count, "paper")
    return f"built anew on {_written(present.day)}, with the same {papers} as on {_written(last.day)}"


def _old(present: BatchFacts) -> str:
    if not present.newest:
        return ""
    newest = present.newest.date()
    age = len(_working_days(newest, present.day, present.skip_days))
    if age <= _OLD_WORKING_DAYS:
        return ""
    return f"built on {_written(present.day)}, but the newest paper is of {_written(newest)}, {age} working days before"


def _not_built(present: BatchFacts) -> str:
    fetched = present.fetched_at.date()
    age = len(_working_days(present.day, fetched, present.skip_days))
    if age <= _OLD_WORKING_DAYS:
        return ""
    return f"last built on {_written(present.day)}, {age} working days before it was fetched on {_written(fetched)}"


def _missed(present: BatchFacts, history: Sequence[BatchFacts]) -> Iterator[Finding]:
    if not present.daily or not history or present.day <= history[-1].day:
        return
    days = _working_days(history[-1].day, present.day - timedelta(days=1), present.skip_days)
    if not days:
        return
    span = (
        _written(days[0])
        if len(days) == 1
        else f"{len(days)} working days, {_written(days[0])} to {_written(days[-1])}"
    )
    remedy = f"unless these were holidays, harvest OAI-PMH from {days[0]} until {days[-1]}"
    yield Finding("missed", False, f"No batch was fetched for {span}: {remedy}.")


def _gap(present: BatchFacts, history: Sequence[BatchFacts]) -> Iterator[Finding]:
    """A jump in arXiv's running numbers.

    Consecutive batches of length L lie side by side: their middle halves, each L/2 wide, are L/2
    apart. A batch left out puts them 3 L/2 apart, three times the width; the limit is twice.
    """
    last = next((batch for batch in reversed(history) if batch.month), None)
    if not present.daily or last is None or last.month != present.month:
        return
    width = max(present.upper - present.lower, last.upper - last.lower, 1)
    jump = present.lower - last.upper
    if jump > 2 * width:
        yield Finding(
            "gap",
            False,
            f"About {jump:,} arXiv numbers lie between the middle of this batch ({present.month}.{present.lower:05d}) "
            f"and of the last ({last.month}.{last.upper:05d}), {width:,} wide: a batch may be missing, "
            f"harvest OAI-PMH from {last.day} until {present.day}.",
        )


def _links(present: BatchFacts, _: Sequence[BatchFacts]) -> Iterator[Finding]:
    if present.wrong_links:
        shown, more = "; ".join(present.wrong_links), present.wrong_link_count - len(present.wrong_links)
        rest = f"; and {more} more" if more > 0 else ""
        yield Finding("links", False, f"Wrong links: {shown}{rest}. Papers are told apart by id, so nothing is lost.")


def _clock(present: BatchFacts, _: Sequence[BatchFacts]) -> Iterator[Finding]:
    limit = present.fetched_at + timedelta(days=2)
    for what, moment in (
        ("The feed says that it was built", present.built_at),
        ("The newest paper is dated", present.newest),
    ):
        if moment and moment > limit:
            yield Finding(
                "clock", False, f"{what} on {_written(moment.date())}, which is still to come: dates are not reliable."
            )


def _small(present: BatchFacts, history: Sequence[BatchFacts]) -> Iterator[Finding]:
    usual = [batch.count for batch in history if batch.count]
    if present.count and len(usual) >= 5 and median(usual) >= 10 and present.count * 5 < median(usual):
        yield Finding(
            "small",
            False,
            f"Only {counted(present.count, 'paper')} where {median(usual):.0f} are usual: it may be cut short.",
        )


def _silent(present: BatchFacts, _: Sequence[BatchFacts]) -> Iterator[Finding]:
    if present.daily or not present.newest:
        return
    age = (present.fetched_at - present.newest).days
    if age > _SILENT_DAYS:
        yield Finding("silent", True, f"Nothing new for {age} days: the feed may have moved or ended.")


def _working_days(after: date, until: date, skip_days: Sequence[int]) -> list[date]:
    """Days later than `after` up to `until` that are not days off; at most 400 are looked at."""
    span = range(1, min((until - after).days, 400) + 1)
    return [day for n in span if (day := after + timedelta(days=n)).weekday() not in skip_days]


def _written(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


_CHECKS: tuple[Callable[[BatchFacts, Sequence[BatchFacts]], Iterator[Finding]], ...] = (
    _empty, _unreadable, _stale, _missed, _gap, _links, _clock, _small, _silent,
)  # fmt: skip
