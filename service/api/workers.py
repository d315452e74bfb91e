"""Several server processes on one port: each core works for everybody, and a process that dies is replaced.

On Linux every worker has a listening socket of its own on the same port, and the kernel spreads
connections over them; elsewhere they share one. All sockets are opened, and kept open, by the
process that starts the workers, so that connections to one that died wait for the next.
A worker ends when the process that started it does, however that ends.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

import msgspec
from prometheus_client.multiprocess import mark_process_dead

from models.bundle import ModelBundle
from models.errors import UnavailableError
from service.api.keys import list_keys
from service.api.logs import set_up_logs
from service.api.sockets import listen
from service.releases import bundle_in_use
from service.settings import Settings, set_shared_folder
from service.spawning import cores, signals_blocked, unblock_signals

log = logging.getLogger("paperwire")

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_QUICK_S = 10.0
"""A worker that ends sooner than this has failed to start."""
_FAILED_STARTS = 3
"""So many in a row end the whole server."""
_GRACE_S = 10.0


def settings_of_one(settings: Settings, cores: int) -> Settings:
    """The settings of one worker: what is limited for the server as a whole is divided among them.

    Args:
        settings: of the server. cores: of the machine.
    """
    count = settings.workers
    return msgspec.structs.replace(
        settings,
        threads=max(1, (settings.threads or cores) // count),
        queue_texts=max(settings.papers_per_request, settings.queue_texts // count),
        bodies_bytes=max(settings.body_bytes, settings.bodies_bytes // count),
    )


def serve_in_workers(settings: Settings) -> None:
    """Run the workers until SIGTERM or SIGINT; each finishes its requests first.

    Raises:
        BundleError: the model is missing or damaged.
        SettingsError: the key file cannot be read.
        UnavailableError: workers cannot be started.
        OSError: the address cannot be listened on.
    """
    set_up_logs(settings)
    _check(settings)
    one = settings_of_one(settings, cores())
    with tempfile.TemporaryDirectory(prefix="paperwire-workers-") as folder, _listening(settings) as listeners:
        host, port = listeners[0].getsockname()[:2]
        set_shared_folder(Path(folder))
        crew = _Crew(one, listeners, Path(folder))
        extra = {"host": host, "port": port, "keys": settings.keys_required, "workers": settings.workers}
        log.info("listening", extra=extra)
        crew.run()


def _check(settings: Settings) -> None:
    """What would let every worker fail is told once, before any is started."""
    ModelBundle.load(bundle_in_use(settings))
    if settings.keys_required and settings.keys_file:
        list_keys(settings.keys_file)


@dataclass(slots=True)
class _Worker:
    """One process, its place, when it was started (monotonic seconds), and the pipe that ends with us."""

    place: int
    process: BaseProcess
    started: float
    lifeline: Connection


class _Crew:
    """The workers of a server, kept complete until they are told to end."""

    def __init__(self, settings: Settings, listeners: Sequence[socket.socket], folder: Path) -> None:
        self._settings, self._listeners, self._folder = settings, listeners, folder
        self._context = get_context("spawn")  # a fork would copy locks of other threads
        self._workers: list[_Worker] = []
        self._signals = 0
        self._failed = 0
        self._waker, self._woken = self._context.Pipe(duplex=False)

    def run(self) -> None:
        """Start all, replace who dies, and return once all have ended after a signal."""
        before = {number: signal.signal(number, self._heard) for number in _SIGNALS}
        try:
            for place in range(self._settings.workers):
                if not self._signals:
                    self._start(place)
            while not self._signals:
                self._wait(None)
                self._replace()
            self._drain()
        finally:
            self._kill()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        for worker in self._workers:
            _send(worker.process, number)
        self._woken.send_bytes(b".")  # a wait that has begun does not see the signal by itself

    def _start(self, place: int) -> None:
        ours, theirs = self._context.Pipe()
        arguments = (self._settings, self._listeners[place], theirs, place)
        process = self._context.Process(target=_work, args=arguments, name=f"paperwire-{place}", daemon=True)
        with signals_blocked():  # so that a signal finds it either not started or in the list
            process.start()
            theirs.close()
            self._workers.append(_Worker(place, process, time.monotonic(), ours))

    def _wait(self, timeout_s: float | None) -> None:
        """Until a worker ends or a signal has come, at most so long."""
        ready = connection.wait([self._waker, *(worker.process.sentinel for worker in self._workers)], timeout_s)
        if self._waker in ready:
            self._waker.recv_bytes()

    def _replace(self) -> None:
        for worker in [one for one in self._workers if not one.process.is_alive()]:
            self._bury(worker)
            if self._signals:
                continue
            quick = time.monotonic() - worker.started < _QUICK_S
            self._failed = self._failed + 1 if quick else 0
            log.error("a worker ended", extra={"worker": worker.place, "code": worker.process.exitcode})
            if self._failed >= _FAILED_STARTS:
                raise UnavailableError(
                    f"{self._failed} worker processes in a row ended at once, the last with code "
                    f"{worker.process.exitcode}: the log says why; fewer workers need less memory"
                )
            self._start(worker.place)

    def _bury(self, worker: _Worker) -> None:
        worker.process.join()
        worker.lifeline.close()
        self._workers.remove(worker)
        if worker.process.pid is not None:
            mark_process_dead(worker.process.pid, str(self._folder))  # type: ignore[no-untyped-call]

    def _drain(self) -> None:
        for listener in self._listeners:  # once the workers have closed theirs too, new connections are refused
            listener.close()
        patience_s = self._settings.drain_delay_s + self._settings.drain_timeout_s + _GRACE_S
        deadline = time.monotonic() + patience_s
        while self._workers and time.monotonic() < deadline:
            self._wait(max(0.0, deadline - time.monotonic()))
            self._replace()

    def _kill(self) -> None:
        for worker in list(self._workers):
            worker.process.kill()
            self._bury(worker)


def _send(process: BaseProcess, number: int) -> None:
    if process.pid is not None and process.is_alive():
        os.kill(process.pid, number)


def _work(settings: Settings, listener: socket.socket, lifeline: Connection, place: int) -> None:
    """A worker's life."""
    from service.api.server import serve_on  # the model's libraries, which the starting process does without

    os.setpgid(0, 0)  # Ctrl-C on a terminal is for the process that started this one, and comes from there
    threading.Thread(target=_end_with, args=(lifeline,), name="paperwire-lifeline", daemon=True).start()
    try:
        unblock_signals()
        serve_on(listener, settings)
    except KeyboardInterrupt:
        log.info("interrupted", extra={"worker": place})


def _end_with(lifeline: Connection) -> None:
    """Drain when the process that started this one has ended, which closes its end of the pipe."""
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _listening(settings: Settings) -> Iterator[Sequence[socket.socket]]:
    """One listening socket for each worker, all on one port."""
    if sys.platform != "linux":
        with listen(settings) as listener:
            yield [listener] * settings.workers
        return
    # A port that is shared on purpose would be shared with strangers too: the first socket is taken alone.
    with listen(settings) as probe:
        port = probe.getsockname()[1]
    listeners: list[socket.socket] = []
    try:
        fixed = msgspec.structs.replace(settings, port=port)
        for _ in range(settings.workers):
            listeners.append(listen(fixed, shared=True))  # noqa: PERF401 - those made are closed if one fails
        yield listeners
    finally:
        for listener in listeners:
            listener.close()
