"""The engine: threads that compute micro-batches for many callers, on the bundle of the day.

    engine = Engine(bundle, Limits())
    engine.start()
    answers = await engine.tag(papers, TagOptions(profile="fast"))
    previous = engine.swap(other)          # running requests finish on the bundle they began with

Calls come from one event loop. A call is admitted as a whole or refused, counted in texts; a long
one enters the lanes piece by piece, so it never stands in front of everybody else.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Condition, Thread
from typing import TypeVar

from models.bundle import ModelBundle
from models.errors import UnavailableError
from models.paper import Paper
from models.tagging import Profile, Tagging, TagOptions
from models.words import counted
from service.batching import Entry, Lanes
from service.pieces import Item, Piece, compute, deliver
from service.work import Embed, Embedding, Score, Tag, Vector, Work

R = TypeVar("R")

THREADS = 2
"""While one takes up what the encoder gave and words answers, the other keeps its cores busy."""
_PIECES = 2
"""Pieces of a long call that are handed over at a time, computing or waiting."""
_SAMPLE = Paper(
    "warm-up",
    "Warm-up of a tagging engine",
    "We warm every part of the engine on an invented abstract so that the first caller does not wait for it.",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an engine takes on.

    Attributes:
        batch_texts: most texts of a batch; works have limits of their own (`service.work.AT_ONCE`).
        batch_wait_ms: longest wait of an idle engine for more.
        queue_texts: texts admitted at a time, waiting and computing.
    """

    batch_texts: int = 32
    batch_wait_ms: float = 1.0
    queue_texts: int = 2048


@dataclass(frozen=True, slots=True)
class BatchReport:
    """One computed batch: kind of work, number of texts, seconds of computing, seconds its first text waited."""

    kind: str
    texts: int
    seconds: float
    waited_s: float


class OverloadedError(UnavailableError):
    """The queue is full; `retry_after_s` says when to come again."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Engine:
    """Owner of the current bundle and of the threads that run it.

    Args:
        bundle: what answers until `swap`.
        limits: see `Limits`.
        on_batch: called after every batch, on one of the engine's threads.
    """

    def __init__(
        self,
        bundle: ModelBundle,
        limits: Limits | None = None,
        *,
        on_batch: Callable[[BatchReport], None] | None = None,
    ) -> None:
        self._bundle = bundle
        self._limits = limits or Limits()
        self._on_batch = on_batch
        self._lanes: Lanes[Item] = Lanes()
        self._wake = Condition()
        self._closing = False
        self._threads: list[Thread] = []
        self._admitted = 0
        self._freed = asyncio.Event()
        self._pace = 100.0  # texts a second, a running mean that starts modest
        self.ready = False

    @property
    def bundle(self) -> ModelBundle:
        """The bundle that answers calls made from now on."""
        return self._bundle

    @property
    def admitted(self) -> int:
        """Texts waiting or being computed now."""
        return self._admitted

    def start(self) -> None:
        """Start the threads."""
        self._threads = [Thread(target=self._serve, name="paperwire-engine", daemon=True) for _ in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Finish what waits, then end the threads; a call that has not handed all of its texts over yet is refused."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join()

    def warm(self, bundle: ModelBundle | None = None) -> None:
        """Load and run every part of a bundle once, on the caller's thread; without one, get ready.

        Raises:
            BundleError: a part that cannot be loaded.
        """
        warmed = bundle or self._bundle
        for options in (TagOptions("fast"), TagOptions("accurate"), TagOptions("accurate", "full")):
            warmed.tag([_SAMPLE], options)
        Embed().run(warmed, [_SAMPLE])
        self.ready = self.ready or bundle is None

    def swap(self, bundle: ModelBundle) -> ModelBundle:
        """Let another, warm bundle answer from now on; comes back with the one before.

        Calls that were admitted earlier are answered by the bundle they were admitted with.
        """
        previous, self._bundle = self._bundle, bundle
        return previous

    async def tag(
        self, papers: Sequence[Paper], options: TagOptions, bundle: ModelBundle | None = None
    ) -> list[Tagging]:
        """One answer a paper, in order, all from one bundle.

        Raises:
            ThemeError: an unknown theme in the options.
            OverloadedError: more texts than are admitted now.
            UnavailableError: not warm yet, or closing.
        """
        return await self.run(Tag(options), papers, bundle)

    async def score(self, papers: Sequence[Paper], profile: Profile, bundle: ModelBundle | None = None) -> list[Vector]:
        """Every theme's probability for every paper; raises as `tag` does."""
        return await self.run(Score(profile), papers, bundle)

    async def embed(self, texts: Sequence[str], bundle: ModelBundle | None = None) -> list[Embedding]:
        """One vector a text; raises as `tag` does."""
        return await self.run(Embed(), [Paper("", title=text) for text in texts], bundle)

    async def room(self, texts: int) -> None:
        """Return when so many texts would be admitted; for callers that can wait, such as streams."""
        while self._admitted + texts > self._limits.queue_texts:
            self._freed.clear()
            await self._freed.wait()

    async def run(self, work: Work[R], papers: Sequence[Paper], bundle: ModelBundle | None = None) -> list[R]:
        """One result a paper of any work, in order; raises as `tag` does, and what the work raises."""
        self._admit(len(papers))
        waiting: deque[asyncio.Future[list[R]]] = deque()
        results: list[R] = []
        try:
            for start in range(0, len(papers), self._limits.batch_texts):
                if len(waiting) == _PIECES:
                    results += await waiting.popleft()
                piece = papers[start : start + self._limits.batch_texts]
                waiting.append(self._submit(work, piece, bundle := bundle or self._bundle))
            while waiting:
                results += await waiting.popleft()
        finally:
            for future in waiting:
                future.cancel()
            self._admitted -= len(papers)
            self._freed.set()
        return results

    def _admit(self, texts: int) -> None:
        if self._closing or not self.ready:
            raise UnavailableError("the model is not ready: it is being loaded or the server is ending; try again soon")
        if self._admitted + texts > self._limits.queue_texts:
            retry = max(1, math.ceil(self._admitted / self._pace))
            raise OverloadedError(
                f"{counted(self._admitted, 'text')} in the queue already, {self._limits.queue_texts} at the most: "
                f"try again in {retry} s",
                retry,
            )
        self._admitted += texts

    def _submit(self, work: Work[R], papers: Sequence[Paper], bundle: ModelBundle) -> asyncio.Future[list[R]]:
        piece, now = Piece(bundle, work, len(papers)), time.monotonic()
        key = (bundle.name.sha256, work)
        with self._wake:
            if self._closing:  # the threads may have ended, and nobody would answer
                raise UnavailableError("the server is ending: try again soon")
            for position, paper in enumerate(papers):
                characters = len(paper.title) + len(paper.abstract)
                self._lanes.put(key, Item(piece, position, paper), characters, now, work.at_once)
            self._wake.notify()
        return piece.future

    def _serve(self) -> None:
        while batch := self._next():
            started = time.monotonic()
            outcomes = compute([entry.item for entry in batch])
            self._report(batch, started)
            deliver(outcomes)

    def _next(self) -> list[Entry[Item]]:
        """The next batch; empty when the engine is closing and nothing waits."""
        with self._wake:
            while True:
                oldest = self._lanes.oldest()
                patience = self._patience(oldest)
                if patience is not None and patience <= 0:
                    batch = self._lanes.take(self._limits.batch_texts)
                    if len(self._lanes):
                        self._wake.notify()  # a call wakes one thread, and may be more than one batch
                    if batch:
                        return batch
                elif oldest is None and self._closing:
                    return []
                else:
                    self._wake.wait(patience)

    def _patience(self, oldest: float | None) -> float | None:
        """Seconds to wait for more texts; None while there is none at all."""
        if oldest is None:
            return None
        if self._closing or self._lanes.fills(self._limits.batch_texts):
            return 0.0
        return oldest + self._limits.batch_wait_ms / 1000 - time.monotonic()

    def _report(self, batch: Sequence[Entry[Item]], started: float) -> None:
        seconds = time.monotonic() - started
        self._pace += 0.1 * (THREADS * len(batch) / max(seconds, 1e-6) - self._pace)
        if self._on_batch is not None:
            kind = batch[0].item.piece.work.kind
            self._on_batch(BatchReport(kind, len(batch), seconds, started - batch[0].time))
