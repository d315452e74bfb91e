"""A process that starts ingests to be killed: `python -m tests.ingest.killed STORE BUNDLE FEED`.

For every line read, a child of this process ingests the feed until somebody kills it or it is done.
Its process id is written to standard output, then "killed" or "done". Children are forked from a
process that has imported and loaded everything, so that many of them cost seconds.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from models.bundle import ModelBundle
from models.tagging import TagOptions
from service.feeds import iter_entries
from service.ingest import Tagger, TextVectors, ingest, tag_pending
from service.store import Store

BATCH = 16


def main(place: str, bundle: str, feed: str) -> None:
    """Start a child for every line of input."""
    loaded = ModelBundle.load(Path(bundle))
    vectors = TextVectors(loaded)
    tagger = Tagger.of(vectors.bundle, TagOptions(profile="fast"), vectors)
    vectors.bundle.tag([], TagOptions(profile="fast"))
    data = Path(feed).read_bytes()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            with Store.open(place) as store:
                tag_pending(store, tagger)
                ingest(iter_entries(io.BytesIO(data)), store, tagger, source="feed", batch=BATCH)
            os._exit(0)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else "done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
