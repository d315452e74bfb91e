"""After a promotion: papers that an older bundle tagged, shown first and then tagged anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field

from service.ingest.answers import Tagger
from service.ingest.intake import BATCH, Hold
from service.store import Gain, Need, Store, StoredPaper, TagChanges

EXAMPLES = 5
"""Paper ids kept for each theme and direction."""
_NOTHING = TagChanges(0, 0, {})
_OLD = (Need.OLD_BUNDLE,)


@dataclass(slots=True)
class Retagged:
    """How far a re-tag has come.

    Attributes:
        papers: answered. total: to answer. changes: what is, or would be, another answer.
    """

    papers: int = 0
    total: int = 0
    changes: TagChanges = field(default=_NOTHING)


def preview(
    store: Store, tagger: Tagger, *, limit: int | None = None, progress: Callable[[Retagged], object] = lambda _: None
) -> Retagged:
    """What tagging anew would change; nothing is saved.

    Args:
        limit: at most so many papers, in the order the store met them; None for all.
        progress: told after each batch.
    """
    return _over(store, tagger, limit, progress, save=False, held=nullcontext)


def retag(
    store: Store,
    tagger: Tagger,
    *,
    limit: int | None = None,
    progress: Callable[[Retagged], object] = lambda _: None,
    held: Hold = nullcontext,
) -> Retagged:
    """What changed: the papers that another bundle than the tagger's had tagged are tagged anew.

    Each batch is saved in a transaction of its own and no longer counts then, so that a re-tag
    which was stopped at any point goes on where it stopped. Earlier taggings stay in the history.
    """
    return _over(store, tagger, limit, progress, save=True, held=held)


def joined(first: TagChanges, second: TagChanges, examples: int = EXAMPLES) -> TagChanges:
    """The changes of two disjoint sets of papers as one; the first's examples come first."""
    themes = sorted({*first.themes, *second.themes})
    return TagChanges(
        first.changed + second.changed,
        first.unchanged + second.unchanged,
        {theme: _gain(first.themes.get(theme), second.themes.get(theme), examples) for theme in themes},
    )


def _over(
    store: Store, tagger: Tagger, limit: int | None, progress: Callable[[Retagged], object], *, save: bool, held: Hold
) -> Retagged:
    total = store.taggings.count_outdated(tagger.bundle, needs=_OLD)
    done = Retagged(total=total if limit is None else min(total, limit))
    for papers in _batches(store, tagger, limit):
        with held():
            given = [stored.paper for stored in papers]
            answers = tagger.tag(given)
            done.changes = joined(done.changes, store.taggings.preview(answers, EXAMPLES))
            if save:
                tagger.save(store, given, answers)
        done.papers += len(papers)
        progress(done)
    return done


def _batches(store: Store, tagger: Tagger, limit: int | None) -> Iterator[tuple[StoredPaper, ...]]:
    left = limit
    for papers in store.taggings.outdated(tagger.bundle, needs=_OLD, batch=BATCH):
        if left is None:
            yield papers
            continue
        if left <= 0:
            return
        yield papers[:left]
        left -= len(papers)


def _gain(first: Gain | None, second: Gain | None, examples: int) -> Gain:
    if first is None or second is None:
        return first or second or Gain(0, 0, (), ())
    return Gain(
        first.added + second.added,
        first.removed + second.removed,
        (first.added_examples + second.added_examples)[:examples],
        (first.removed_examples + second.removed_examples)[:examples],
    )
