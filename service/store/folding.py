"""One shown paper out of many reports of it, whatever the order they came in.

Feeds report the same paper in different completeness: a listing without authors, an Atom entry
with them, version 2 from one source while another still serves version 1. Folding by arrival
would make the store depend on which feed was read first, so everything here is a function of the
set of reports: reading feeds twice, or in another order, ends in the same store.

Two levels. Reports with one `report_key` (version, cleaned text, authors, categories, DOI) are one
report, and `joined` is commutative, associative and idempotent over them. Different reports are
kept, and `shown` ranks them: higher version first, then (unversioned sources) later `updated`,
then the more complete, then the longer text; what the best one leaves empty is filled from the
others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from models.paper import Paper
from service.store.columns import storable_text

MAX_ID_BYTES = 1024
"""Longest paper id accepted, in UTF-8 bytes; database index entries have a limit."""
_EARLY = datetime.min.replace(tzinfo=UTC)


def storable(paper: Paper) -> Paper:
    """The paper without NUL characters, lone surrogates (no database text can hold them) and repeated categories.

    Encoders never see these characters (`models.text.clean` drops them), so the digest stays.
    Dates are turned to UTC; a naive one counts as UTC.
    """
    changes: dict[str, Any] = {}
    for name in ("id", "title", "abstract", "url", "comment", "doi"):
        if (kept := storable_text(getattr(paper, name))) != getattr(paper, name):
            changes[name] = kept
    for name in ("authors", "categories"):
        if (every := tuple(map(storable_text, getattr(paper, name)))) != getattr(paper, name):
            changes[name] = every
    categories = changes.get("categories", paper.categories)
    if len(set(categories)) < len(categories):
        changes["categories"] = tuple(dict.fromkeys(categories))
    for name in ("published", "updated"):
        moment = getattr(paper, name)
        if moment is not None and moment.tzinfo is not UTC:
            changes[name] = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return replace(paper, **changes) if changes else paper


def refusal(paper: Paper) -> str:
    """Why this (storable) paper cannot be stored, or ""."""
    if not paper.id.strip():
        return "the id is empty: give every paper an id"
    if len(paper.id.encode()) > MAX_ID_BYTES:
        return f"the id is longer than {MAX_ID_BYTES} bytes: use a shorter id"
    return ""


def report_key(paper: Paper, digest: str) -> bytes:
    """16 bytes, equal for reports that say the same: version, text digest, authors, categories, DOI."""
    parts = (str(paper.version or 0), digest, "\x1f".join(paper.authors), "\x1f".join(paper.categories), paper.doi)
    return hashlib.sha256("\x1e".join(parts).encode()).digest()[:16]


def joined(a: Paper, b: Paper) -> Paper:
    """One report out of two with the same key; the order of joining never matters.

    Dates are the earliest claimed: announcement dates are never earlier than the version itself.
    """
    title, abstract = max((a.title, a.abstract), (b.title, b.abstract), key=_wording)
    return replace(
        a,
        title=title,
        abstract=abstract,
        published=_earliest((a.published, b.published)),
        updated=_earliest((a.updated, b.updated)),
        url=_preferred(a.url, b.url),
        comment=max(a.comment, b.comment, key=lambda text: (len(text), text)),
    )


def shown(reports: Iterable[Paper]) -> Paper:
    """The paper to show for all its (joined) reports; at least one is needed."""
    ranked = sorted(reports, key=_rank, reverse=True)
    best = ranked[0]
    if len(ranked) == 1:
        return best
    same = [paper for paper in ranked if paper.version == best.version] if best.version else [best]
    return replace(
        best,
        title=_first(paper.title for paper in ranked),
        abstract=_first(paper.abstract for paper in ranked),
        authors=next((paper.authors for paper in ranked if paper.authors), ()),
        categories=tuple(dict.fromkeys(name for paper in ranked for name in paper.categories)),
        published=_earliest(paper.published for paper in ranked),
        updated=_earliest(paper.updated for paper in same),
        url=_first(paper.url for paper in ranked),
        comment=_first(paper.comment for paper in same),
        doi=_first(paper.doi for paper in ranked),
    )


def _rank(paper: Paper) -> tuple[object, ...]:
    updated = paper.updated or _EARLY
    complete = (bool(paper.abstract), bool(paper.title), len(paper.categories), len(paper.authors))
    wording = (len(paper.title) + len(paper.abstract), paper.title, paper.abstract)
    rest = (paper.authors, paper.categories, paper.doi, paper.url, paper.comment)
    return (paper.version or 0, _EARLY if paper.version else updated, complete, updated, wording, rest)


def _wording(pair: tuple[str, str]) -> tuple[object, ...]:
    return bool(pair[0]) and bool(pair[1]), -len(pair[0]) - len(pair[1]), pair


def _preferred(a: str, b: str) -> str:
    return min(a, b, key=lambda url: (not url, not url.startswith("https:"), len(url), url))


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")
