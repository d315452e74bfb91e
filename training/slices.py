"""Figures of parts of the papers: short ones, those without abstract, by year, by category."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.paper import Paper
from models.scoring import STAGES
from training.dataset import LabelledPaper
from training.intervals import RESAMPLES, Estimate, bootstrap
from training.predictions import Predictions

SHORT_WORDS = 60
FIGURES = ("micro_f1", "precision_at_1", "ndcg_at_5", "ece", "coverage")
"""What is told of a slice."""

_CATEGORIES = 15
_NEW_ID = re.compile(r"^arxiv:(\d{2})(\d{2})\.\d{4,5}$")
_OLD_ID = re.compile(r"^arxiv:[a-z-]+/(\d{2})(\d{2})\d{3}$")


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """What holds for one part of the papers.

    Attributes:
        kind, name: such as "year" and "2026". papers: how many.
        figures: estimates of `FIGURES`.
    """

    kind: str
    name: str
    papers: int
    figures: dict[str, Estimate]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict."""
        found = {name: estimate.to_json() for name, estimate in self.figures.items()}
        return {"kind": self.kind, "name": self.name, "papers": self.papers, "figures": found}


def month(paper: Paper) -> tuple[int, int] | None:
    """(year, month) of a paper's first day: its `published`, else what its arXiv id says, else None.

    Ids as in https://info.arxiv.org/help/arxiv_identifier.html (1991 to 2090).
    """
    if paper.published is not None:
        return paper.published.year, paper.published.month
    match = _NEW_ID.match(paper.id) or _OLD_ID.match(paper.id)
    if match is None or not 1 <= int(match[2]) <= 12:
        return None
    short = int(match[1])
    return (1900 if short > 90 else 2000) + short, int(match[2])


def slice_rows(labelled: Sequence[LabelledPaper], predictions: Predictions) -> Iterator[tuple[str, str, list[int]]]:
    """(kind, name, rows) of every part that is neither empty nor all papers."""
    for kind, names in (
        ("text", _texts(labelled)),
        ("year", [_named(found and str(found[0])) for found in (month(item.paper) for item in labelled)]),
        ("category", _frequent([item.paper.categories for item in labelled])),
        ("confidence", [_named(item.confidence) for item in labelled]),
        ("true themes", [(_how_many(int(n)),) for n in predictions.truth.sum(axis=1)]),
        ("scored by", [(STAGES[stage],) for stage in predictions.stage]),
    ):
        parts: dict[str, list[int]] = {}
        for row, of_row in enumerate(names):
            for name in of_row:
                parts.setdefault(name, []).append(row)
        yield from ((kind, name, rows) for name, rows in sorted(parts.items()) if len(rows) < len(predictions))


def _named(name: str | None) -> tuple[str, ...]:
    return (name,) if name else ()


def _texts(labelled: Sequence[LabelledPaper]) -> list[tuple[str, ...]]:
    tests: tuple[tuple[str, Callable[[Paper], bool]], ...] = (
        ("no abstract", lambda paper: not paper.abstract.strip()),
        (f"short (under {SHORT_WORDS} words)", lambda paper: len(paper.text.split()) < SHORT_WORDS),
    )
    return [tuple(name for name, test in tests if test(item.paper)) for item in labelled]


def _frequent(names: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Of each paper's categories those that are among the most frequent."""
    counted = Counter(name for of_paper in names for name in dict.fromkeys(of_paper))
    kept = {name for name, _ in counted.most_common(_CATEGORIES)}
    return [tuple(dict.fromkeys(name for name in of_paper if name in kept)) for of_paper in names]


def _how_many(themes: int) -> str:
    return "3 or more" if themes > 2 else str(themes)


def slice_figures(kind: str, name: str, predictions: Predictions, times: int, seed: int) -> SliceFigures:
    """The figures of one part, given its predictions alone."""
    found = bootstrap(predictions, times=times, seed=seed).figures
    return SliceFigures(kind, name, len(predictions), {figure: found[figure] for figure in FIGURES})


def all_slices(
    labelled: Sequence[LabelledPaper], predictions: Predictions, *, times: int = RESAMPLES, seed: int = 0
) -> list[SliceFigures]:
    """Figures of every part that the papers fall into."""
    return [
        slice_figures(kind, name, predictions.rows(np.array(rows)), times, seed)
        for kind, name, rows in slice_rows(labelled, predictions)
    ]


def title_only(labelled: Sequence[LabelledPaper]) -> list[LabelledPaper]:
    """The same papers and labels with the abstracts taken away."""
    return [replace(item, paper=replace(item.paper, abstract="")) for item in labelled if item.paper.title.strip()]
