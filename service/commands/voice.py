"""What a long run says on stderr: remarks, a progress bar on a terminal, a summary."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from service.pipeline import Counts, Progress, Remark, Source

if TYPE_CHECKING:
    from rich import progress as rich_progress

MAX_REMARKS = 100
"""Skipped entries told one by one; of the rest the number is told at the end."""


class Voice:
    """Speaks on stderr for the length of a run.

    Args:
        sources: what the run reads; their sizes give the bar its length.
        bar: show how far the run is.
    """

    def __init__(self, sources: Sequence[Source], *, bar: bool) -> None:
        sizes = [source.size for source in sources]
        self._total = sum(size or 0 for size in sizes) if all(sizes) else None
        self._bar = _bar() if bar else None
        self._task = self._bar.add_task("tagging", total=self._total, papers="") if self._bar else None
        self._remarks = 0

    def __enter__(self) -> Voice:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def report(self, remark: Remark) -> None:
        """Tell one remark, unless too many skipped entries have been told already."""
        if remark.kind == "skipped":
            self._remarks += 1
            if self._remarks == MAX_REMARKS + 1:
                self.say("further skipped entries are only counted")
            if self._remarks > MAX_REMARKS:
                return
        self.say(f"{remark.kind}: {remark}")

    def say(self, line: str) -> None:
        """One line, whatever a feed put into it."""
        plain = "".join(c if c.isprintable() else " " for c in f"paperwire: {line}")
        if self._bar and self._bar.live.is_started:
            self._bar.console.print(plain, markup=False, highlight=False, soft_wrap=True)
        else:
            print(plain, file=sys.stderr)  # noqa: T201 (this is where it belongs)

    def show(self, progress: Progress, counts: Counts) -> None:
        """Bring the bar up to date."""
        if self._bar is None or self._task is None:
            return
        done = progress.resumed + progress.answered
        told = f"{done:,} papers, {progress.papers_per_second:,.0f}/s"
        self._bar.update(self._task, completed=counts.bytes_read if self._total else None, papers=told)

    def summarise(self, progress: Progress, counts: Counts) -> None:
        """The last line: what became of all entries."""
        parts = [f"{progress.answered:,} papers tagged ({progress.tagged:,} with a theme)"]
        for number, what in (
            (progress.resumed, "answered before"),
            (counts.duplicates, "duplicates"),
            (counts.skipped, "entries skipped"),
            (counts.unreadable, "inputs unreadable"),
        ):
            parts += [f"{number:,} {what}"] if number else []
        self.say(f"{', '.join(parts)}, in {progress.seconds:.1f} s ({progress.papers_per_second:,.0f} papers/s)")


def _bar() -> rich_progress.Progress:
    from rich import progress as rich_progress
    from rich.console import Console

    return rich_progress.Progress(
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.TaskProgressColumn(),
        rich_progress.TextColumn("{task.fields[papers]}"),
        rich_progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
