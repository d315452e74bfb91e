"""Label Studio's ML backend: pre-annotations for a project that classifies papers by theme.

The project's labelling configuration decides the form: `Choices` get names of themes, `Taxonomy`
gets paths. Names are matched with theme ids and labels; what the configuration does not offer is
left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from xml.etree.ElementTree import Element, ParseError

import defusedxml
import msgspec
from defusedxml.ElementTree import fromstring
from msgspec import Meta
from starlette.responses import Response

from models.bundle import ModelBundle
from models.paper import Paper
from models.tagging import Tagging, TagOptions
from service.api.body import invalid, read_json
from service.api.errors import TEI, Fault
from service.api.health import reply
from service.api.operation import Answer, Body, Call, Operation


class Task(msgspec.Struct, kw_only=True):
    """A task: its data are what the configuration's variables name."""

    id: float | str | None = None
    data: dict[str, Any] = {}


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


class WebhookEvent(msgspec.Struct, kw_only=True):
    """Something that happened in a project."""

    action: str


class SetupOut(msgspec.Struct):
    """The model that will answer."""

    model_version: str


class WebhookOut(msgspec.Struct):
    """What was done about an event."""

    status: Literal["ignored"]
    action: str


class PreAnnotation(msgspec.Struct):
    """One task's regions, with the probability of its first theme."""

    result: list[dict[str, Any]]
    score: float
    model_version: str


class LabelOut(msgspec.Struct):
    """One pre-annotation a task, in order."""

    results: list[PreAnnotation]
    model_version: str


@dataclass(frozen=True, slots=True)
class Config:
    """What a labelling configuration asks for.

    Attributes:
        kind: "choices" or "taxonomy". from_name, to_name: of its tags. variable: field of the task with the text.
        paths: by lower-case name of a choice, the names that lead to it; empty for any theme.
    """

    kind: str = "choices"
    from_name: str = "themes"
    to_name: str = "text"
    variable: str = "text"
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_SETUP = msgspec.json.Decoder(SetupRequest)
_EVENT = msgspec.json.Decoder(WebhookEvent)


async def setup(call: Call) -> Response:
    """The model that will answer; a configuration that cannot be used is refused now."""
    request = await read_json(call, _SETUP)
    read_config(request.schema)
    return reply(SetupOut(_version(call.engine.bundle)))


async def webhook(call: Call) -> Response:
    """Acknowledged and left alone: labels come back by Label Studio's export and `paperwire train`."""
    event = await read_json(call, _EVENT)
    return reply(WebhookOut("ignored", event.action), 201)


async def predict(call: Call, request: LabelRequest) -> Response:
    """One pre-annotation a task."""
    config, bundle = read_config(request.label_config), call.engine.bundle
    call.check_count(len(request.tasks), "tasks")
    papers = [_paper(task, config) for task in request.tasks]
    taggings = await call.wait_for(call.engine.tag(papers, TagOptions(call.settings.profile), bundle))
    call.service.metrics.answered(taggings)
    version = _version(bundle)
    return reply(LabelOut([_annotation(one, config, version) for one in taggings], version))


def read_config(xml: str | None) -> Config:
    """What a labelling configuration asks for; the defaults where there is none.

    Raises:
        RefusalError: 422, no XML, or neither Choices nor Taxonomy in it.
    """
    if not xml or not xml.strip():
        return Config()
    try:
        root = fromstring(xml)
    except (ParseError, defusedxml.DefusedXmlException, ValueError) as error:
        raise invalid([Fault("label_config", f"is no XML that is safe to read: {error}")]) from None
    control = next((tag for tag in root.iter() if tag.tag in ("Choices", "Taxonomy")), None)
    if control is None:
        raise invalid([Fault("label_config", "has neither Choices nor Taxonomy: add one for the themes")])
    to_name = control.get("toName", "text").split(",")[0]
    shown = next((tag for tag in root.iter() if tag.get("name") == to_name), None)
    variable = (shown.get("value", "") if shown is not None else "").lstrip("$")
    paths = dict(_paths(control, ()))
    return Config(control.tag.lower(), control.get("name", "themes"), to_name, variable or "text", paths)


def _paths(tag: Element, above: tuple[str, ...]) -> Iterable[tuple[str, tuple[str, ...]]]:
    for choice in tag.findall("Choice"):
        value = choice.get("value", "")
        path = (*above, value)
        for name in (value, choice.get("alias", "")):
            if name:
                yield name.lower(), path
        yield from _paths(choice, path)


def _paper(task: Task, config: Config) -> Paper:
    texts = {name: value for name, value in task.data.items() if isinstance(value, str)}
    title, abstract = texts.get("title", ""), texts.get("abstract", "")
    if not title and not abstract:
        abstract = texts.get(config.variable, "") or max(texts.values(), key=len, default="")
    return Paper("", title=title, abstract=abstract)


def _annotation(tagging: Tagging, config: Config, version: str) -> PreAnnotation:
    chosen = [path for tag in tagging.tags if (path := _path(tag.theme, tag.label, tag.path, config))]
    score = tagging.tags[0].probability if tagging.tags else 0.0
    if not chosen:
        return PreAnnotation([], round(score, 4), version)
    value = {"choices": [path[-1] for path in chosen]} if config.kind == "choices" else {"taxonomy": chosen}
    region = {"from_name": config.from_name, "to_name": config.to_name, "type": config.kind, "value": value}
    return PreAnnotation([{**region, "score": round(score, 4)}], round(score, 4), version)


def _path(theme: str, label: str, path: tuple[str, ...], config: Config) -> tuple[str, ...] | None:
    if not config.paths:
        return path if config.kind == "taxonomy" else (label,)
    return config.paths.get(theme.lower()) or config.paths.get(label.lower())


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
    Operation(
        "POST",
        "/webhook",
        webhook,
        "labelStudioWebhook",
        "Label Studio",
        "Something happened in a project",
        (Answer(WebhookOut, "What was done about it.", status=201),),
        scope="review",
        body=Body(WebhookEvent, examples={"created": {"action": "ANNOTATION_CREATED"}}),
        form=TEI,
    ),
)
