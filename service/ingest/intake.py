"""Entries of a feed into the store, batch by batch: stored, then tagged, then counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice

from models.paper import Paper
from service.feeds import Announced, Entry, Note, Skipped
from service.feeds.entries import DELETED
from service.feeds.identity import paper_id
from service.ingest.answers import Tagger
from service.ingest.tally import Tally
from service.store import Need, Outcome, Store, StoredPaper, Upserted

BATCH = 512
"""Entries taken in at a time: what a kill costs at most."""
Report = Callable[[Skipped | Note], object]
"""Told of every entry that did not become a paper, and of remarks on a feed."""
Hold = Callable[[], AbstractContextManager[object]]
"""A stretch that is not to be interrupted between storing a batch and tagging it."""


def ingest(
    entries: Iterable[Entry],
    store: Store,
    tagger: Tagger,
    *,
    source: str = "",
    report: Report = lambda _: None,
    batch: int = BATCH,
    held: Hold = nullcontext,
    progress: Callable[[Tally], object] = lambda _: None,
    into: Tally | None = None,
) -> Tally:
    """What became of the entries; all of them are on disk, and every paper among them is tagged.

    Papers are stored in batches, a transaction each, then those of the batch that need it are
    tagged: new ones, changed ones, and those that a kill left without their tags. Records that a
    repository marks as deleted mark their papers as withdrawn.

    Args:
        entries: as a parser gives them, folded or not; versions of one paper may come in any order.
        store: where to. tagger: what tags.
        source: URL or name that announced the papers, "" for none.
        report: told of skipped entries and notes.
        batch: entries a transaction.
        held: entered around each batch.
        progress: told the counts so far after each batch.
        into: counts to add to, which hold what was done even if this raises; None for new ones.

    Raises:
        StoreError: the database refused; earlier batches are stored.
    """
    tally = Tally() if into is None else into
    intake = _Intake(store, tagger, source, report, tally)
    for part in _parts(entries, batch):
        with held():
            intake.take(part)
        progress(tally)
    return tally


def tag_pending(
    store: Store, tagger: Tagger, *, held: Hold = nullcontext, needs: Iterable[Need] = (Need.UNTAGGED, Need.CHANGED)
) -> Tally:
    """What was tagged of the papers whose text has no tags yet, from whatever run they were left over."""
    tally = Tally()
    for papers in store.taggings.outdated(tagger.bundle, needs=needs, batch=BATCH):
        with held():
            _tag(papers, store, tagger, tally)
    return tally


def _parts(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    left = iter(entries)
    while part := list(islice(left, size)):
        yield part


class _Intake:
    """Takes in batches of one source."""

    def __init__(self, store: Store, tagger: Tagger, source: str, report: Report, tally: Tally) -> None:
        self._store, self._tagger = store, tagger
        self._source, self._report, self._tally = source, report, tally
        self._announced: dict[str, str] = {}

    def take(self, part: Sequence[Entry]) -> None:
        """A batch is stored, tagged and counted."""
        deleted = self._passed_over(part)
        papers = [entry for entry in part if isinstance(entry, Paper)]
        if papers:
            done = self._store.papers.upsert(papers, source=self._source, announced=self._kinds(papers))
            stored = self._store.papers.get_many([change.id for change in done.changes])
            _count(done, stored, len(papers), self._report, self._tally)
            _tag([paper for paper in stored if _needs_tags(paper)], self._store, self._tagger, self._tally)
        if deleted:
            self._tally.withdrawn += self._store.papers.withdraw(deleted)

    def _kinds(self, papers: Sequence[Paper]) -> dict[str, str]:
        # An announcement may be the last entry of one batch and its paper the first of the next.
        return {paper.id: self._announced.pop(paper.id) for paper in papers if paper.id in self._announced}

    def _passed_over(self, part: Sequence[Entry]) -> list[str]:
        """Ids of the deleted records among the entries; the other entries that are no papers are noted or reported."""
        deleted: list[str] = []
        for entry in part:
            if isinstance(entry, Skipped) and entry.reason == DELETED:
                deleted.append(paper_id(own=entry.id))
            elif isinstance(entry, Announced):
                self._announced[entry.id] = entry.kind
            elif isinstance(entry, Skipped | Note):
                self._tally.skipped += isinstance(entry, Skipped)
                self._report(entry)
        return deleted


def _count(done: Upserted, stored: Sequence[StoredPaper], given: int, report: Report, tally: Tally) -> None:
    for refused in done.refused:
        report(Skipped(0, refused.reason, refused.id))
    tally.new += done.new
    tally.updated += done.updated
    tally.duplicate += given - len(done.refused) - done.new - done.updated
    tally.skipped += len(done.refused)
    moved = {change.id for change in done.changes if change.outcome is not Outcome.DUPLICATE}
    tally.withdrawn += sum(paper.withdrawn for paper in stored if paper.paper.id in moved)


def _needs_tags(stored: StoredPaper) -> bool:
    # A version with an unchanged text is tagged again as well: else the store would show the
    # version that was met first, and depend on the order in which feeds were read.
    tagging = stored.tagging
    return tagging is None or stored.stale or (tagging.version or 0) != (stored.paper.version or 0)


def _tag(papers: Sequence[StoredPaper], store: Store, tagger: Tagger, tally: Tally) -> None:
    if papers:
        given = [stored.paper for stored in papers]
        answers = tagger.tag(given)
        tagger.save(store, given, answers)
        tally.count_tagged(papers, answers)
