"""A process that starts ingests to be killed: `python ingest.py PLACE ACKNOWLEDGED`.

For every line read, a child of this process ingests batch after batch until somebody kills it; its
process id is written to standard output. A batch's number is appended to ACKNOWLEDGED once the
store has said that it is stored. Children are forked from a process that has imported everything,
so that fifty of them cost seconds.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import numpy as np

from models.paper import Paper
from service.store import Store
from tests.store.samples import make_paper, make_tagging

BATCH = 20
ENCODER = "kill-1"


def batch_of(number: int) -> list[Paper]:
    """The papers of a batch: twenty new ones, told by their category."""
    return [make_paper(number * BATCH + place, categories=(f"batch.{number}",)) for place in range(BATCH)]


def ingest(place: str, acknowledged: Path) -> None:
    """Store batches for ever, after the last one that was acknowledged."""
    said = acknowledged.read_text().split() if acknowledged.exists() else []
    with Store.open(place) as store, acknowledged.open("a") as log:
        for number in itertools.count(max(map(int, said), default=-1) + 1):
            papers = batch_of(number)
            store.papers.upsert(papers, source="feed")
            store.taggings.save(make_tagging(paper, ("kv-cache", 0.9)) for paper in papers)
            store.vectors.save(ENCODER, {paper.digest: np.full(8, number + 1, np.float32) for paper in papers})
            log.write(f"{number}\n")
            log.flush()


def main(place: str, acknowledged: str) -> None:
    """Start a child for every line of input."""
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            ingest(place, Path(acknowledged))
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
