"""Takes jobs out of the store while there is room for them, and clears away what is over."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from models.errors import PaperwireError
from service.jobs.folders import old_folders, remove_job, take_slot
from service.jobs.order import KIND, Watcher
from service.jobs.shift import Bundles, Shift
from service.settings import Settings
from service.store import JobState, Store

log = logging.getLogger("paperwire.jobs")

_LOOK_S = 1.0
_TIDY_S = 60.0
_RETRY_S = 10.0
_LAST_S = 20.0


class Foreman:
    """Runs the jobs of a server, in threads that watch processes; `start` it, and `close` it in the end.

    Several servers, or several processes of one, may have foremen over the same store and files: each
    job is claimed by one, and the number of jobs at a time holds for all of them together.

    Args:
        settings: say how many, where, and for how long.
        store: gives the open store, None while there is none.
        bundles: where the models are. watcher: counts jobs.
    """

    def __init__(
        self, settings: Settings, store: Callable[[], Store | None], bundles: Bundles, watcher: Watcher
    ) -> None:
        self._settings, self._store, self._bundles, self._watcher = settings, store, bundles, watcher
        self.worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._shifts: list[threading.Thread] = []
        self._tidied = float("-inf")

    def start(self) -> None:
        """Start to look for jobs."""
        self._thread = threading.Thread(target=self._run, name="paperwire-foreman", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Look at once: there is a new job."""
        self._wake.set()

    def close(self) -> None:
        """Stop the processes, which write down where they are; their jobs wait for the next server."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_LAST_S)  # it begins no shift any more
        for shift in self._shifts:
            shift.join(_LAST_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause_s = _LOOK_S
            try:
                self._look()
            except (PaperwireError, OSError) as error:
                log.error("jobs cannot be looked for", extra={"reason": str(error), "retry_s": _RETRY_S})
                pause_s = _RETRY_S
            except Exception:  # outermost loop of the thread: without it no job would be done any more
                log.exception("jobs cannot be looked for", extra={"retry_s": _RETRY_S})
                pause_s = _RETRY_S
            self._wake.wait(pause_s)
            self._wake.clear()

    def _look(self) -> None:
        store = self._store()
        if store is None:
            return
        if time.monotonic() - self._tidied > _TIDY_S:
            self._tidied = time.monotonic()
            self._tidy(store)
        counts = store.jobs.counts(KIND)
        self._watcher.jobs(counts)
        if self._settings.jobs_at_once and (counts[JobState.QUEUED] or counts[JobState.RUNNING]):
            while not self._stopping.is_set() and self._begin_one(store):
                pass

    def _begin_one(self, store: Store) -> bool:
        """Whether a job was claimed, for which there was room."""
        slot = take_slot(self._settings.jobs_place, self._settings.jobs_at_once)
        if slot is None:
            return False
        try:
            job = store.jobs.claim(self.worker, kind=KIND, lease_s=self._settings.jobs_lease_s)
        except BaseException:
            slot.close()
            raise
        if job is None:
            slot.close()
            return False
        log.info("a job begins", extra={"job": job.id})
        shift = Shift(job, self.worker, store, self._settings, self._bundles, self._watcher, self._stopping)
        thread = threading.Thread(target=self._work, args=(shift, slot), name="paperwire-job", daemon=True)
        thread.start()
        self._shifts = [one for one in self._shifts if one.is_alive()] + [thread]
        return True

    def _work(self, shift: Shift, slot: BinaryIO) -> None:
        with slot:
            try:
                shift.run()
            except Exception:  # outermost loop of the thread: the next job shall still be done
                log.exception("a job was left", extra={"job": shift.job.id})
        self._wake.set()

    def _tidy(self, store: Store) -> None:
        """Forget what ended long ago, and files that belong to nothing."""
        before = datetime.now(UTC) - timedelta(seconds=self._settings.jobs_keep_s)
        place = self._settings.jobs_place
        while ids := store.jobs.over(before):
            for job_id in ids:
                store.jobs.remove(job_id)
                remove_job(place, job_id)
        for job_id in store.jobs.left():
            remove_job(place, job_id)
        old = old_folders(place, before.timestamp())
        for name in set(old) - store.jobs.known(old):
            remove_job(place, name)
