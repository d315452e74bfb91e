"""What a long run says on stderr: remarks, a progress bar on a terminal, a summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.words import counted
from service.commands.speech import Speech, progress_bar
from service.pipeline import Counts, Progress, Remark, Source

if TYPE_CHECKING:
    from rich import progress as rich_progress

MAX_REMARKS = 100
"""Skipped entries told one by one; of the rest the number is told at the end."""


class Voice(Speech):
    """Speaks on stderr while papers are read and tagged.

    Args:
        sources: what the run reads; their sizes give the bar its length.
        bar: show how far the run is.
    """

    def __init__(self, sources: Sequence[Source], *, bar: bool) -> None:
        sizes = [source.size for source in sources]
        self._total = sum(size or 0 for size in sizes) if all(sizes) else None
        super().__init__(_bar() if bar else None)
        self._task = self._bar.add_task("tagging", total=self._total, papers="") if self._bar else None
        self._remarks = 0

    def report(self, remark: Remark) -> None:
        """Tell one remark, unless too many skipped entries have been told already."""
        if remark.kind == "skipped":
            self._remarks += 1
            if self._remarks == MAX_REMARKS + 1:
                self.say("further skipped entries are only counted")
            if self._remarks > MAX_REMARKS:
                return
        self.say(f"{remark.kind}: {remark}")

    def show(self, progress: Progress, counts: Counts) -> None:
        """Bring the bar up to date."""
        if self._bar is None or self._task is None:
            return
        done = progress.resumed + progress.answered
        told = f"{counted(done, 'paper')}, {progress.papers_per_second:,.0f}/s"
        self._bar.update(self._task, completed=counts.bytes_read if self._total else None, papers=told)

    def summarise(self, progress: Progress, counts: Counts) -> None:
        """The last line: what became of all entries."""
        parts = [f"{counted(progress.answered, 'paper')} tagged ({progress.tagged:,} with a theme)"]
        parts += [f"{progress.resumed:,} answered before"] if progress.resumed else []
        parts += [counted(counts.duplicates, "duplicate")] if counts.duplicates else []
        parts += [f"{counted(counts.skipped, 'entry', 'entries')} skipped"] if counts.skipped else []
        parts += [f"{counted(counts.unreadable, 'input')} unreadable"] if counts.unreadable else []
        pace = counted(round(progress.papers_per_second), "paper")
        self.say(f"{', '.join(parts)}, in {progress.seconds:.1f} s ({pace}/s)")


def _bar() -> rich_progress.Progress:
    from rich.progress import TaskProgressColumn, TextColumn

    return progress_bar(TaskProgressColumn(), TextColumn("{task.fields[papers]}"))
