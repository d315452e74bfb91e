"""Starting processes: how many cores there are for them, and Ctrl-C that waits until they are ready for it.

A terminal sends Ctrl-C to all processes of a command. One that is still importing its libraries would
answer with a traceback, although the process that started it ends it in good order.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.resource_tracker import ensure_running

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def signals_blocked() -> Iterator[None]:
    """While entered, SIGINT and SIGTERM wait; in a process started meanwhile, until it lets them through."""
    ensure_running()  # otherwise it starts with the first process, and lets both signals through from then on
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unblock_signals() -> None:
    """Let SIGINT and SIGTERM through in this thread, those that came meanwhile first.

    Raises:
        KeyboardInterrupt: SIGINT had come, and nothing handles it yet.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def cores() -> int:
    """Cores that this process may use, as far as the system says."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
