"""Harvests of arXiv's API and of OAI-PMH repositories: incremental, and resumed where they were cut off.

The cursor of a harvest lies with its source in the store and moves after each page, once the page's
papers are there; a finished one says from when the next harvest has to look.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from models.errors import FeedError, FetchError, InputError
from models.paper import Paper
from service.feeds import Entry
from service.fetch import ApiCursor, OaiCursor, Page, arxiv_api_pages, oai_pages
from service.ingest.intake import ingest
from service.ingest.reading import ARXIV_DAYS_OFF, facts_of, judged, read_entries
from service.ingest.spec import Kind, Spec
from service.ingest.tally import Tally
from service.ingest.visits import Desk, Visit, failed
from service.manners import BatchFacts, FeedHealth
from service.store import Source

FIRST_REACH = timedelta(days=30)
"""How far back the first harvest of a source looks unless it is told otherwise."""
OVERLAP = timedelta(days=7)
"""How much of the time before the last harvest an arXiv query is asked for again: a paper's date is that of
its submission, and it appears days later, after a weekend or a moderator's look."""
_PAGE = 200
_FACTS = 5_000  # papers of a harvest that its facts are drawn from; the rest is only counted
Cursor = TypeVar("Cursor", ApiCursor, OaiCursor)


@dataclass(frozen=True, slots=True)
class QueryCursor:
    """Where the harvests of an arXiv query stand.

    Attributes:
        since: papers submitted or replaced from then on are wanted; ISO time, "" for all.
        newest: latest such time met by the harvest under way, "" between harvests.
        page: `ApiCursor.to_text` after the last page stored, "" between harvests.
    """

    since: str
    newest: str = ""
    page: str = ""

    def to_text(self) -> str:
        """JSON in one line, for `from_text`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> QueryCursor:
        """The cursor of a `to_text`.

        Raises:
            FetchError: not such a text.
        """
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as error:
            raise FetchError(
                f"not the cursor of an arXiv query: {text[:80]!r} ({error}); add the source anew"
            ) from None


def first_cursor(spec: Spec, since: str, today: date) -> str:
    """The cursor that a new source begins with.

    Args:
        spec: the source; feeds and files have no cursor.
        since: a date (2026-03-01) from which papers are wanted, "all", or "" for the last 30 days
            or what the address itself says.
        today: the present date.

    Raises:
        InputError: `since` is no date, or the source has no past to look into.
    """
    if spec.kind not in (Kind.ARXIV, Kind.OAI):
        if since:
            raise InputError(f"{spec.url} has no past to look into: --since is for arXiv queries and OAI-PMH")
        return ""
    day = _since(spec, since, today)
    if spec.kind is Kind.ARXIV:
        return QueryCursor(f"{day}T00:00:00+00:00" if day else "").to_text()
    return OaiCursor(spec.address, spec.prefix, spec.set_spec, since=day).to_text()


def harvest(desk: Desk, source: Source, spec: Spec) -> Visit:
    """The visit to an arXiv query or an OAI-PMH set; every page that came is kept, whatever follows."""
    gathered = _Gathered()
    try:
        cursor = _query(desk, source, spec, gathered) if spec.kind is Kind.ARXIV else _set(desk, source, spec, gathered)
    except (FetchError, FeedError) as error:
        return failed(desk, source, str(error), gathered.tally)
    health = _remember(desk, source, spec, gathered, cursor)
    return Visit(source, gathered.tally, health=health)


class _Gathered:
    """What the pages of a harvest held."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.entries: list[Entry] = []
        self.papers = 0

    def take(self, desk: Desk, source: Source, page: Page[Cursor]) -> list[Paper]:
        """The papers of a page, stored and tagged."""
        entries = read_entries(page.fetched.body, source.format)
        ingest(
            entries,
            desk.store,
            desk.tagger,
            source=source.url,
            report=lambda entry: desk.report(source.url, entry),
            held=desk.held,
            into=self.tally,
        )
        papers = [entry for entry in entries if isinstance(entry, Paper)]
        self.papers += len(papers)
        self.entries += entries[: _FACTS - len(self.entries)]
        return papers

    def facts(self, moment: datetime, spec: Spec) -> BatchFacts:
        """The facts of the whole harvest."""
        facts = facts_of(self.entries, moment, ARXIV_DAYS_OFF if spec.at_arxiv else None, daily=False)
        cut = len(self.entries) >= _FACTS
        return replace(facts, count=self.papers, skipped=self.tally.skipped) if cut else facts


def _query(desk: Desk, source: Source, spec: Spec, gathered: _Gathered) -> str:
    """The cursor after all pages of a query that hold papers changed since the last harvest.

    Latest change first: a paper that is replaced meanwhile moves to the front and pushes others
    back, so that pages may repeat papers but never miss one; the next harvest meets it again.
    """
    place = QueryCursor.from_text(source.cursor or first_cursor(spec, "", desk.clock().date()))
    start = ApiCursor(spec.query, page_size=_PAGE, sort_by="lastUpdatedDate", ascending=False)
    resumed = ApiCursor.from_text(place.page) if place.page else start
    for page in arxiv_api_pages(desk.fetcher.fetch, resume=resumed, base_url=spec.address):
        changed = [paper.updated for paper in gathered.take(desk, source, page) if paper.updated]
        newest = max([place.newest, *(moment.isoformat() for moment in changed)])
        place = replace(place, newest=newest, page=page.cursor.to_text())
        desk.store.sources.advanced(source.url, place.to_text())
        if changed and place.since and min(changed) < datetime.fromisoformat(place.since) - OVERLAP:
            break
    return QueryCursor(max(place.since, place.newest)).to_text()


def _set(desk: Desk, source: Source, spec: Spec, gathered: _Gathered) -> str:
    """The cursor after the last page of a set."""
    text = source.cursor or first_cursor(spec, "", desk.clock().date())
    for page in _set_pages(desk, spec, OaiCursor.from_text(text)):
        gathered.take(desk, source, page)
        text = page.cursor.to_text()
        desk.store.sources.advanced(source.url, text)
    return text


def _set_pages(desk: Desk, spec: Spec, cursor: OaiCursor) -> Iterator[Page[OaiCursor]]:
    if cursor.finished:
        since = cursor.next_since or cursor.since
        cursor = OaiCursor(spec.address, spec.prefix, spec.set_spec, since=since)
    return oai_pages(desk.fetcher.fetch, resume=cursor)


def _remember(desk: Desk, source: Source, spec: Spec, gathered: _Gathered, cursor: str) -> FeedHealth:
    facts = gathered.facts(desk.clock(), spec)
    health = judged(desk.store, source.url, facts)
    desk.store.sources.succeeded(source.url, cursor=cursor, facts=facts.to_text())
    return health


def _since(spec: Spec, since: str, today: date) -> str:
    if since == "all":
        return ""
    if not since:
        return spec.since or (today - FIRST_REACH).isoformat()
    try:
        return date.fromisoformat(since).isoformat()
    except ValueError:
        raise InputError(f"{since!r} is no date: write for instance 2026-03-01, or all") from None
