"""What a run of several stages says on stderr: remarks, and how far each stage is, with the time left."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from service.commands.speech import Speech, progress_bar

if TYPE_CHECKING:
    from rich import progress as rich_progress

_EVERY_S = 30.0


class Stages(Speech):
    """Tells the stages of a run on stderr: a bar on a terminal, else a line now and then.

    Args:
        quiet: say nothing of progress.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        super().__init__(_bar() if sys.stderr.isatty() and not quiet else None)
        self._stage, self._began, self._told, self._from = "", 0.0, 0.0, 0

    def show(self, what: str, done: int, total: int) -> None:
        """How far a stage is; a stage with another name is a new one."""
        now = time.monotonic()
        if what != self._stage:
            self._stage, self._began, self._told, self._from = what, now, now, done
            if self._bar:
                self._begin(what, done, total)
            elif not self._quiet:
                self.say(what)
        elif self._bar:
            self._bar.update(self._bar.task_ids[-1], completed=done, total=total)
        elif not self._quiet and now - self._told >= _EVERY_S:
            self._told = now
            self.say(f"{what} {done:,} of {total:,}{self._left(now, done, total)}")

    def _begin(self, what: str, done: int, total: int) -> None:
        if self._bar:
            for task in self._bar.task_ids:
                self._bar.remove_task(task)
            self._bar.add_task(what, total=total, completed=done)

    def _left(self, now: float, done: int, total: int) -> str:
        if done <= self._from:
            return ""
        return f", {_duration((now - self._began) / (done - self._from) * (total - done))} left"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _bar() -> rich_progress.Progress:
    from rich.progress import MofNCompleteColumn

    return progress_bar(MofNCompleteColumn())
