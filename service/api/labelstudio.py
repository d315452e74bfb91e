"""Label Studio's ML backend: pre-annotations for a project that classifies papers by theme.

The project's labelling configuration decides the form: `Choices` get names of themes, `Taxonomy`
gets paths. Names are matched with theme ids and labels; what the configuration does not offer is
left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from models.bundle import ModelBundle
from models.tagging import Tagging, TagOptions
from service.api.annotations import WEBHOOK, Task, paper_in
from service.api.body import read_json
from service.api.errors import TEI
from service.api.health import reply
from service.api.label_config import Config, read_config
from service.api.operation import Answer, Body, Call, Operation


class LabelRequest(msgspec.Struct, kw_only=True):
    """Tasks to pre-annotate."""

    tasks: Annotated[list[Task], Meta(max_length=1000)]
    label_config: str | None = None
    project: str | float | None = None
    model_version: str | None = None
    params: dict[str, Any] | None = None


class SetupRequest(msgspec.Struct, kw_only=True):
    """What Label Studio says when a project connects."""

    project: str | float | None = None
    schema: str | None = None
    hostname: str | None = None
    access_token: str | None = None
    extra_params: Any = None


class SetupOut(msgspec.Struct):
    """The model that will answer."""

    model_version: str


class PreAnnotation(msgspec.Struct):
    """One task's regions, with the probability of its first theme."""

    result: list[dict[str, Any]]
    score: float
    model_version: str


class LabelOut(msgspec.Struct):
    """One pre-annotation a task, in order."""

    results: list[PreAnnotation]
    model_version: str


_SETUP = msgspec.json.Decoder(SetupRequest)


async def setup(call: Call) -> Response:
    """The model that will answer; a configuration that cannot be used is refused now."""
    request = await read_json(call, _SETUP)
    read_config(request.schema)
    return reply(SetupOut(_version(call.engine.bundle)))


async def predict(call: Call, request: LabelRequest) -> Response:
    """One pre-annotation a task."""
    config, bundle = read_config(request.label_config), call.engine.bundle
    call.check_count(len(request.tasks), "tasks")
    papers = [replace(paper_in(task.data, config.variable), id="") for task in request.tasks]
    taggings = await call.wait_for(call.engine.tag(papers, TagOptions(call.settings.profile), bundle))
    call.service.metrics.answered(taggings)
    version = _version(bundle)
    return reply(LabelOut([_annotation(one, config, version) for one in taggings], version))


def _annotation(tagging: Tagging, config: Config, version: str) -> PreAnnotation:
    chosen = [path for tag in tagging.tags if (path := config.path(tag.theme, tag.label, tag.path))]
    score = tagging.tags[0].probability if tagging.tags else 0.0
    if not chosen:
        return PreAnnotation([], round(score, 4), version)
    value = {"choices": [path[-1] for path in chosen]} if config.kind == "choices" else {"taxonomy": chosen}
    region = {"from_name": config.from_name, "to_name": config.to_name, "type": config.kind, "value": value}
    return PreAnnotation([{**region, "score": round(score, 4)}], round(score, 4), version)


def _version(bundle: ModelBundle) -> str:
    return f"{bundle.name.name}@{bundle.name.version}"


OPERATIONS = (
    Operation(
        "POST",
        "/setup",
        setup,
        "labelStudioSetup",
        "Label Studio",
        "Connect a project",
        (Answer(SetupOut, "The model that will answer."),),
        body=Body(SetupRequest, examples={"project": {"project": "1.1700000000"}}),
        form=TEI,
    ),
    WEBHOOK,
)
