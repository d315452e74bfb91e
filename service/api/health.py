"""What operators and their machines ask: health, metrics, the live model and its themes."""

from __future__ import annotations

from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from models.errors import UnavailableError
from models.tagging import ModelName
from service.api.errors import JSON
from service.api.examples import MODEL
from service.api.operation import Answer, Call, Operation
from service.schemas import GroupOut, ModelOut, ThemeOut, ThemesOut


class HealthOut(msgspec.Struct):
    """State of a server; `status` and `model_class` are what Label Studio reads."""

    status: str
    model_class: str
    ready: bool
    queue_texts: int
    model: ModelOut


class StateOut(msgspec.Struct):
    """One word: `live`, `ready`."""

    status: str


class ModelDetails(ModelOut):
    """The live model: its name, what it was trained on, how it was measured."""

    encoder: dict[str, Any]
    data: dict[str, Any]
    metrics: dict[str, Any]
    libraries: dict[str, str]
    themes: int
    default_profile: str


async def health(call: Call) -> Response:
    """How the server is; 200 as long as it answers."""
    service, name = call.service, call.engine.bundle.name
    return reply(HealthOut("UP", "Paperwire", service.ready, service.engine.admitted, model_out(name)))


async def live(_call: Call) -> Response:
    """200 as long as the process answers."""
    return reply(StateOut("live"))


async def ready(call: Call) -> Response:
    """200 once the model is warm, until the server drains."""
    if not call.service.ready:
        raise UnavailableError("not ready: the model is being loaded, or the server is ending")
    return reply(StateOut("ready"))


async def metrics(call: Call) -> Response:
    """The metrics page."""
    page = call.service.metrics.page(call.engine, ready=call.service.ready)
    return Response(page, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def themes(call: Call) -> Response:
    """The live taxonomy."""
    taxonomy = call.engine.bundle.taxonomy
    groups = [GroupOut(group.id, group.label) for group in taxonomy.groups]
    listed = [ThemeOut(t.id, t.label, t.group, t.scope, t.exclusion) for t in taxonomy.themes]
    return reply(ThemesOut(taxonomy.fingerprint, groups, listed))


async def model(call: Call) -> Response:
    """The live model's manifest, without its file list."""
    bundle = call.engine.bundle
    told: dict[str, Any] = {part: bundle.manifest.get(part, {}) for part in ("encoder", "data", "metrics", "libraries")}
    told |= bundle.name.to_json() | {"themes": len(bundle.taxonomy), "default_profile": call.settings.profile}
    return reply(ModelDetails(**told))


def model_out(name: ModelName) -> ModelOut:
    """A model's name as a struct."""
    return ModelOut(**name.to_json())


def reply(body: Any, status: int = 200) -> Response:
    """A struct, or anything JSON-ready, as an answer."""
    return Response(msgspec.json.encode(body), status, media_type=JSON)


_HEALTH = {"status": "UP", "model_class": "Paperwire", "ready": True, "queue_texts": 0, "model": MODEL}

OPERATIONS = (
    Operation(
        "GET",
        "/health",
        health,
        "health",
        "Operations",
        "How the server is",
        (Answer(HealthOut, "It answers.", examples={"up": _HEALTH}),),
        scope=None,
    ),
    Operation(
        "GET",
        "/health/live",
        live,
        "live",
        "Operations",
        "Whether the process answers",
        (Answer(StateOut, "It does.", examples={"live": {"status": "live"}}),),
        scope=None,
    ),
    Operation(
        "GET",
        "/health/ready",
        ready,
        "ready",
        "Operations",
        "Whether work should be sent here: the model is warm, and the server is not ending",
        (Answer(StateOut, "Ready.", examples={"ready": {"status": "ready"}}),),
        scope=None,
        computes=True,
    ),
    Operation(
        "GET",
        "/metrics",
        metrics,
        "metrics",
        "Operations",
        "Metrics in Prometheus' text format",
        (Answer(str, "The page.", media_type="text/plain"),),
    ),
    Operation(
        "GET",
        "/v1/themes",
        themes,
        "themes",
        "Tagging",
        "The themes that the live model gives",
        (Answer(ThemesOut, "Groups and themes, in order."),),
    ),
    Operation(
        "GET",
        "/v1/model",
        model,
        "model",
        "Tagging",
        "The live model: version, training data, measured quality",
        (Answer(ModelDetails, "The model."),),
    ),
)
