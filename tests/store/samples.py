"""Invented papers and answers, all decided by a number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models.paper import Paper
from service.store import StoredTag, StoredTagging

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SUBJECTS = (
    ("Paged attention caches for long prompts", "We move key-value blocks between host and device memory.", "cs.DC"),
    (
        "Byzantine agreement with few signatures",
        "A consensus protocol whose leaders change without extra rounds.",
        "cs.CR",
    ),
    ("Federated averaging on ward tablets", "Hospitals train one model together and share no record.", "cs.LG"),
    ("Fusing kernels for sparse products", "A compiler pass merges GPU kernels and keeps occupancy high.", "cs.PF"),
    (
        "Routing tokens to experts evenly",
        "Mixture-of-experts training stalls when one expert gets all tokens.",
        "cs.LG",
    ),
)


def make_paper(number: int, **changes: object) -> Paper:
    """One of many invented papers; `number` decides everything."""
    title, abstract, category = SUBJECTS[number % len(SUBJECTS)]
    facts = {
        "id": f"arxiv:2603.{number:05d}",
        "title": f"{title}, part {number}",
        "abstract": abstract,
        "version": 1,
        "authors": ("Mira Öztürk", f"Jan Novák{number % 7}"),
        "categories": tuple(dict.fromkeys((category, "cs.DC", "math.OC" if number % 3 == 0 else "cs.OS"))),
        "published": START - timedelta(hours=number),
        "updated": START - timedelta(minutes=number * 7 % 997),
        "url": f"https://papers.example/abs/{number}",
    }
    return Paper(**{**facts, **changes})  # type: ignore[arg-type]


def make_tagging(paper: Paper, *tags: tuple[str, float], bundle: str = "themes-1", **changes: object) -> StoredTagging:
    """A tagging with the given themes, the first one primary; abstained where there is none."""
    facts = {
        "paper_id": paper.id,
        "version": paper.version,
        "bundle": bundle,
        "profile": "fast",
        "time": START,
        "tags": tuple(StoredTag(theme, probability) for theme, probability in tags),
        "primary": tags[0][0] if tags else "",
        "abstained": not tags,
        "reasons": () if tags else ("below-threshold",),
        "novelty": 0.25,
    }
    return StoredTagging(**{**facts, **changes})  # type: ignore[arg-type]
