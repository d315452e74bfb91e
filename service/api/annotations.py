"""Label Studio's webhook: annotations become verdicts, and go with them.

Every annotation speaks with a voice of its own, `<key>/annotation-<id>`: an event about a deleted
annotation names nothing but its id. The payloads are those of Label Studio's webhook reference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from models.paper import Paper
from models.themes import Taxonomy
from service.api.body import check_media_type, decode, invalid, read_body
from service.api.errors import TEI, Fault
from service.api.examples import PAPER
from service.api.health import reply
from service.api.label_config import Config, chosen, read_config
from service.api.operation import Answer, Body, Call, Operation
from service.api.reviewing import Said, completeness, id_of, record, speaker, verdict
from service.store import Judgement, Verdict

_SAID = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED")
_GONE = ("ANNOTATION_DELETED", "ANNOTATIONS_DELETED")

Number = Annotated[int, Meta(ge=0)]


class Task(msgspec.Struct, kw_only=True):
    """A task: its data are what the configuration's variables name."""

    id: float | str | None = None
    data: dict[str, Any] = {}


class Annotation(msgspec.Struct, kw_only=True):
    """What somebody chose; the name of whoever did stays with Label Studio."""

    id: Number
    result: list[dict[str, Any]] = []
    completed_by: Any = None
    was_cancelled: bool | None = None


class Project(msgspec.Struct, kw_only=True):
    """The part of a project that says what its choices are."""

    label_config: str | None = None


class AnnotationEvent(msgspec.Struct, kw_only=True):
    """Something that happened to an annotation."""

    action: Literal["ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_DELETED", "ANNOTATIONS_DELETED"]
    annotation: Annotation | None = None
    annotations: list[Annotation] = []
    task: Task | None = None
    project: Project | None = None


class OtherEvent(msgspec.Struct):
    """Anything else that happened in a project; it is passed over, whatever it holds."""

    action: str


class WebhookOut(msgspec.Struct):
    """What was done about an event."""

    status: Literal["stored", "removed", "ignored"]
    action: str


_ACTION = msgspec.json.Decoder(OtherEvent)
_EVENT = msgspec.json.Decoder(AnnotationEvent)


async def webhook(call: Call) -> Response:
    """Verdicts for an annotation, or none any more."""
    check_media_type(call, "application/json", missing=True)
    raw = await read_body(call)
    action = decode(_ACTION, raw).action
    if action in _SAID:
        kept = await _keep(call, decode(_EVENT, raw))
        return reply(WebhookOut("stored" if kept else "removed", action), 201)
    if action in _GONE:
        event = decode(_EVENT, raw)
        gone = [*([event.annotation] if event.annotation else []), *event.annotations]
        await asyncio.to_thread(_forget, call, [_voice(call, annotation) for annotation in gone])
        return reply(WebhookOut("removed", action), 201)
    return reply(WebhookOut("ignored", action))


def paper_in(data: Mapping[str, Any], variable: str) -> Paper:
    """The paper of a task: its `title` and `abstract`, else the text that the configuration shows.

    Its id is the task's `paper_id`, or an `id` that says where it is from (`arxiv:2603.09122`), else
    one made of the text.
    """
    texts = {name: value for name, value in data.items() if isinstance(value, str)}
    title, abstract = texts.get("title", ""), texts.get("abstract", "")
    if not title and not abstract:
        rest = [value for name, value in texts.items() if name not in ("id", "paper_id")]
        abstract = texts.get(variable, "") or max(rest, key=len, default="")
    own = id_of(texts.get("id", ""))
    text = Paper("", title, abstract)
    return Paper(id_of(texts.get("paper_id", "") or (own if ":" in own else ""), text), title, abstract)


async def _keep(call: Call, event: AnnotationEvent) -> bool:
    """Whether the annotation says anything; what it said before is gone in any case."""
    annotation, task, xml = event.annotation, event.task, event.project.label_config if event.project else None
    if annotation is None or task is None or not xml:
        missing = "annotation" if annotation is None else "task" if task is None else "project.label_config"
        raise invalid([Fault(missing, "is not in the event: let the webhook send its payload")])
    config = read_config(xml)
    paper, who = paper_in(task.data, config.variable), _voice(call, annotation)
    words = tuple(_verdicts(annotation, config, call.engine.bundle.taxonomy, paper.id, who))
    if not words:
        await asyncio.to_thread(_forget, call, [who])
        return False
    [problem] = await record(call, [Said(paper.id, who, words, paper, whole=True)])
    if problem is not None:
        raise problem
    return True


def _verdicts(annotation: Annotation, config: Config, taxonomy: Taxonomy, paper: str, who: str) -> Iterator[Verdict]:
    """What an annotation says: its choices fit, and those that were on offer and not chosen do not.

    A skipped task says nothing. Where one choice is all that can be made, or where a choice is no
    theme of ours, the other themes stay unknown.
    """
    if annotation.was_cancelled:
        return
    on_offer, choices = config.themes(taxonomy), chosen(annotation.result, config)
    fitting = {on_offer[choice] for choice in choices if choice in on_offer}
    for theme in sorted(fitting):
        yield verdict(paper, who, theme, Judgement.ACCEPT)
    if config.several and config.paths and all(choice in on_offer for choice in choices):
        yield from _rejected(set(on_offer.values()), fitting, taxonomy, paper, who)


def _rejected(
    on_offer: Iterable[str], fitting: Iterable[str], taxonomy: Taxonomy, paper: str, who: str
) -> Iterator[Verdict]:
    if set(on_offer) == set(taxonomy.ids):
        yield completeness(paper, who, complete=True)
        return
    for theme in sorted(set(on_offer) - set(fitting)):
        yield verdict(paper, who, theme, Judgement.REJECT)


def _voice(call: Call, annotation: Annotation) -> str:
    return f"{speaker(call)}/annotation-{annotation.id}"


def _forget(call: Call, voices: Sequence[str]) -> None:
    store = call.service.library.open()
    for voice in voices:
        store.verdicts.forget(voice)


_REGION = {"from_name": "theme", "to_name": "paper", "type": "choices", "value": {"choices": ["consensus"]}}
_CONFIG = (
    '<View><Text name="paper" value="$abstract"/><Choices name="theme" toName="paper" choice="multiple">'
    '<Choice value="consensus"/><Choice value="gpu-kernels"/></Choices></View>'
)
_CREATED = {
    "action": "ANNOTATION_CREATED",
    "annotation": {"id": 17, "completed_by": 3, "was_cancelled": False, "result": [_REGION]},
    "task": {"id": 5, "data": {"title": PAPER["title"], "abstract": PAPER["abstract"]}},
    "project": {"label_config": _CONFIG},
}

WEBHOOK = Operation(
    "POST",
    "/webhook",
    webhook,
    "labelStudioWebhook",
    "Label Studio",
    "Something happened in a project: annotations become verdicts",
    (Answer(WebhookOut, "It is done.", status=201), Answer(WebhookOut, "Nothing was to be done.")),
    scope="review",
    body=Body((AnnotationEvent, OtherEvent), examples={"created": _CREATED}),
    computes=True,
    form=TEI,
)
