"""GET /v1/feeds: papers of a theme, a group or a saved query to subscribe to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from models.errors import NotFoundError
from service.api.body import read_query
from service.api.conditional import conditional
from service.api.operation import Answer, Call, Operation
from service.api.paper_schemas import FeedQuery
from service.api.papers import base_of, context_of
from service.out import atom, json_feed, opml, rss
from service.out.channel import NEVER, Channel, PageWish, Site, channel_of, subject_of

Form = tuple[Callable[[Channel], bytes], str]
FORMS: Mapping[str, Form] = {
    "atom": (atom.atom, atom.MEDIA_TYPE),
    "rss": (rss.rss, rss.MEDIA_TYPE),
    "json": (json_feed.json_feed, json_feed.MEDIA_TYPE),
}
"""Writer and media type by file ending."""


async def feed(call: Call) -> Response:
    """One page of a feed."""
    wish = read_query(call, FeedQuery)
    form = call.request.path_params["form"]
    if form not in FORMS:
        raise NotFoundError(f"feeds end in {', '.join(FORMS)}, not in {form[:40]!r}")
    write, media_type = FORMS[form]
    channel = await asyncio.to_thread(_channel, call, PageWish(form, wish.limit, wish.cursor))
    changed = channel.updated if channel.updated > NEVER else None
    return conditional(call, write(channel), f"{media_type}; charset=utf-8", changed)


async def outlines(call: Call) -> Response:
    """All feeds as OPML."""
    body = await asyncio.to_thread(_outlines, call)
    return conditional(call, body, f"{opml.MEDIA_TYPE}; charset=utf-8")


def _channel(call: Call, wish: PageWish) -> Channel:
    store, context = call.service.library.open(), context_of(call)
    subject = subject_of(call.request.path_params["name"], store, context)
    return channel_of(store, subject, context.names, _site(call), wish)


def _outlines(call: Call) -> bytes:
    store = call.service.library.open()
    return opml.opml(context_of(call).names, store.queries.all(), _site(call))


def _site(call: Call) -> Site:
    return Site(call.settings.public_url.rstrip("/") or base_of(call), call.settings.feed_authority)


OPERATIONS = (
    Operation(
        "GET",
        "/v1/feeds.opml",
        outlines,
        "feedList",
        "Feeds",
        "All feeds, as OPML",
        (Answer(str, "The list.", media_type=opml.MEDIA_TYPE), Answer(None, "Not modified.", 304)),
        computes=True,
    ),
    Operation(
        "GET",
        "/v1/feeds/{name:path}.{form}",
        feed,
        "feed",
        "Feeds",
        "Papers of a theme, a group or a saved query, those met last first",
        (
            Answer(str, "A page of the feed in Atom, RSS or JSON Feed.", media_type=atom.MEDIA_TYPE),
            Answer(str, "In RSS.", media_type=rss.MEDIA_TYPE),
            Answer(dict[str, Any], "In JSON Feed.", media_type=json_feed.MEDIA_TYPE),
            Answer(None, "Not modified.", 304),
        ),
        query=FeedQuery,
        path_values={
            "name": ("Id of a theme or group, or name of a saved query; `query:NAME` says which.", "names"),
            "form": ("`atom`, `rss` or `json`.", "feed_formats"),
        },
        computes=True,
    ),
)
