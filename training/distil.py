"""Unlabelled papers labelled by a bundle's accurate profile, to teach the n-gram heads with.

The n-gram heads see few labels and many words; what the encoder makes of thousands of other papers
shows them the words that go with a theme (Hinton et al. 2015).
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import numpy as np

from models.bundle import ModelBundle
from models.gates import text_reason
from models.paper import Paper
from models.tagger import accurate_logits
from training.job import SoftPapers
from training.vectors import Progress, VectorCache, encode_all, no_progress

COUNT = 20_000


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


def soften(
    teacher: ModelBundle, papers: list[Paper], cache: Path | None = None, *, progress: Progress = no_progress
) -> SoftPapers:
    """The papers with the teacher's probabilities; a paper that it finds out of scope gets none.

    Args:
        cache: file for vectors of the teacher's encoder.
    """
    texts = [paper.text for paper in papers]
    features = teacher.lexical.encoder.encode(texts)
    dense = teacher.dense
    vectors = encode_all(dense.encoder, texts, VectorCache(cache, dense.encoder.dim), progress)
    settings = teacher.profiles["accurate"]
    logits, _ = accurate_logits(dense, vectors, teacher.lexical.heads.logits(features))
    targets = settings.calibration.probabilities(logits)
    targets[teacher.lexical.heads.scope_logits(features) < settings.scope_floor] = 0.0
    return SoftPapers(papers, targets.astype(np.float32))
