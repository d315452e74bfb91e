"""A batch of reports against what is known: which papers are new, which look different now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from models.paper import Paper
from service.manners.withdrawn import withdrawal
from service.store.columns import UNKNOWN_SCORE
from service.store.folding import joined, refusal, report_key, shown, storable
from service.store.records import Change, Outcome, Refused
from service.store.rows import paper_of
from service.store.schema import contents, papers, reports

_CHUNK = 10_000  # parameters a query; SQLite takes 250,000, PostgreSQL 65,535
_Item = TypeVar("_Item")
Described = list[tuple[Paper, str]]
"""Reports of one paper, each with its digest."""


@dataclass(slots=True)
class Known:
    """A paper in the making.

    Attributes:
        row: its row of `papers`, as it is to be. paper: what is shown after the batch.
        reports: all its reports by key. stored: those that have a row in `reports` (a paper with
            one report has none there: `contents` says it all).
        was, was_digest: what was shown before the batch; None and "" for a new paper.
    """

    row: dict[str, Any]
    paper: Paper
    reports: dict[bytes, Paper]
    was: Paper | None = None
    was_digest: str = ""
    stored: dict[bytes, Paper] = field(default_factory=dict)

    @property
    def moved(self) -> bool:
        """True where a known paper is shown differently now, be it in a detail."""
        return self.was is not None and self.paper != self.was

    def unsaved(self) -> dict[bytes, Paper]:
        """Reports that need a row: none while all sources agree."""
        if len(self.reports) < 2:
            return {}
        return {key: paper for key, paper in self.reports.items() if self.stored.get(key) != paper}


def taken(batch: Iterable[Paper]) -> tuple[dict[str, Described], list[Refused]]:
    """The reports of a batch by paper id, in order, and the papers that cannot be stored."""
    found: dict[str, Described] = {}
    refused: list[Refused] = []
    for given in batch:
        paper = storable(given)
        if reason := refusal(paper):
            refused.append(Refused(paper.id[:80], reason))
        else:
            found.setdefault(paper.id, []).append((paper, paper.digest))
    return found, refused


def known_papers(connection: Connection, ids: Sequence[str]) -> dict[str, Known]:
    """What the store knows of the papers with these ids, with all their reports."""
    found: dict[str, Known] = {}
    wide = [column for column in contents.c if column.name != "paper"]
    for part in chunks(ids):
        rows = select(papers, *wide).join(contents, contents.c.paper == papers.c.pk).where(papers.c.id.in_(part))
        for row in connection.execute(rows).mappings():
            found[row["id"]] = _read(dict(row))
    _read_reports(connection, {entry.row["pk"]: entry for entry in found.values()})
    return found


def folded(entry: Known | None, described: Described) -> Known:
    """The paper after these reports; `entry` is what is known of it, None for nothing."""
    if entry is None:
        entry = Known(_new_row(described[0][0].id), described[0][0], {})
    before = dict(entry.reports)
    for paper, digest in described:
        key = report_key(paper, digest)
        entry.reports[key] = joined(entry.reports[key], paper) if key in entry.reports else paper
    if entry.reports != before:
        _show(entry, {(paper.title, paper.abstract): digest for paper, digest in described})
    return entry


def change(entry: Known) -> Change:
    """What a reader or the model would notice."""
    new, old = entry.paper, entry.was
    text_changed = entry.row["digest"].hex() != entry.was_digest
    if old is None:
        return Change(new.id, Outcome.NEW, new.version, text_changed=True)
    # A source that names the version of a text known without one brings nothing new.
    newer = old.version is not None and new.version != old.version
    outcome = Outcome.UPDATED if text_changed or newer else Outcome.DUPLICATE
    return Change(new.id, outcome, new.version, old.version, text_changed)


def chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Parts of a sequence that fit into one query."""
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))


def _show(entry: Known, digests: Mapping[tuple[str, str], str]) -> None:
    entry.paper = shown(entry.reports.values())
    digest = digests.get((entry.paper.title, entry.paper.abstract)) or entry.paper.digest
    entry.row |= {
        "version": entry.paper.version or 0,
        "digest": bytes.fromhex(digest),
        "published": entry.paper.published,
        "updated": entry.paper.updated,
        "withdrawn": entry.row["taken_back"] or bool(withdrawal(entry.paper)),
    }


def _read(row: dict[str, Any]) -> Known:
    paper, digest = paper_of(row), bytes(row["digest"])
    narrow = {column.name: row[column.name] for column in papers.c} | {"digest": digest}
    return Known(narrow, paper, {report_key(paper, digest.hex()): paper}, paper, digest.hex())


def _read_reports(connection: Connection, by_pk: dict[int, Known]) -> None:
    for part in chunks(list(by_pk)):
        for row in connection.execute(select(reports).where(reports.c.paper.in_(part))):
            by_pk[row.paper].stored[bytes(row.key)] = Paper.from_json(row.record)
    for entry in by_pk.values():
        if entry.stored:
            entry.reports = dict(entry.stored)


def _new_row(paper_id: str) -> dict[str, Any]:
    untagged = {
        "taken_back": False,
        "tagging": 0,
        "bundle": "",
        "stale": False,
        "abstained": False,
        "primary_theme": "",
    }
    return {"id": paper_id, "search_row": 0, "probability": UNKNOWN_SCORE, "novelty": UNKNOWN_SCORE, **untagged}
