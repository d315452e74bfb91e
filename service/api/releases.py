"""Which models there are, which is live, which was; promotion and rollback."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from models.tagging import ModelName
from service.api.body import fault_of, invalid, read_query
from service.api.examples import MODEL
from service.api.health import model_out, reply
from service.api.idempotency import once
from service.api.operation import Answer, Call, Operation
from service.releases import Named, Release
from service.schemas import ModelOut

_LATEST = 1000
_MOMENT: Any = Annotated[datetime, Meta(tz=True)]


class ModelEntry(msgspec.Struct):
    """A model in the form that OpenAI's clients list; `live` says which one answers."""

    id: str
    object: str
    created: int
    owned_by: str
    version: str
    sha256: str
    live: bool


class ModelList(msgspec.Struct):
    """The live model, and those that can be promoted."""

    object: str
    data: list[ModelEntry]


class ChangeOut(msgspec.Struct):
    """What answers from now on, what answered before, and whether that is another one."""

    live: ModelOut
    before: ModelOut
    changed: bool


class HistoryQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The moment that is asked about."""

    at: (
        Annotated[
            str,
            Meta(
                description="A moment with its zone (RFC 3339), such as 2026-11-25T13:00:00Z; none: now.",
                extra_json_schema={"format": "date-time"},
            ),
        ]
        | None
    ) = None


class HistoryOut(msgspec.Struct):
    """What was live at a moment, and the last 1,000 releases until then, oldest first."""

    at: datetime
    live: Named | None
    releases: list[Release]


async def models(call: Call) -> Response:
    """The live model, then the others that could be promoted, as OpenAI's clients list them."""
    live, releases = call.engine.bundle.name, call.service.switch.releases
    known = await asyncio.to_thread(releases.candidates) if releases else ()
    others = [one for one in known if not one.problem and one.sha256 != live.sha256]
    first = _entry(live.name, live.version, live.sha256, live=True)
    rest = (_entry(f"{one.name}@{one.version}", one.version, one.sha256, live=False) for one in others)
    return reply(ModelList("list", [first, *rest]))


async def history(call: Call) -> Response:
    """What was live when, by whom."""
    given = read_query(call, HistoryQuery).at
    moment = _moment(given) if given is not None else datetime.now(UTC)
    releases = call.service.switch.releases
    if releases is None:
        name = call.engine.bundle.name
        return reply(HistoryOut(moment, Named(name.name, name.version, name.sha256), []))
    live = await asyncio.to_thread(releases.live_at, moment)
    told = await asyncio.to_thread(releases.history)
    return reply(HistoryOut(moment, live, [one for one in told if one.time <= moment][-_LATEST:]))


async def promote(call: Call) -> Response:
    """Another model goes live."""
    before = await call.service.switch.promote(call.request.path_params["version"], call.caller.name)
    return _changed(call, before)


async def rollback(call: Call) -> Response:
    """The model that was live before goes live again."""
    before = await call.service.switch.rollback(call.request.path_params["version"], call.caller.name)
    return _changed(call, before)


def _moment(text: str) -> datetime:
    try:
        moment: datetime = msgspec.convert(text, _MOMENT)
    except msgspec.ValidationError as error:
        raise invalid([fault_of(error, "query.at")]) from None
    return moment


def _changed(call: Call, before: ModelName) -> Response:
    live = call.engine.bundle.name
    return reply(ChangeOut(model_out(live), model_out(before), changed=live != before))


def _entry(id_: str, version: str, sha256: str, *, live: bool) -> ModelEntry:
    return ModelEntry(id_, "model", 0, "paperwire", version, sha256, live)


_WHICH = {"version": ("Version, name@version, or sha256 (12 characters or more) of a bundle.", "versions")}
_CHANGE = Answer(ChangeOut, "It is live.", examples={"live": {"live": MODEL, "before": MODEL, "changed": False}})

OPERATIONS = (
    Operation(
        "GET",
        "/v1/models",
        models,
        "models",
        "Models",
        "The live model, and those that can be promoted; in the form of OpenAI's API",
        (Answer(ModelList, "The list, live one first."),),
    ),
    Operation(
        "GET",
        "/v1/models/history",
        history,
        "modelHistory",
        "Models",
        "What was live when, and by whom",
        (Answer(HistoryOut, "What was live at the moment, and the releases until then."),),
        scope="admin",
        query=HistoryQuery,
        computes=True,
    ),
    Operation(
        "POST",
        "/v1/models/{version}:promote",
        once(promote),
        "promoteModel",
        "Models",
        "Let another model answer: it is loaded, checked and warmed first, and no request fails",
        (_CHANGE,),
        scope="admin",
        path_values=_WHICH,
        computes=True,
        conflicts=True,
        keyed=True,
    ),
    Operation(
        "POST",
        "/v1/models/{version}:rollback",
        once(rollback),
        "rollbackModel",
        "Models",
        "Take back the live model, which is named, for the one before it",
        (_CHANGE,),
        scope="admin",
        path_values=_WHICH,
        computes=True,
        conflicts=True,
        keyed=True,
    ),
)
