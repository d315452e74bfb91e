"""Lines on stderr, above a progress bar where there is one."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich import progress as rich_progress


class Speech:
    """Speaks on stderr for the length of a run.

    Args:
        bar: shown while the run lasts; None for none.
    """

    def __init__(self, bar: rich_progress.Progress | None = None) -> None:
        self._bar = bar

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def say(self, line: str) -> None:
        """One line, whatever a feed or a label file put into it."""
        text = plain(f"paperwire: {line}")
        if self._bar and self._bar.live.is_started:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=sys.stderr, flush=True)  # noqa: T201 (this is where it belongs)


def plain(line: str) -> str:
    """The line with a space for every character that could steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in line)


def progress_bar(*columns: rich_progress.ProgressColumn) -> rich_progress.Progress:
    """A bar on stderr that goes away when its run ends: what is done, the bar, the columns, the time left."""
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        *columns,
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
