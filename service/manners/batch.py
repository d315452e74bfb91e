"""The facts about one batch of a feed that later batches are compared with."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from models.errors import InputError
from models.paper import Paper, arxiv_id
from service.feeds.dates import parse_date
from service.feeds.entries import ParsedFeed

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_BUILT = ("lastBuildDate", "updated", "date", "pubDate")
_MAX_ELEMENTS = 500
_NUMBER = re.compile(r"arxiv:(\d{4})\.(\d{4,5})")
_FEWEST = 8


@dataclass(frozen=True, slots=True)
class Channel:
    """What a feed says about itself before its first entry.

    Attributes:
        built_at: aware UTC time the feed says it was built, or None.
        skip_days: weekdays (0 Monday to 6 Sunday) on which it promises nothing: RSS `skipDays`,
            https://www.rssboard.org/skip-hours-days.
    """

    built_at: datetime | None = None
    skip_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """One batch, reduced to what comparisons need.

    Attributes:
        fetched_at: when it was fetched. built_at, skip_days: as in `Channel`.
        daily: whether the feed brings a new batch every working day (as arXiv's listings do),
            instead of keeping its last entries.
        count, skipped: papers, and entries that could not be read.
        digest: equal for batches of the same papers in the same versions, in any order.
        newest: latest date of a paper, or None.
        month: arXiv month ("2603") of the newest first versions. lower, upper: quartiles of their
            numbers in that month; "" and 0 where there are fewer than 8.
        wrong_links: what is wrong with the first three links that do not lead to their paper.
        wrong_link_count: how many such links there are.
    """

    fetched_at: datetime
    built_at: datetime | None = None
    skip_days: tuple[int, ...] = ()
    daily: bool = False
    count: int = 0
    skipped: int = 0
    digest: str = ""
    newest: datetime | None = None
    month: str = ""
    lower: int = 0
    upper: int = 0
    wrong_links: tuple[str, ...] = ()
    wrong_link_count: int = 0

    @property
    def day(self) -> date:
        """UTC day the batch stands for: when it was built, else when it was fetched."""
        return (self.built_at or self.fetched_at).astimezone(UTC).date()

    def to_text(self) -> str:
        """JSON in one line, for `from_text`; some hundred characters whatever the size of the batch."""
        return json.dumps(asdict(self), default=datetime.isoformat)

    @classmethod
    def from_text(cls, text: str) -> BatchFacts:
        """The facts of a `to_text`.

        Raises:
            InputError: not such a text.
        """
        try:
            return cls(**_restored(json.loads(text)))
        except (TypeError, ValueError, KeyError) as error:
            raise InputError(f"not the facts of a batch: {text[:80]!r} ({error}); drop them, they come anew") from None


def channel(body: bytes) -> Channel:
    """Build time and days off of an RSS or Atom feed; an empty `Channel` for anything else.

    Reads the head only, up to the first entry, and never raises: what stands before a mistake in
    the XML still counts.
    """
    built: dict[str, str] = {}
    days: list[int] = []
    for name, text in _head(body):
        if name == "day" and text.lower() in _WEEKDAYS:
            days.append(_WEEKDAYS.index(text.lower()))
        elif name in _BUILT and text:
            built.setdefault(name, text)
    moments = (parse_date(built[name]) for name in _BUILT if name in built)
    return Channel(next(filter(None, moments), None), tuple(sorted(set(days))))


def batch_facts(
    feed: ParsedFeed, fetched_at: datetime, about: Channel | None = None, *, daily: bool | None = None
) -> BatchFacts:
    """The facts of a parsed feed.

    Args:
        feed: the batch.
        fetched_at: aware.
        about: what `channel` reads from the same bytes.
        daily: see `BatchFacts`; None takes feeds for daily that name days off and hold arXiv papers or none.
    """
    about = about or Channel()
    papers = feed.papers
    month, lower, upper = _quartiles(papers)
    wrong = list(_wrong_links(papers))
    dates = [moment for paper in papers for moment in (paper.published, paper.updated) if moment]
    listing = bool(about.skip_days) and all(paper.id.startswith("arxiv:") for paper in papers)
    return BatchFacts(
        fetched_at=fetched_at,
        built_at=about.built_at,
        skip_days=about.skip_days,
        daily=listing if daily is None else daily,
        count=len(papers),
        skipped=len(feed.skipped),
        digest=_digest(papers),
        newest=max(dates, default=None),
        month=month,
        lower=lower,
        upper=upper,
        wrong_links=tuple(wrong[:3]),
        wrong_link_count=len(wrong),
    )


def _head(body: bytes) -> Iterator[tuple[str, str]]:
    """(local name, text) of the closed elements before the first entry."""
    events = iterparse(io.BytesIO(body), events=("start", "end"))
    try:
        for event, element in islice(events, _MAX_ELEMENTS):
            name = _local(element)
            if name in ("item", "entry"):
                return
            if event == "end":
                yield name, (element.text or "").strip()
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _digest(papers: Sequence[Paper]) -> str:
    lines = sorted(
        f"{paper.id} {paper.version or 0} {paper.digest if paper.version is None else ''}" for paper in papers
    )
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest() if papers else ""


def _quartiles(papers: Sequence[Paper]) -> tuple[str, int, int]:
    """Newest arXiv month with its lower and upper quartile number: outliers, cross-lists mostly, fall outside."""
    matches = (_NUMBER.fullmatch(paper.id) for paper in papers if paper.version in (None, 1))
    found = sorted((match[1], int(match[2])) for match in matches if match)
    numbers = [number for month, number in found if month == found[-1][0]]
    if len(numbers) < _FEWEST:
        return "", 0, 0
    return found[-1][0], numbers[len(numbers) // 4], numbers[len(numbers) * 3 // 4]


def _wrong_links(papers: Sequence[Paper]) -> Iterator[str]:
    owner: dict[str, str] = {}
    for paper in papers:
        if not paper.url:
            continue
        leads_to = arxiv_id(paper.url)
        if not paper.url.startswith(("http://", "https://")):
            yield f"the link of {paper.id} is no web address ({paper.url[:80]!r})"
        elif leads_to and paper.id.startswith("arxiv:") and leads_to[0] != paper.id:
            yield f"the link of {paper.id} leads to {leads_to[0]}"
        elif owner.setdefault(paper.url, paper.id) != paper.id:
            yield f"{owner[paper.url]} and {paper.id} have the same link"


def _restored(record: dict[str, Any]) -> dict[str, Any]:
    times = {
        name: datetime.fromisoformat(record[name]) for name in ("fetched_at", "built_at", "newest") if record[name]
    }
    lists = {name: tuple(record[name]) for name in ("skip_days", "wrong_links")}
    return record | lists | times
