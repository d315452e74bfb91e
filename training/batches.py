"""Batches of texts of like length, shortened texts and masked word pieces, drawn anew for every step.

Everything drawn depends on the seed and the number of the step alone, so a run that was killed goes
on exactly as it would have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]

_POOL = 16
"""Batches that are sorted by length together: more waste less padding, fewer mix better."""


@dataclass(frozen=True, slots=True)
class Batches:
    """The order in which texts are seen.

    Attributes:
        lengths: (n,) word pieces of each text. size: texts a batch. seed: of the order.
    """

    lengths: npt.NDArray[np.int64]
    size: int
    seed: int

    @property
    def in_epoch(self) -> int:
        """Batches that hold every text once."""
        return -(-len(self.lengths) // self.size)

    def of_epoch(self, epoch: int) -> list[Ids]:
        """Rows of every batch of an epoch: a random order, sorted by length within pools of sixteen batches."""
        generator = np.random.default_rng([self.seed, epoch])
        order = generator.permutation(len(self.lengths))
        pool = self.size * _POOL
        batches: list[Ids] = []
        for start in range(0, len(order), pool):
            rows = order[start : start + pool]
            rows = rows[np.argsort(self.lengths[rows], kind="stable")]
            parts = [rows[at : at + self.size] for at in range(0, len(rows), self.size)]
            batches += [parts[part] for part in generator.permutation(len(parts))]
        return batches

    def steps(self, first: int, last: int) -> Iterator[tuple[int, Ids]]:
        """(step, rows) from step `first` on, before `last`."""
        epoch, batches = -1, list[Ids]()
        for step in range(first, last):
            if step // self.in_epoch != epoch:
                epoch = step // self.in_epoch
                batches = self.of_epoch(epoch)
            yield step, batches[step % self.in_epoch]


def padded(texts: Sequence[Sequence[int] | Ids]) -> tuple[Ids, Ids]:
    """(n, t) ids, 0 where a text has ended, and (n, t) 1 where it has not."""
    longest = max((len(text) for text in texts), default=0)
    ids, seen = np.zeros((len(texts), longest), np.int64), np.zeros((len(texts), longest), np.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)], seen[row, : len(text)] = text, 1
    return ids, seen


def masked(ids: Ids, seen: Ids, mask_id: int, share: float, *, seed: int, step: int) -> Ids:
    """The ids with a random share of the word pieces replaced by the mask; first and last stay as they are."""
    chosen = np.random.default_rng([seed, step]).random(ids.shape) < share
    inner = seen.astype(bool)
    inner[:, 0] = False
    inner[np.arange(len(ids)), np.maximum(seen.sum(axis=1) - 1, 0)] = False
    return np.where(chosen & inner, mask_id, ids)


@dataclass(frozen=True, slots=True)
class Shortening:
    """How often less than a whole text is shown, so that titles and openings are understood too.

    Attributes:
        titles, cut: shares of texts shown as the title alone, and cut short. least, most: word pieces of a cut text.
    """

    titles: float = 0.12
    cut: float = 0.3
    least: int = 64
    most: int = 144

    def of(
        self, texts: Sequence[Sequence[int]], titles: Sequence[Sequence[int]], *, seed: int, step: int
    ) -> list[Sequence[int]]:
        """What is shown of each text at a step; a cut text keeps its last word piece, which marks the end."""
        generator = np.random.default_rng([seed, step, 1])
        draws = generator.random(len(texts)).tolist()
        ends = generator.integers(self.least, self.most + 1, len(texts)).tolist()
        return [
            self._shown(text, title, draw, end)
            for text, title, draw, end in zip(texts, titles, draws, ends, strict=True)
        ]

    def _shown(self, text: Sequence[int], title: Sequence[int], draw: float, end: int) -> Sequence[int]:
        if draw < self.titles:
            return title
        if draw < self.titles + self.cut and len(text) > end:
            return [*text[: end - 1], text[-1]]
        return text


def rate_at(step: int, steps: int, warm_up: float) -> float:
    """Share of the learning rate at a step: rising over the first `warm_up` of all steps, then falling to 0."""
    warm = int(warm_up * steps)
    if step < warm:
        return (step + 1) / warm
    return (steps - step) / max(steps - warm, 1)
