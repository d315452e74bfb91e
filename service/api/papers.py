"""GET /v1/papers: what the store holds, by filter, by id, by likeness."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.responses import Response

from models.errors import NotFoundError
from models.vectors import encoder_id, ngrams_id
from service.api.body import read_query
from service.api.conditional import conditional
from service.api.errors import JSON
from service.api.operation import Answer, Call, Operation
from service.api.paper_schemas import PaperDetails, PapersOut, PapersQuery, SimilarOut, SimilarQuery
from service.api.verdicts import review_record
from service.out.conditions import Context
from service.out.language import read_expression, together
from service.out.moments import period
from service.out.names import ThemeNames
from service.out.record import paper_record
from service.out.text import iso_time
from service.store import PaperFilter, Query, Sort, Store
from service.store.database import now

Json = dict[str, Any]
_NEARLY_ALL = 0.9
_DETAILS = {"id": ("Id of a paper, such as `arxiv:2603.09122`.", "")}


def context_of(call: Call) -> Context:
    """What queries are read against: the live model's themes, and the present."""
    return Context(ThemeNames(call.engine.bundle.taxonomy), now())


def base_of(call: Call) -> str:
    """The server's address as the client wrote it, without a slash at its end."""
    return str(call.request.base_url).rstrip("/")


async def papers(call: Call) -> Response:
    """One page of the papers that match."""
    wish = read_query(call, PapersQuery)
    body = await asyncio.to_thread(_page, call, wish, context_of(call))
    return conditional(call, msgspec.json.encode(body), JSON)


async def paper(call: Call) -> Response:
    """One paper, with its versions and announcements."""
    paper_id = call.request.path_params["id"]
    body = await asyncio.to_thread(_details, call.service.library.open, paper_id, context_of(call).names)
    return conditional(call, msgspec.json.encode(body), JSON)


async def similar(call: Call) -> Response:
    """The papers nearest in meaning to one."""
    wish = read_query(call, SimilarQuery)
    body = await asyncio.to_thread(_similar, call, wish, context_of(call))
    return conditional(call, msgspec.json.encode(body), JSON)


def query_of(wish: PapersQuery, store: Store, context: Context) -> Query:
    """The store's query for a request's parameters.

    Raises:
        InputError: an unknown theme or group, or a value that cannot be read. NotFoundError: no such saved query.
    """
    names = context.names
    themes = [names.theme(theme) for theme in wish.theme]
    themes += [theme for group in wish.group for theme in names.under_group(group)]
    same = ("min_probability", "max_probability", "min_novelty", "max_novelty", "text")
    flags = ("tagged", "abstained", "withdrawn", "stale", "reviewed")
    own = PaperFilter(
        any_of=tuple(themes),
        all_of=tuple(map(names.theme, wish.all_themes)),
        none_of=names.under(wish.not_theme),
        primary=names.under(wish.primary),
        categories=tuple(wish.category),
        not_categories=tuple(wish.not_category),
        sources=tuple(wish.source),
        ids=tuple(wish.id),
        first_seen_from=_start(wish.since, context),
        first_seen_before=_start(wish.until, context),
        published_from=_start(wish.published_since, context),
        published_before=_start(wish.published_until, context),
        **{name: getattr(wish, name) for name in (*same, *flags)},
    )
    saved = [read_expression(store.queries.get(wish.saved).expression, context)] if wish.saved else []
    return together([own, *saved, read_expression(wish.where, context)])


def _start(words: str, context: Context) -> datetime | None:
    return period(words, context.now).start if words else None


def _page(call: Call, wish: PapersQuery, context: Context) -> Json:
    store = call.service.library.open()
    query = query_of(wish, store, context)
    page = store.listing.page(
        query, sort=Sort(wish.sort), descending=wish.order == "desc", limit=wish.limit, cursor=wish.cursor
    )
    facets = {
        "themes": store.listing.theme_facet,
        "categories": store.listing.category_facet,
        "sources": store.listing.source_facet,
    }
    return {
        "papers": [paper_record(item, context.names) for item in page.items],
        "next": page.next or None,
        "next_url": _next_url(call, page.next) if page.next else None,
        "total": store.listing.count(query) if wish.count else None,
        "facets": {name: facets[name](query) for name in dict.fromkeys(wish.facets)},
    }


def _next_url(call: Call, cursor: str) -> str:
    given = parse_qsl(call.request.url.query)
    return f"{base_of(call)}/v1/papers?{urlencode([*((n, v) for n, v in given if n != 'cursor'), ('cursor', cursor)])}"


def _details(open_store: Any, paper_id: str, names: ThemeNames) -> Json:
    store: Store = open_store()
    found = paper_record(store.papers.get(paper_id), names)
    found["versions"] = [version.to_json() for version in store.papers.versions(paper_id)]
    found["announcements"] = [
        {"source": told.source, "kind": told.kind, "first_seen": iso_time(told.first_seen)}
        for told in store.papers.announcements(paper_id)
    ]
    return found | review_record(store, paper_id, names)


def _similar(call: Call, wish: SimilarQuery, context: Context) -> Json:
    store = call.service.library.open()
    paper_id = call.request.path_params["id"]
    store.papers.get(paper_id)
    known = store.vectors.counts(paper_id)
    encoder = wish.encoder or _encoder(call, paper_id, known)
    query = read_expression(wish.where, context)
    near = store.vectors.similar_to(encoder, paper_id, limit=wish.limit, query=query)
    listed = [
        {"similarity": round(n.similarity, 4), "paper": paper_record(n.paper, context.names)}
        for n in near
        if n.similarity > 0  # what shares nothing is not near, be it the nearest
    ]
    return {"encoder": encoder, "compared": known[encoder], "papers": listed}


def _encoder(call: Call, paper_id: str, known: Mapping[str, int]) -> str:
    """Whose vectors to compare: the live encoder's, the live n-grams', then others', of those with nearly every paper.

    After `auto` the encoder has read some papers and n-grams all of them: then the encoder's would
    find neighbours among the few only.

    Args:
        known: vectors by name, of the names that have one of this paper's text.
    """
    if not known:
        raise NotFoundError(
            f"the text of {paper_id!r} has no vector yet: `paperwire vectors fill` adds what is missing"
        )
    bundle, most = call.engine.bundle, max(known.values())
    live = [encoder_id(bundle), ngrams_id(bundle)]
    wide = [name for name, count in known.items() if count >= _NEARLY_ALL * most]
    return min(wide, key=lambda name: (live.index(name) if name in live else len(live), -known[name], name))


OPERATIONS = (
    Operation(
        "GET",
        "/v1/papers",
        papers,
        "papers",
        "Papers",
        "Stored papers by filter, a page at a time, with facets",
        (Answer(PapersOut, "The papers, in the order asked for."), Answer(None, "Not modified.", 304)),
        query=PapersQuery,
        names_model=True,
        computes=True,
    ),
    Operation(
        "GET",
        "/v1/papers/{id:path}/similar",
        similar,
        "similarPapers",
        "Papers",
        "Stored papers near in meaning to one",
        (Answer(SimilarOut, "The papers, nearest first."), Answer(None, "Not modified.", 304)),
        query=SimilarQuery,
        path_values=_DETAILS,
        computes=True,
    ),
    Operation(
        "GET",
        "/v1/papers/{id:path}",
        paper,
        "paper",
        "Papers",
        "One stored paper, with its versions and announcements",
        (Answer(PaperDetails, "The paper."), Answer(None, "Not modified.", 304)),
        path_values=_DETAILS,
        computes=True,
    ),
)
