"""One job from claim to end: a process is started, watched, and started again where that may help."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

import msgspec

from models.errors import ConflictError, InputError, NotFoundError, PaperwireError, StoreError
from models.words import counted
from service.jobs.folders import JobFolder, remove_job, used_bytes
from service.jobs.order import BUSY, JobOptions, Order, Told, Watcher
from service.pipeline import load_record, record_path
from service.pipeline.record import RunRecord
from service.releases import Candidate
from service.settings import Settings
from service.spawning import cores
from service.store import Job, JobState, Store

log = logging.getLogger("paperwire.jobs")

_COMMAND = (sys.executable, "-P", "-m", "service.jobs.process")
_TRIES = 3
_BEAT_S = 1.0
_DISK_S = 10.0
_LAST_S = 10.0
"""How long a process that is told to end may take to write down where it is."""
_FULL = "the files of jobs take more room than `jobs_disk_bytes`: remove jobs that are done, or raise it"

_LATE = (
    "the job has run longer than {most_s:,.9g} s (`jobs_timeout_s`) with {papers} answered, of which nothing is kept: "
    "split the dump, ask for the profile fast, or have the limit raised by whoever runs this server"
)
_RAN = "ran_s"
"""Under this name the store keeps, beside what processes tell, how long they have run."""


class Bundles(Protocol):
    """Where the models are."""

    def live(self) -> Candidate:
        """The one that answers requests now."""

    def with_digest(self, sha256: str) -> Candidate | None:
        """The one with this digest, or None."""


@dataclass(slots=True)
class Shift:
    """A server's work on one claimed job.

    Attributes:
        job: claimed by `worker`. stopping: set when the server ends; the job then waits for the next.
    """

    job: Job
    worker: str
    store: Store
    settings: Settings
    bundles: Bundles
    watcher: Watcher
    stopping: threading.Event
    told: Told = field(default_factory=Told)
    _said_all: threading.Event = field(default_factory=threading.Event)
    _counted: int = 0
    _beaten: float = 0.0
    _looked: float = 0.0
    _over: str = ""
    _known: dict[str, Any] = field(default_factory=dict)
    _ran_s: float = 0.0
    _began: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """See the job through, or leave it to whoever comes next; raises nothing of ours."""
        self._known = dict(self.job.progress)
        self._ran_s = float(self._known.get(_RAN, 0.0))
        record = self._record()
        self._counted = record.papers if record else 0
        try:
            self._settle(self._worked())
        except (ConflictError, NotFoundError):
            self._lost()
        except PaperwireError as error:  # after its lease the job is somebody's again
            log.error("a job was left", extra={"job": self.job.id, "reason": str(error)})

    def _worked(self) -> Told:
        """The last word of the process, or of the last one that was tried."""
        for _ in range(_TRIES):
            self.told, self._said_all = Told(), threading.Event()
            code = self._attend()
            if self.told.ended in ("done", "failed") or self.stopping.is_set() or code == BUSY:
                break
            if self._over:
                return msgspec.structs.replace(self.told, ended="failed", error=self._over)
            log.error("the process of a job failed", extra={"job": self.job.id, "code": code, "error": self.told.error})
            if self.told.ended != "trouble":
                reason = f"its process ended with code {code}, {_TRIES} times, perhaps for want of memory"
                self.told = Told(ended="trouble", error=reason)
        return self.told

    def _settle(self, told: Told) -> None:
        if told.ended == "done":
            self._beat()
            self.store.jobs.finish(self.job.id, self.worker, self._folder.result(self._options.output).name)
            self._ended(JobState.DONE)
        elif self.stopping.is_set() or not told.ended:
            self.store.jobs.release(self.job.id, self.worker)
        else:
            self.store.jobs.fail(self.job.id, self.worker, _for_its_owner(told.error))
            self._ended(JobState.FAILED)

    def _ended(self, state: JobState) -> None:
        self._folder.clear(self._options.output, keep_result=state is JobState.DONE)
        self.watcher.job_ended(state)
        log.info("a job ended", extra={"job": self.job.id, "state": str(state), "papers": self.told.papers})

    def _lost(self) -> None:
        """Cancelled, removed, or another's by now; only in the last case its files are wanted."""
        if not self.store.jobs.is_wanted(self.job.id):
            remove_job(self.settings.jobs_place, self.job.id)
        log.info("a job was taken away", extra={"job": self.job.id})

    def _attend(self) -> int:
        """The exit code of a process, which is over when this returns or raises."""
        self._folder.make()
        order = msgspec.json.encode(self._order()) + b"\n"
        # A session of its own: Ctrl-C on the server's terminal is not meant for it.
        with subprocess.Popen(  # noqa: S603 - nothing of it comes from a request
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            reader = threading.Thread(target=self._listen, args=(process.stdout,), daemon=True)
            reader.start()
            try:
                self._send(process.stdin, order)
                self._watch(process)
            finally:
                _end(process)
            reader.join(_BEAT_S)
        return process.returncode

    def _send(self, stream: IO[bytes] | None, order: bytes) -> None:
        with suppress(BrokenPipeError):  # it has ended already, and its code says how
            if stream is not None:
                stream.write(order)
                stream.flush()

    def _listen(self, lines: IO[bytes]) -> None:
        for line in lines:
            self.told = msgspec.json.decode(line, type=Told)
        self._said_all.set()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        self._beaten = time.monotonic()
        pause_s = min(_BEAT_S, self.settings.jobs_lease_s / 4)
        while process.poll() is None and not self.stopping.is_set() and not self._over:
            if self._said_all.wait(pause_s):
                with suppress(subprocess.TimeoutExpired):
                    process.wait(pause_s)
            self._try_to_beat()
            self._check_disk()
            self._check_time()

    def _try_to_beat(self) -> None:
        try:
            self._beat()
        except StoreError as error:
            if time.monotonic() - self._beaten > self.settings.jobs_lease_s:
                raise
            log.warning("the store does not take a job's progress", extra={"job": self.job.id, "reason": str(error)})
        else:
            self._beaten = time.monotonic()

    def _beat(self) -> None:
        told, lease_s = self.told, self.settings.jobs_lease_s
        if told != Told():  # what is known of the upload stays meanwhile
            self._known = told.as_progress()
        progress = self._known | {_RAN: round(self._running_s(), 1)}
        self.store.jobs.beat(self.job.id, self.worker, done=told.papers, progress=progress, lease_s=lease_s)
        self.watcher.job_papers(max(0, told.papers - self._counted))
        self._counted = max(self._counted, told.papers)

    def _check_disk(self) -> None:
        if time.monotonic() - self._looked < _DISK_S:
            return
        self._looked = time.monotonic()
        if used_bytes(self.settings.jobs_place) > self.settings.jobs_disk_bytes:
            self._over = _FULL

    def _check_time(self) -> None:
        most_s = self.settings.jobs_timeout_s
        if most_s and self._running_s() > most_s:
            self._over = _LATE.format(most_s=most_s, papers=counted(self._counted, "paper"))

    def _running_s(self) -> float:
        """Seconds that the job has run, on all servers that were at it."""
        return self._ran_s + time.monotonic() - self._began

    def _order(self) -> Order:
        settings, options = self.settings, self._options
        bundle = self._bundle()
        return Order(
            options=options,
            place=self.job.input,
            folder=str(self._folder.path),
            roots=settings.jobs_paths,
            bundle=str(bundle.directory),
            sha256=bundle.sha256,
            rules=str(settings.rules) if settings.rules else None,
            threads=settings.jobs_threads or max(1, cores() // 2),
            input_bytes=settings.jobs_input_bytes,
            networks=settings.fetch_networks,
            agent=settings.fetch_agent,
        )

    def _bundle(self) -> Candidate:
        """The model that the job was begun with, where it is still there; else the live one."""
        record = self._record()
        begun = record.settings.get("model", {}).get("sha256", "") if record else ""
        return (self.bundles.with_digest(begun) if begun else None) or self.bundles.live()

    def _record(self) -> RunRecord | None:
        """What earlier processes of the job wrote down."""
        with suppress(InputError):  # a damaged one is begun anew
            return load_record(record_path(self._folder.result(self._options.output)))
        return None

    @property
    def _options(self) -> JobOptions:
        return msgspec.convert(self.job.options, JobOptions)

    @property
    def _folder(self) -> JobFolder:
        return JobFolder(self.settings.jobs_place / self.job.id)


def _for_its_owner(error: str) -> str:
    """A reason as it is, a trace only by the promise that the log has it."""
    return error if "\n" not in error else "something went wrong on our side; the log has it under this job's id"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let the process write down where it is, or stop it where it takes too long."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_LAST_S)
        except subprocess.TimeoutExpired:
            process.kill()
