"""Which papers are learnt from, which set thresholds, which only measure: the newest are held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.paper import Paper
from models.words import counted
from training.dataset import LabelledPaper
from training.slices import month

SMALL = 500
"""Fewer labelled papers are not split: all are learnt from, and figures come from cross-validation."""

_HELD_OUT = 0.15
_MOST_HELD_OUT = 4_000
_KEPT_OF_A_THEME = 3
_DATED = 0.9


@dataclass(frozen=True, slots=True)
class Splits:
    """Labelled papers by use.

    Attributes:
        train: learnt from. dev: set calibration and thresholds. test: only measured on.
        how: how they were parted, in words.
    """

    train: tuple[LabelledPaper, ...]
    dev: tuple[LabelledPaper, ...]
    test: tuple[LabelledPaper, ...]
    how: str


def named_splits(
    papers: Sequence[LabelledPaper], dev: Sequence[LabelledPaper], test: Sequence[LabelledPaper]
) -> Splits | None:
    """The splits that files or their `split` fields name; None where nothing names any dev or test paper."""
    named = [item for item in papers if item.split in ("dev", "test")]
    dev = [*dev, *(item for item in named if item.split == "dev")]
    test = [*test, *(item for item in named if item.split == "test")]
    if not dev and not test:
        return None
    train = tuple(item for item in papers if item.split not in ("dev", "test"))
    return Splits(train, tuple(dev), tuple(test), "as given")


def split(papers: Sequence[LabelledPaper], *, seed: int = 0, small: int = SMALL, tested: bool = True) -> Splits:
    """The newest 15 % held out, by turns for dev and for test; at random where too few papers have a date.

    Every theme keeps three papers to learn from. Fewer than `small` papers are not split at all.

    Args:
        seed: of the random order. tested: False holds out dev papers alone.
    """
    if len(papers) < small:
        return Splits(tuple(papers), (), (), f"{counted(len(papers), 'paper')}, too few to hold any out")
    order, how = _order(papers, seed)
    held = _newest(papers, order, min(round(_HELD_OUT * len(papers)), _MOST_HELD_OUT))
    out = set(held)
    train = tuple(item for row, item in enumerate(papers) if row not in out)
    dev = held[::2] if tested else held
    test = held[1::2] if tested else []
    return Splits(train, tuple(papers[row] for row in dev), tuple(papers[row] for row in test), how)


def _order(papers: Sequence[LabelledPaper], seed: int) -> tuple[list[int], str]:
    """Rows from new to old, and what decided it."""
    dates = [_date(item.paper) for item in papers]
    if sum(date is not None for date in dates) < _DATED * len(papers):
        rows = np.random.default_rng(seed).permutation(len(papers)).tolist()
        return rows, "at random, because too few papers have a date"
    dated = [(date, papers[row].paper.id, row) for row, date in enumerate(dates) if date is not None]
    return [row for _, _, row in sorted(dated, reverse=True)], "the newest papers are held out"


def _date(paper: Paper) -> tuple[int, int, int] | None:
    if paper.published is not None:
        return paper.published.year, paper.published.month, paper.published.day
    found = month(paper)
    return (*found, 0) if found else None


def _newest(papers: Sequence[LabelledPaper], order: Sequence[int], wanted: int) -> list[int]:
    left = Counter(theme for item in papers for theme in set(item.themes))
    held: list[int] = []
    for row in order:
        themes = set(papers[row].themes)
        if len(held) < wanted and all(left[theme] > _KEPT_OF_A_THEME for theme in themes):
            held.append(row)
            left.subtract(themes)
    return held
