"""A bulk run: papers in, rendered answers out, in order and in flat memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

from models.errors import InputError
from models.paper import Paper
from models.tagging import Profile, Tagging
from models.words import counted
from service.pipeline.output import Output
from service.pipeline.record import PapersDigest, RunRecord

BATCH: Mapping[Profile, int] = {"fast": 512, "auto": 64, "accurate": 64}
"""Papers tagged at a time: many for speed, few where a batch takes seconds."""


class Renderer(Protocol):
    """A way to write answers down; it can be sent to another process."""

    @property
    def header(self) -> bytes:
        """What stands before the first answer."""

    def render(self, taggings: Sequence[Tagging]) -> bytes:
        """The answers, one after the other."""


class Answered(NamedTuple):
    """A batch of papers and what is to be written about them.

    Attributes:
        papers: the batch. chunk: their answers, rendered. tagged: how many have at least one tag.
    """

    papers: list[Paper]
    chunk: bytes
    tagged: int


Answer = Callable[[Iterator[list[Paper]]], Iterator[Answered]]
"""Answers batches in order."""


@dataclass(slots=True)
class Progress:
    """How far a run has come.

    Attributes:
        resumed: papers that an earlier run had answered. answered: by this one. tagged: of these,
            with at least one tag. seconds: since the run began.
    """

    resumed: int = 0
    answered: int = 0
    tagged: int = 0
    seconds: float = 0.0

    @property
    def papers_per_second(self) -> float:
        """Answers a second, of this run alone."""
        return self.answered / self.seconds if self.seconds else 0.0


def tag_all(
    papers: Iterable[Paper],
    answer: Answer,
    header: bytes,
    output: Output,
    *,
    batch_size: int,
    held: Callable[[], AbstractContextManager[None]],
    progress: Progress,
    report: Callable[[Progress], object] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Tag the papers into the output; whatever ends it early leaves whole answers there.

    Papers that the output holds already are read again and compared, not tagged.

    Args:
        answer: tags and renders batches, for instance `answering`.
        header: what stands before the first answer.
        batch_size: papers tagged at a time; the answers do not depend on it.
        held: a context inside which no interrupt is raised, entered to write.
        progress: brought up to date after every batch, then given to `report`.
        clock: monotonic seconds.

    Raises:
        InputError: the papers that were answered already are not the ones that come now.
    """
    began = clock()
    digest, complete = PapersDigest(), False
    try:
        fresh = _after(iter(papers), output.start, digest)
        progress.resumed = output.start.papers
        if not output.start.bytes:
            output.write(header, 0, digest.hex())
        for batch, chunk, tagged in answer(batches(fresh, batch_size)):
            for paper in batch:
                digest.add(paper)
            with held():
                output.write(chunk, len(batch), digest.hex())
                progress.answered += len(batch)
                progress.tagged += tagged
                progress.seconds = clock() - began
            report(progress)
        complete = True
    finally:
        with held():
            output.close(complete=complete)


def answering(tag: Callable[[Sequence[Paper]], list[Tagging]], renderer: Renderer) -> Answer:
    """An `Answer` that tags in this process."""

    def answer(waiting: Iterator[list[Paper]]) -> Iterator[Answered]:
        for batch in waiting:
            taggings = tag(batch)
            yield Answered(batch, renderer.render(taggings), sum(not tagging.abstained for tagging in taggings))

    return answer


def batches(papers: Iterator[Paper], size: int) -> Iterator[list[Paper]]:
    """The papers in lists of `size`, the last one shorter."""
    while batch := list(islice(papers, size)):
        yield batch


def _after(papers: Iterator[Paper], start: RunRecord, digest: PapersDigest) -> Iterator[Paper]:
    """The papers after those answered already, which are taken into the digest and must be the same."""
    for count in range(start.papers):
        paper = next(papers, None)
        if paper is None:
            raise InputError(
                f"cannot resume: {counted(start.papers, 'paper')} answered before, the inputs hold only {count:,} now"
            )
        digest.add(paper)
    if start.papers and digest.hex() != start.digest:
        raise InputError(
            f"cannot resume: the inputs do not begin with what was answered before, {counted(start.papers, 'paper')}; "
            "give the same inputs in the same order, or start over without --resume"
        )
    return papers
