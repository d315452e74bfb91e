"""Which themes there are: a taxonomy file, the one in use, or the labels themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from models.errors import LabelError
from models.themes import Taxonomy, Theme
from training.dataset import LabelledPaper

_NOT_IN_IDS = re.compile(r"[\s,;|]+")
_LONGEST_ID = 200


def fitting_share(papers: Sequence[LabelledPaper], taxonomy: Taxonomy) -> float:
    """Share of all labels that are the id or the name of a theme; 1 without labels."""
    known = set(taxonomy.ids) | {theme.label.casefold() for theme in taxonomy.themes}
    found = [theme in known or theme.casefold() in known for item in papers for theme in item.themes]
    return sum(found) / len(found) if found else 1.0


def named_by_id(papers: Sequence[LabelledPaper], taxonomy: Taxonomy) -> list[LabelledPaper]:
    """The papers, with ids in place of themes that are named by their label; unknown ones stay as they are."""
    ids = {theme.label.casefold(): theme.id for theme in taxonomy.themes}
    known = taxonomy.columns
    return [
        replace(item, themes=tuple(t if t in known else ids.get(t.casefold(), t) for t in item.themes))
        for item in papers
    ]


def derived(papers: Sequence[LabelledPaper]) -> Taxonomy:
    """A flat taxonomy of all labels, the most frequent first; an id is the label with hyphens for white space.

    Raises:
        LabelError: no label at all, or two labels that give the same id.
    """
    counts = Counter(theme for item in papers for theme in set(item.themes))
    if not counts:
        raise LabelError("no paper carries a theme: there is nothing to learn from")
    labels = sorted(counts, key=lambda label: (-counts[label], label))
    ids = Counter(_id(label) for label in labels)
    clashing = [label for label in labels if ids[_id(label)] > 1]
    if clashing:
        raise LabelError(f"the labels {clashing[0]!r} and {clashing[1]!r} are too alike: settle on one of them")
    return Taxonomy(tuple(Theme(_id(label), label.strip() or label) for label in labels))


def _id(label: str) -> str:
    return _NOT_IN_IDS.sub("-", label.strip())[:_LONGEST_ID] or "-"
