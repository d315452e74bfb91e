"""What people said about single papers, made labelled papers to train on, alone or onto labels that are there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from models.paper import Paper
from training.dataset import LabelledPaper

ORIGIN = "verdicts"
"""Origin of a label that people's verdicts made or changed."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What people agree on about one paper.

    Attributes:
        settled: theme -> whether it fits. whole: the themes accepted are all that fit.
    """

    paper: Paper
    settled: Mapping[str, bool]
    whole: bool


def labelled(corrections: Iterable[Correction]) -> list[LabelledPaper]:
    """The papers that are known as a whole, in order; the others have themes about which nobody said anything."""
    return [LabelledPaper(one.paper, _themes((), one), origin=ORIGIN) for one in corrections if one.whole]


def corrected(labels: Sequence[LabelledPaper], corrections: Sequence[Correction]) -> list[LabelledPaper]:
    """The labels in order as people corrected them, then the papers that only the corrections know as a whole.

    A labelled paper is known as a whole already, so what was said about any of its themes counts: those
    rejected go, those accepted come behind the others. Text and split stay those of the labels.
    """
    by_id = {one.paper.id: one for one in corrections}
    there = {item.paper.id for item in labels}
    new = labelled(one for one in corrections if one.paper.id not in there)
    return [*(_applied(item, by_id.get(item.paper.id)) for item in labels), *new]


def write_labels(papers: Iterable[LabelledPaper], target: BinaryIO) -> int:
    """The number of papers written, as the JSON Lines that `training.dataset.load_labels` reads."""
    count = 0
    for item in papers:
        # Half a surrogate pair has no UTF-8; the escape that stands for it is JSON's own.
        line = json.dumps(_record(item), ensure_ascii=False)
        target.write(f"{line}\n".encode("utf-8", "backslashreplace"))
        count += 1
    return count


def _applied(item: LabelledPaper, correction: Correction | None) -> LabelledPaper:
    if correction is None:
        return item
    themes = _themes(item.themes, correction)
    return item if themes == item.themes else replace(item, themes=themes, origin=ORIGIN)


def _themes(before: Sequence[str], correction: Correction) -> tuple[str, ...]:
    kept = [theme for theme in before if correction.settled.get(theme, not correction.whole)]
    added = sorted(theme for theme, fits in correction.settled.items() if fits and theme not in before)
    return (*kept, *added)


def _record(item: LabelledPaper) -> dict[str, Any]:
    more = {"split": item.split, "origin": item.origin, "confidence": item.confidence}
    record = {"id": item.paper.id, "title": "", "abstract": "", **item.paper.to_json(), "tags": list(item.themes)}
    return record | {name: value for name, value in more.items() if value}
