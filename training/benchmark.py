"""Papers a second, from text to tags, and micro-F1 of a bundle's profiles beside what people would use instead.

All contestants take turns, run after run, in one process and on the same papers, so that what slows the
machine slows them all; medians are told. Before that each answers a few papers, untimed.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from models.bundle import ModelBundle
from models.calibration import BoolMatrix
from models.errors import PaperwireError
from models.paper import Paper
from models.themes import Taxonomy
from training.contestants import (
    TFIDF,
    TORCH,
    Contestant,
    profile_contestants,
    tfidf_contestant,
    torch_contestant,
)
from training.dataset import LabelledPaper, data_digest, label_matrix
from training.machine import busy, machine_facts
from training.metrics import micro_f1
from training.vectors import Progress, no_progress

_WARM_UP = 8
_BUSY = 0.3


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Attributes:
        papers: to tag, with labels where `labelled`. train: for contestants that need texts to learn from.
        runs: times that each contestant answers all papers. threads: cores of encoders; 0 for all.
    """

    papers: Sequence[LabelledPaper]
    labelled: bool = True
    train: Sequence[LabelledPaper] = ()
    runs: int = 3
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """What one contestant reached.

    Attributes:
        seconds: of each run. papers: in each. micro_f1: None where the papers have no labels.
    """

    name: str
    seconds: tuple[float, ...]
    papers: int
    micro_f1: float | None

    @property
    def papers_per_s(self) -> float:
        """Papers a second, of the median run."""
        return self.papers / max(statistics.median(self.seconds), 1e-9)

    def to_json(self, yardstick: Row | None) -> dict[str, Any]:
        """JSON-ready dict; `ratio` is the speed over that of the yardstick."""
        return {
            "name": self.name,
            "papers_per_s": round(self.papers_per_s, 1),
            "ratio": round(self.papers_per_s / yardstick.papers_per_s, 2) if yardstick else None,
            "micro_f1": None if self.micro_f1 is None else round(self.micro_f1, 4),
            "seconds": [round(value, 4) for value in self.seconds],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A finished benchmark.

    Attributes:
        rows: in the order measured. missing: who could not take part, and why.
        model, data: which bundle, which papers. load: processes a core before the first run.
    """

    rows: tuple[Row, ...]
    missing: dict[str, str]
    model: dict[str, Any]
    data: dict[str, Any]
    machine: dict[str, Any] = field(default_factory=machine_facts)
    load: float | None = None

    @property
    def yardstick(self) -> Row | None:
        """The row that ratios are told against: sentence-transformers on torch, if it took part."""
        return next((row for row in self.rows if row.name == TORCH), None)

    @property
    def remarks(self) -> list[str]:
        """What a reader of the figures must know, a line each."""
        out = [f"without {name}: {reason}" for name, reason in self.missing.items()]
        if self.load is not None and self.load > _BUSY:
            out.append(
                f"the machine was busy ({self.load:.2f} processes a core before the first run): speeds are too low"
            )
        if not self.data["labelled"]:
            out.append("the papers are invented: speeds hold, F1 needs --labels FILE")
        return out

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict."""
        return {
            "format": 1,
            "model": self.model,
            "data": self.data,
            "machine": self.machine,
            "load_per_core_before": self.load,
            "yardstick": TORCH if self.yardstick else None,
            "rows": [row.to_json(self.yardstick) for row in self.rows],
            "missing": self.missing,
            "remarks": self.remarks,
        }


def run_benchmark(bundle: ModelBundle, plan: Plan, *, progress: Progress = no_progress) -> Report:
    """Every contestant that can take part, measured.

    Raises:
        ThemeError: a label that the bundle does not know.
    """
    truth = label_matrix(plan.papers, bundle.taxonomy) if plan.labelled else None
    load = busy()
    with tempfile.TemporaryDirectory(prefix="paperwire-bench-") as workplace:
        progress("preparing", 0, 1)
        contestants, missing = _contestants(bundle, plan, Path(workplace))
        rows = _measured(contestants, plan, truth, progress)
    data = {
        "papers": len(plan.papers),
        "labelled": plan.labelled,
        "sha256": data_digest(plan.papers),
        "train": len(plan.train),
        "mean_characters": round(statistics.mean(len(item.paper.text) for item in plan.papers)),
    }
    return Report(tuple(rows), missing, bundle.name.to_json(), data, load=load)


def _contestants(bundle: ModelBundle, plan: Plan, workplace: Path) -> tuple[list[Contestant], dict[str, str]]:
    found, missing = profile_contestants(bundle), {}
    makers: dict[str, Callable[[], Contestant]] = {TORCH: lambda: torch_contestant(bundle, workplace, plan.threads)}
    if plan.train:
        makers[TFIDF] = lambda: tfidf_contestant(plan.train, bundle)
    else:
        missing[TFIDF] = "it learns from texts: name labelled papers with --train FILE"
    for name, make in makers.items():
        try:
            found.append(make())
        except PaperwireError as error:
            missing[name] = str(error)
    return found, missing


def _measured(contestants: Sequence[Contestant], plan: Plan, truth: BoolMatrix | None, progress: Progress) -> list[Row]:
    papers = [item.paper for item in plan.papers]
    seconds: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    given: dict[str, BoolMatrix] = {}
    for contestant in contestants:
        contestant.answer(papers[:_WARM_UP])
    total = plan.runs * len(contestants)
    for turn in range(total):
        contestant = contestants[turn % len(contestants)]
        began = time.perf_counter()
        given[contestant.name] = contestant.answer(papers)
        seconds[contestant.name].append(time.perf_counter() - began)
        progress("measuring", turn + 1, total)
    return [
        Row(name, tuple(times), len(papers), None if truth is None else micro_f1(given[name], truth))
        for name, times in seconds.items()
    ]


def invented_papers(taxonomy: Taxonomy, count: int = 200, seed: int = 0) -> list[LabelledPaper]:
    """Papers made of the taxonomy's own definitions, as long as abstracts are (80 to 250 words), without labels."""
    rng = random.Random(seed)  # noqa: S311 (no secret)
    return [_invented(taxonomy, rng, number) for number in range(count)]


_FRAMES = (
    "We study {} and report what holds in practice.",
    "Existing systems treat {} as an afterthought, at a cost that grows with scale.",
    "Our design covers {} without changes to the applications above it.",
    "Experiments with {} show lower tail latency and a third less memory.",
    "We close with open questions around {}.",
)


def _invented(taxonomy: Taxonomy, rng: random.Random, number: int) -> LabelledPaper:
    themes = rng.sample(taxonomy.themes, min(2, len(taxonomy)))
    words = int(np.clip(rng.gauss(165, 45), 80, 250))
    sentences: list[str] = []
    while sum(len(sentence.split()) for sentence in sentences) < words:
        theme = rng.choice(themes)
        sentences.append(rng.choice(_FRAMES).format((theme.scope or theme.label).rstrip(".").lower()))
    return LabelledPaper(Paper(f"invented:{number}", f"On {themes[0].label.lower()}", " ".join(sentences)), ())
