"""Vectors that stored papers lack, added afterwards: of older runs, other models, tagging without the encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from models.paper import Paper
from service.ingest.intake import Hold
from service.ingest.noting import TextVectors
from service.store import Store

FILLED = 64
"""Papers given their missing vectors at a time: with the encoder a batch takes seconds."""


@dataclass(slots=True)
class Filled:
    """How far a run that adds missing vectors has come: papers done, of how many."""

    papers: int = 0
    total: int = 0


def fill_vectors(
    store: Store,
    vectors: TextVectors,
    names: Sequence[str],
    *,
    limit: int | None = None,
    progress: Callable[[Filled], object] = lambda _: None,
    held: Hold = nullcontext,
) -> Filled:
    """What was added: the vectors of `names` that shown papers lack, in the order the store met them.

    Each batch is on disk before the next; a run that was stopped at any point goes on where it stopped.

    Args:
        names: of `vectors`, in the order they are to be filled. limit: at most so many papers of each.
        progress: told after each batch. held: entered around each batch.
    """
    totals = [store.vectors.count_lacking(name) for name in names]
    done = Filled(total=sum(total if limit is None else min(total, limit) for total in totals))
    for name in names:
        for papers in _lacking(store, name, limit):
            with held():
                vectors.fill(store, name, papers)
            done.papers += len(papers)
            progress(done)
    return done


def _lacking(store: Store, name: str, limit: int | None) -> Iterator[list[Paper]]:
    left = limit
    for stored in store.vectors.lacking(name, batch=FILLED):
        papers = [one.paper for one in stored[:left]]
        if not papers:
            return
        yield papers
        left = None if left is None else left - len(papers)
