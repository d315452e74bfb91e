"""Papers and taggings to rows and back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from models.paper import Paper
from service.store.columns import UNKNOWN_SCORE, storable_text
from service.store.records import StoredPaper, StoredTag, StoredTagging

Columns = RowMapping | Mapping[str, Any]
"""A row by column name."""
_ESCAPE = re.compile(r"\\(?:u0000|.)")
_CONTENT_TEXTS = ("title", "abstract", "url", "comment", "doi")


def dumps(value: object) -> str:
    """Compact JSON that keeps every script readable, its texts as `storable_text`."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return storable_text(_ESCAPE.sub(_without_nul, written))


def _without_nul(escape: re.Match[str]) -> str:
    return "" if escape[0] == r"\u0000" else escape[0]


def content_row(pk: int, paper: Paper) -> dict[str, Any]:
    """The row of `contents` for a paper."""
    texts = {name: getattr(paper, name) for name in _CONTENT_TEXTS}
    return {"paper": pk, "authors": list(paper.authors), "categories": list(paper.categories), **texts}


def paper_of(row: Columns) -> Paper:
    """The paper of a joined row of `papers` and `contents`."""
    return Paper(
        id=row["id"],
        version=row["version"] or None,
        authors=tuple(row["authors"]),
        categories=tuple(row["categories"]),
        published=row["published"],
        updated=row["updated"],
        **{name: row[name] for name in _CONTENT_TEXTS},
    )


def stored_paper_of(row: Columns, tagging: StoredTagging | None) -> StoredPaper:
    """What the store shows of a joined row of `papers` and `contents`."""
    return StoredPaper(
        paper=paper_of(row),
        first_seen=row["first_seen"],
        changed=row["changed"],
        withdrawn=row["withdrawn"],
        stale=row["stale"],
        tagging=tagging,
    )


def tagging_of(row: Columns, paper_id: str) -> StoredTagging:
    """The tagging of a row of `taggings`."""
    return StoredTagging(
        paper_id=paper_id,
        version=row["version"] or None,
        bundle=row["bundle"],
        profile=row["profile"],
        time=row["time"],
        tags=tuple(StoredTag(*tag) for tag in row["tags"]),
        primary=row["primary_theme"],
        abstained=row["abstained"],
        reasons=tuple(row["reasons"]),
        novelty=None if row["novelty"] == UNKNOWN_SCORE else row["novelty"],
        digest=row["digest"].hex(),
    )
