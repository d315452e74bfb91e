"""A large store measured: `python -m tests.store.scale PAPERS [--store FILE] [--limit N] [--profile fast]`.

PAPERS is a dump in any known format. It is taken in by `paperwire ingest` in a process of its own,
tagged and with vectors, then the store is asked what people ask. Prints one figure a line; a store
that is there already is only asked. Nothing here is a test: it takes minutes and wants idle cores.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from models.paper import Paper
from service.feeds import iter_entries
from service.store import PaperFilter, Sort, Store
from tests.ingest.samples import jsonl

ROUNDS = 30
_INGEST = "from service.cli import main; main()"


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("papers", type=Path)
    parser.add_argument("--store", type=Path, help="kept afterwards; a temporary one if not given")
    parser.add_argument("--limit", type=int, help="only the first so many papers")
    parser.add_argument("--profile", default="fast")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = asked.store or Path(folder) / "papers.db"
        dump = asked.papers if asked.limit is None else cut(asked.papers, asked.limit, Path(folder) / "part.jsonl")
        if not place.exists():
            take_in(dump, place, asked.profile)
        with Store.open(place) as store:
            ask(store)


def cut(dump: Path, limit: int, part: Path) -> Path:
    """The first papers of a dump, as a dump of their own."""
    with dump.open("rb") as stream:
        part.write_bytes(
            jsonl(itertools.islice((one for one in iter_entries(stream) if isinstance(one, Paper)), limit))
        )
    return part


def take_in(dump: Path, place: Path, profile: str) -> None:
    """Ingest in a process of its own, and say what it cost."""
    command = [sys.executable, "-c", _INGEST, "ingest", str(dump), "--store", str(place), "--profile", profile]
    began = time.perf_counter()
    subprocess.run(command, check=True)
    seconds, spent = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    with Store.open(place) as store:
        count = store.listing.count()
        optimised = timed(store.optimize)
    size = sum(path.stat().st_size for path in place.parent.glob(f"{place.name}*"))
    say("papers", f"{count:,}")
    say("ingest, tagged and indexed", f"{seconds:.0f} s, {count / seconds:,.0f} papers/s")
    say("processor time", f"{spent.ru_utime + spent.ru_stime:.0f} s")
    say("peak memory", f"{spent.ru_maxrss / 1024:.0f} MiB")
    say("store", f"{size / 2**20:.0f} MiB, {size / max(count, 1):,.0f} bytes a paper")
    say("optimize", f"{optimised:.0f} ms")


def ask(store: Store) -> None:
    """Time first pages, counts, and searches for words and for similar papers."""
    themes = list(store.listing.theme_facet(limit=8))
    pages = {
        "one theme, newest first": (PaperFilter(any_of=tuple(themes[:1])), Sort.PUBLISHED),
        "four themes, p >= 0.5, newest first": (
            PaperFilter(any_of=tuple(themes[:4]), min_probability=0.5),
            Sort.PUBLISHED,
        ),
        "one theme, most probable first": (PaperFilter(any_of=tuple(themes[1:2])), Sort.PROBABILITY),
        "category and words, newest first": (
            PaperFilter(categories=("cs.DC",), text="fault tolerance"),
            Sort.PUBLISHED,
        ),
        "theme and words, met last first": (PaperFilter(any_of=tuple(themes[:1]), text="latency"), Sort.FIRST_SEEN),
        "words, most relevant first": (PaperFilter(text="distributed training of large models"), Sort.RELEVANCE),
    }
    for name, (query, sort) in pages.items():
        repeat(f"first page: {name}", lambda query=query, sort=sort: store.listing.page(query, sort=sort))
    repeat("count of one theme", lambda: store.listing.count(PaperFilter(any_of=tuple(themes[:1]))))
    ids = [item.paper.id for item in itertools.islice(store.listing.iterate(), 0, None, 37)][:ROUNDS]
    for name, count in store.vectors.counts().items():
        say(f"{name}: first question", f"{timed(lambda name=name: store.vectors.warm(name)):.0f} ms, {count:,} vectors")
        near = itertools.cycle([one for one in ids if name in store.vectors.counts(one)])
        repeat(f"{name}: similar papers", lambda name=name, near=near: store.vectors.similar_to(name, next(near)))


def repeat(what: str, work: Callable[[], object]) -> None:
    """Median and slowest of `ROUNDS` runs in milliseconds."""
    found = [timed(work) for _ in range(ROUNDS)]
    say(what, f"median {statistics.median(found):.1f} ms, slowest {max(found):.1f} ms")


def timed(work: Callable[[], object]) -> float:
    """The milliseconds that some work takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def say(what: str, figure: str) -> None:
    """One figure."""
    print(f"{what:<50} {figure}", flush=True)


if __name__ == "__main__":
    main()
