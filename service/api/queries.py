"""/v1/queries: queries kept under a name, each a feed of its own and a filter of `GET /v1/papers`."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from models.errors import PaperwireError
from service.api.body import read_json, read_query
from service.api.conditional import conditional
from service.api.errors import JSON
from service.api.operation import Answer, Body, Call, Operation
from service.api.papers import base_of, context_of
from service.api.reviewing import speaker
from service.out.language import read_expression
from service.out.text import iso_time
from service.store import SavedQuery

Json = dict[str, Any]


class QueryIn(msgspec.Struct, forbid_unknown_fields=True):
    """A query to keep: its expression, and a title for people (the name, where there is none)."""

    expression: Annotated[
        str, Meta(max_length=2000, description="The query language: `theme:consensus NOT text:survey p>=0.8`.")
    ]
    title: Annotated[str, Meta(max_length=200)] = ""


class QueriesQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to tell of the queries."""

    count: Annotated[
        bool, Meta(description="Also say of each query how many papers match, which takes its time in a large store.")
    ] = False


class QueryOut(msgspec.Struct):
    """A saved query; `papers` match now.

    It is null in a list without `count`, and where the live model lacks a theme that the query names (`problem`).
    """

    name: str
    title: str
    expression: str
    owner: str
    created: str
    updated: str
    feed_url: str
    papers: int | None
    problem: str | None


class QueriesOut(msgspec.Struct):
    """All saved queries, by name."""

    queries: list[QueryOut]


_decoder = msgspec.json.Decoder(QueryIn)


async def queries(call: Call) -> Response:
    """All saved queries."""
    wish = read_query(call, QueriesQuery)
    return conditional(call, msgspec.json.encode(await asyncio.to_thread(_all, call, wish)), JSON)


async def query(call: Call) -> Response:
    """One saved query."""
    return conditional(call, msgspec.json.encode(await asyncio.to_thread(_one, call)), JSON)


async def save(call: Call) -> Response:
    """A query, new or in place of the one of that name."""
    given = await read_json(call, _decoder)
    return Response(msgspec.json.encode(await asyncio.to_thread(_save, call, given)), media_type=JSON)


async def remove(call: Call) -> Response:
    """One saved query less."""
    await asyncio.to_thread(_remove, call)
    return Response(status_code=204)


def _all(call: Call, wish: QueriesQuery) -> Json:
    return {"queries": [_record(call, one, count=wish.count) for one in call.service.library.open().queries.all()]}


def _one(call: Call) -> Json:
    return _record(call, call.service.library.open().queries.get(_name(call)))


def _save(call: Call, given: QueryIn) -> Json:
    store = call.service.library.open()
    read_expression(given.expression, context_of(call))  # refused where it cannot be read
    saved = store.queries.save(_name(call), given.expression, title=given.title, owner=speaker(call))
    store.audit.add(saved.owner, "save query", saved.name, {"expression": saved.expression, "title": saved.title})
    return _record(call, saved)


def _remove(call: Call) -> None:
    store = call.service.library.open()
    gone = store.queries.get(_name(call))
    store.queries.remove(gone.name)
    store.audit.add(speaker(call), "remove query", gone.name, {"expression": gone.expression})


def _name(call: Call) -> str:
    name: str = call.request.path_params["name"]
    return name


def _record(call: Call, saved: SavedQuery, *, count: bool = True) -> Json:
    found, problem = _count(call, saved, count)
    site = call.settings.public_url.rstrip("/") or base_of(call)
    return {
        "name": saved.name,
        "title": saved.title,
        "expression": saved.expression,
        "owner": saved.owner,
        "created": iso_time(saved.created),
        "updated": iso_time(saved.updated),
        "feed_url": f"{site}/v1/feeds/query:{saved.name}.atom",
        "papers": found,
        "problem": problem,
    }


def _count(call: Call, saved: SavedQuery, wanted: bool) -> tuple[int | None, str | None]:
    """How many papers match now, or why that cannot be said: a query outlives the model that it was written for."""
    try:
        query = read_expression(saved.expression, context_of(call))
        return call.service.library.open().listing.count(query) if wanted else None, None
    except PaperwireError as error:
        return None, str(error)


_WHICH = {"name": ("Name of a saved query: up to 63 small letters, digits and hyphens.", "")}
_EXAMPLES = {"mine": {"expression": "theme:consensus NOT text:survey p>=0.8", "title": "Consensus, no surveys"}}

OPERATIONS = (
    Operation(
        "GET",
        "/v1/queries",
        queries,
        "queries",
        "Queries",
        "All saved queries",
        (Answer(QueriesOut, "The queries, by name."), Answer(None, "Not modified.", 304)),
        query=QueriesQuery,
        computes=True,
    ),
    Operation(
        "GET",
        "/v1/queries/{name}",
        query,
        "query",
        "Queries",
        "One saved query",
        (Answer(QueryOut, "The query."), Answer(None, "Not modified.", 304)),
        path_values=_WHICH,
        computes=True,
    ),
    Operation(
        "PUT",
        "/v1/queries/{name}",
        save,
        "saveQuery",
        "Queries",
        "Keep a query under a name, in place of the one of that name",
        (Answer(QueryOut, "It is kept, and is a feed from now on."),),
        scope="review",
        body=Body(QueryIn, examples=_EXAMPLES),
        path_values=_WHICH,
        computes=True,
    ),
    Operation(
        "DELETE",
        "/v1/queries/{name}",
        remove,
        "removeQuery",
        "Queries",
        "Forget a saved query; its feed goes with it",
        (Answer(None, "It is gone.", 204),),
        scope="review",
        path_values=_WHICH,
        computes=True,
    ),
)
