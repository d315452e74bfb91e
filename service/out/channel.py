"""A page of papers as something to subscribe to, before it takes the form of a feed format.

Ids are `tag:` URIs (RFC 4151): a paper keeps its id in every feed and on every page, and our own
reader takes the paper's id out of it again. Pages follow RFC 5005, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote, urlencode

from models.errors import NotFoundError
from service.out.conditions import Context
from service.out.language import read_expression
from service.out.names import ThemeNames
from service.out.paging import previous_cursor
from service.out.record import is_automatic
from service.out.text import legal, legal_line, web_url
from service.store import PaperFilter, Query, SavedQuery, Sort, Store, StoredPaper

Kind = Literal["theme", "group", "query"]
THEME_SCHEME = "urn:paperwire:theme"
"""Scheme of categories that are themes; those without it are the paper's own."""
EXTENSION = "urn:paperwire:feed"
"""XML namespace of what our feeds add."""
DEFAULT_LIMIT = 50
"""Papers on a page that asks for no other number."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without papers changed."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where feeds are served from.

    Attributes:
        base: address without a slash at its end. authority: of tag: ids, `example.org,2026`.
    """

    base: str
    authority: str

    def tag(self, specific: str) -> str:
        """A tag: URI of this authority (RFC 4151, 2.1)."""
        return f"tag:{self.authority}:{quote(specific, safe='/:;@!$&()*+,=-._~', errors='replace')}"

    def paper_link(self, paper_id: str) -> str:
        """Where this server shows a paper."""
        return f"{self.base}/v1/papers/{quote(paper_id, safe=':', errors='replace')}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a feed is about: a theme, a group, or a saved query.

    Attributes:
        name: its id. title: for people. query: which papers it holds.
    """

    kind: Kind
    name: str
    title: str
    description: str
    query: Query


@dataclass(frozen=True, slots=True)
class Mark:
    """A theme on an entry: `automatic` where no person gave it."""

    theme: str
    label: str
    probability: float
    source: str
    automatic: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper of a feed, legal in every format.

    Attributes:
        id: tag: URI. link: where to read it, always an http(s) address.
        title, abstract: as published. published: None where unknown; updated: never None.
    """

    id: str
    link: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    marks: tuple[Mark, ...]
    published: datetime | None
    updated: datetime
    doi: str


@dataclass(frozen=True, slots=True)
class Channel:
    """One page of a feed.

    Attributes:
        id: tag: URI of the feed, the same on all pages and in all formats.
        link, home, first, next, previous: addresses of this page, of its papers' listing, of the
            first page and of the pages around this one; "" where there is none.
        updated: when a paper on it or its tags changed last.
    """

    id: str
    title: str
    description: str
    link: str
    home: str
    first: str
    next: str
    previous: str
    updated: datetime
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class PageWish:
    """Which page of which format: file ending, papers on a page, cursor ("" for the first)."""

    form: str
    limit: int = DEFAULT_LIMIT
    cursor: str = ""


def subject_of(name: str, store: Store, context: Context) -> Subject:
    """The theme, group or saved query of that name, looked for in this order.

    `theme:...`, `group:...` and `query:...` say which it is.

    Raises:
        NotFoundError: there is none. InputError: the saved query cannot be read (any more).
    """
    kind, colon, rest = name.partition(":")
    wanted = rest if colon and kind in ("theme", "group", "query") else name
    kinds = (kind,) if wanted != name else ("theme", "group", "query")
    if "theme" in kinds and wanted in context.names.taxonomy.columns:
        return theme_subject(wanted, context.names)
    if "group" in kinds and wanted in context.names.groups:
        return group_subject(wanted, context.names)
    if "query" in kinds:
        return _saved_subject(wanted, store, context)
    raise NotFoundError(f"there is no {kind} {wanted[:80]!r}: see /v1/feeds.opml for all feeds")


def theme_subject(theme: str, names: ThemeNames) -> Subject:
    """The feed of a theme."""
    label = names.label(theme)
    return Subject("theme", theme, label, f"Papers with the theme {label}.", PaperFilter(any_of=(theme,)))


def group_subject(group: str, names: ThemeNames) -> Subject:
    """The feed of a group: papers with any of its themes."""
    label = names.groups[group]
    themes = names.under_group(group)
    return Subject("group", group, label, f"Papers with a theme of {label}.", PaperFilter(any_of=themes))


def _saved_subject(name: str, store: Store, context: Context) -> Subject:
    try:
        saved = store.queries.get(name)
    except NotFoundError:
        message = f"there is no theme, group or saved query {name[:80]!r}: see /v1/feeds.opml for all feeds"
        raise NotFoundError(message) from None
    query = read_expression(saved.expression, context)
    return Subject("query", name, legal_line(saved.title), described(saved), query)


def described(saved: SavedQuery) -> str:
    """What the feed of a saved query holds, as a sentence."""
    wanted = legal_line(saved.expression)
    return f"Papers that match '{wanted}'." if wanted else "All papers."


def feed_address(site: Site, subject: Subject, names: ThemeNames, form: str) -> str:
    """Where a feed is; the kind stands in it where the name alone would lead to another one."""
    shadowed = (subject.kind != "theme" and subject.name in names.taxonomy.columns) or (
        subject.kind == "query" and subject.name in names.groups
    )
    name = f"{subject.kind}:{subject.name}" if shadowed else subject.name
    return f"{site.base}/v1/feeds/{quote(name, safe=':')}.{form}"


def channel_of(store: Store, subject: Subject, names: ThemeNames, site: Site, wish: PageWish) -> Channel:
    """One page of a subject's papers, those the store met last first.

    Raises:
        InputError: a limit or cursor that cannot be used.
    """
    page = store.listing.page(subject.query, sort=Sort.FIRST_SEEN, limit=wish.limit, cursor=wish.cursor)
    before = previous_cursor(store, subject.query, Sort.FIRST_SEEN, wish.limit, wish.cursor)
    address = feed_address(site, subject, names, wish.form)

    def at(cursor: str | None) -> str:
        return "" if cursor is None else _with(address, cursor, wish.limit)

    return Channel(
        id=site.tag(f"feed/{subject.kind}/{subject.name}"),
        title=f"{subject.title} (Paperwire)",
        description=f"{subject.description} Tags are given automatically; see the source of each.",
        link=at(wish.cursor),
        home=f"{site.base}/v1/papers?{urlencode({subject.kind if subject.kind != 'query' else 'saved': subject.name})}",
        first=at(""),
        next=at(page.next or None),
        previous=at(before),
        updated=max((moment for item in page.items for moment in _moments(item)), default=NEVER),
        entries=tuple(_entry(item, names, site) for item in page.items),
    )


def _with(address: str, cursor: str, limit: int) -> str:
    given = {"cursor": cursor} if cursor else {}
    more = {"limit": str(limit)} if limit != DEFAULT_LIMIT else {}
    return f"{address}?{urlencode(given | more)}" if given or more else address


def _moments(stored: StoredPaper) -> tuple[datetime, ...]:
    return (stored.changed,) if stored.tagging is None else (stored.changed, stored.tagging.time)


def _entry(stored: StoredPaper, names: ThemeNames, site: Site) -> Entry:
    paper = stored.paper
    tags = stored.tagging.tags if stored.tagging else ()
    return Entry(
        id=site.tag(f"paper/{paper.id}"),
        link=web_url(paper.url) or site.paper_link(paper.id),
        title=legal_line(paper.title) or "(no title)",
        abstract=legal(paper.abstract),
        authors=tuple(filter(None, map(legal_line, paper.authors))),
        categories=tuple(filter(None, map(legal_line, paper.categories))),
        marks=tuple(Mark(t.theme, names.label(t.theme), t.probability, t.source, is_automatic(t)) for t in tags),
        published=paper.published,
        updated=paper.updated or paper.published or stored.changed,
        doi=legal_line(paper.doi),
    )
