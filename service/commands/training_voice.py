"""What a training run says on stderr: remarks, and how far each stage is, with the time left."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich import progress as rich_progress

_EVERY_S = 30.0


class TrainingVoice:
    """Speaks on stderr for the length of a run: a bar on a terminal, else a line now and then.

    Args:
        quiet: say nothing of progress.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar = _bar() if sys.stderr.isatty() and not quiet else None
        self._stage, self._began, self._told, self._from = "", 0.0, 0.0, 0

    def __enter__(self) -> TrainingVoice:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def say(self, line: str) -> None:
        """One line, whatever a label file put into it."""
        plain = "".join(c if c.isprintable() else " " for c in f"paperwire: {line}")
        if self._bar and self._bar.live.is_started:
            self._bar.console.print(plain, markup=False, highlight=False, soft_wrap=True)
        else:
            print(plain, file=sys.stderr, flush=True)  # noqa: T201 (this is where it belongs)

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
    from rich import progress as rich_progress
    from rich.console import Console

    return rich_progress.Progress(
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
