"""Tagging in several processes, for work that is mostly Python: each core gets a bundle of its own.

A worker holds one batch at a time, and batches go around in turn, so answers come back in order and
neither side ever waits for the other with a full pipe. Workers read from a pipe that ends with the
process that started them, whatever ends that one, and then end too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, cycle, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from models.bundle import ModelBundle
from models.errors import BundleError, PaperwireError, UnavailableError
from models.paper import Paper
from models.tagging import TagOptions
from service.pipeline.run import Answer, Answered, Renderer, answering
from service.spawning import signals_blocked

FIRST_BATCHES = 4
"""Batches answered before workers are started: a small input is done before they would be ready."""


@dataclass(frozen=True, slots=True)
class Work:
    """What every worker needs to know.

    Attributes:
        bundle: directory of the model. sha256: of its manifest, which must be the one in use.
        options: of the tagging. renderer: writes the answers down.
    """

    bundle: Path
    sha256: str
    options: TagOptions
    renderer: Renderer


@dataclass(frozen=True, slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection

    def send(self, batch: list[Paper]) -> None:
        try:
            self.connection.send(batch)
        except OSError:
            raise _gone(self) from None

    def receive(self, batch: list[Paper]) -> Answered:
        try:
            outcome = self.connection.recv()
        except (EOFError, OSError):
            raise _gone(self) from None
        if isinstance(outcome, PaperwireError):
            raise outcome
        chunk, tagged = outcome
        return Answered(batch, chunk, tagged)


def answering_in(count: int, work: Work, bundle: ModelBundle) -> Answer:
    """An `Answer` by `count` processes; the first batches are answered in this one, by `bundle`.

    The answer raises UnavailableError if a worker is ended from outside.
    """
    here = answering(lambda batch: bundle.tag(batch, work.options), work.renderer)

    def answer(waiting: Iterator[list[Paper]]) -> Iterator[Answered]:
        yield from here(islice(waiting, FIRST_BATCHES))
        following = next(waiting, None)
        if following is not None:
            yield from _by_workers(count, work, chain([following], waiting))

    return answer


def _by_workers(count: int, work: Work, waiting: Iterator[list[Paper]]) -> Iterator[Answered]:
    workers = _started(count, work)
    busy: deque[tuple[_Worker, list[Paper]]] = deque()
    try:
        for batch, worker in zip(waiting, cycle(workers)):
            answered = _next_of(busy) if len(busy) == count else None
            worker.send(batch)
            busy.append((worker, batch))
            if answered:
                yield answered
        while busy:
            yield _next_of(busy)
    finally:
        for worker in workers:
            worker.connection.close()
        for worker in workers:
            worker.process.join()


def _next_of(busy: deque[tuple[_Worker, list[Paper]]]) -> Answered:
    worker, batch = busy.popleft()
    return worker.receive(batch)


def _started(count: int, work: Work) -> list[_Worker]:
    context = get_context("spawn")  # a fork would copy locks of other threads, such as the tokenizer's
    workers = []
    with signals_blocked():  # for good: they are meant for the process that started the workers, which ends them
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, work), daemon=True)
            process.start()
            theirs.close()
            workers.append(_Worker(process, ours))
    return workers


def _serve(connection: Connection, work: Work) -> None:
    """A worker's life: batches in, rendered answers or the error out, until the other side closes."""
    try:
        bundle = _same_bundle(work)
        while (batch := _received(connection)) is not None:
            taggings = bundle.tag(batch, work.options)
            chunk = work.renderer.render(taggings)
            connection.send((chunk, sum(not tagging.abstained for tagging in taggings)))
    except ConnectionError:
        return
    except PaperwireError as error:
        connection.send(error)


def _received(connection: Connection) -> list[Paper] | None:
    """The next batch; None once the other side has closed, were it in the middle of sending one."""
    try:
        batch: list[Paper] = connection.recv()
    except (EOFError, OSError):
        return None
    return batch


def _same_bundle(work: Work) -> ModelBundle:
    bundle = ModelBundle.load(work.bundle, verify=False, threads=1)
    if bundle.name.sha256 != work.sha256:
        raise BundleError(f"the bundle {work.bundle} was replaced while it was in use: start again")
    return bundle


def _gone(worker: _Worker) -> UnavailableError:
    worker.process.join()
    return UnavailableError(
        f"a worker process ended with code {worker.process.exitcode}, perhaps for want of memory: "
        "use --workers 0 to tag in one process"
    )
