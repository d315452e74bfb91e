"""Unlabelled papers labelled by a bundle's accurate profile, to teach the n-gram heads with.

The n-gram heads see few labels and many words; what the encoder makes of thousands of other papers
shows them the words that go with a theme (Hinton et al. 2015).
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from models.bundle import ModelBundle
from models.gates import text_reason
from models.paper import Paper
from models.scoring import accurate_logits
from training.job import SoftPapers
from training.vectors import Progress, VectorCache, encode_all, no_progress

COUNT = 20_000
_BATCH = 512


def sample(papers: Iterable[Paper], count: int, without: Collection[str]) -> list[Paper]:
    """`count` papers chosen by the digest of their text: always the same, and all alike likely.

    Papers read once and never held but for those chosen; each text once.

    Args:
        without: ids to leave out, those of labelled papers.
    """
    chosen = heapq.nsmallest(count, _usable(papers, without), key=lambda paper: (paper.digest, paper.id))
    return list({paper.digest: paper for paper in reversed(chosen)}.values())[::-1]


def _usable(papers: Iterable[Paper], without: Collection[str]) -> Iterator[Paper]:
    return (paper for paper in papers if paper.id not in without and text_reason(paper.text) is None)


def within_scope(teacher: ModelBundle, papers: Iterable[Paper]) -> Iterator[Paper]:
    """Those of the papers that the teacher does not find out of scope, read some hundred at a time."""
    lexical, floor = teacher.lexical, teacher.profiles["fast"].scope_floor
    rest = iter(papers)
    while some := list(islice(rest, _BATCH)):
        inside = lexical.heads.scope_logits(lexical.encoder.encode([paper.text for paper in some])) >= floor
        yield from (paper for paper, kept in zip(some, inside.tolist(), strict=True) if kept)


def soften(
    teacher: ModelBundle, papers: list[Paper], cache: Path | None = None, *, progress: Progress = no_progress
) -> SoftPapers:
    """The papers with the probabilities of the teacher's accurate profile.

    Args:
        cache: file for vectors of the teacher's encoder.
    """
    texts = [paper.text for paper in papers]
    dense = teacher.dense
    vectors = encode_all(dense.encoder, texts, VectorCache(cache, dense.encoder.dim), progress)
    logits, _ = accurate_logits(dense, vectors, teacher.lexical.read(texts)[1])
    targets = teacher.profiles["accurate"].calibration.probabilities(logits)
    return SoftPapers(papers, targets.astype(np.float32))
