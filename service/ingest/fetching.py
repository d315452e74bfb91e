"""Plain feeds, fetched from several hosts at a time while the ones that came are taken in."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from queue import Empty, Queue

from models.errors import FetchError
from service.fetch import Fetched, Fetcher
from service.store import Source

THREADS = 8
"""Feeds fetched at a time; the fetcher sees to it that no host has more than one request open."""
Answer = tuple[Source, Fetched | FetchError]


def fetch_all(fetcher: Fetcher, sources: Sequence[Source], threads: int = THREADS) -> Iterator[Answer]:
    """Each source with its answer, or with the reason why there is none, as they come.

    A slow feed holds up nobody but itself. Answers wait until they are asked for, so that no more
    than twice `threads` are in memory. Threads are daemons: leaving early never waits for a
    server that drips.
    """
    waiting: Queue[Source] = Queue()
    for source in sources:
        waiting.put(source)
    answers: Queue[Answer] = Queue(maxsize=threads)
    stopped = threading.Event()
    for _ in range(min(threads, len(sources))):
        threading.Thread(target=_work, args=(fetcher, waiting, answers, stopped), daemon=True).start()
    try:
        for _ in sources:
            yield answers.get()
    finally:
        stopped.set()


def _work(fetcher: Fetcher, waiting: Queue[Source], answers: Queue[Answer], stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            source = waiting.get_nowait()
        except Empty:
            return
        try:
            fetched = fetcher.fetch(source.url, etag=source.etag, last_modified=source.last_modified)
            answers.put((source, fetched))
        except FetchError as error:
            answers.put((source, error))
        except Exception as error:  # noqa: BLE001 (outermost loop of the thread: its reader must not wait for ever)
            answers.put((source, FetchError(f"internal error while fetching: {error!r}")))
