"""Ctrl-C and SIGTERM that never cut a record in half."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType


class Interrupts:
    """While entered, SIGINT and SIGTERM raise KeyboardInterrupt, but never inside `held`.

    Enter it in the main thread, as Python asks of signal handlers.
    """

    def __init__(self) -> None:
        self._holding = False
        self._pending = False
        self._before: list[tuple[signal.Signals, object]] = []

    def __enter__(self) -> Interrupts:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before.append((number, signal.signal(number, self._on_signal)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() itself gave back
        self._before.clear()

    @contextmanager
    def held(self) -> Iterator[None]:
        """A stretch that is finished first; a signal that came meanwhile is raised at its end."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (given by the system)
        if not self._holding:
            raise KeyboardInterrupt
        self._pending = True
