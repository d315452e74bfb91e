"""KServe's V2 inference protocol (Open Inference Protocol): health, metadata, infer, all in JSON.

Inputs are BYTES tensors of n texts: `text`, or `title` and `abstract`. Outputs are `probabilities`,
FP32 of n rows and a column a theme, and `tagging`, BYTES of n answers in JSON.
"""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from models.bundle import ModelBundle
from models.errors import NotFoundError, UnavailableError
from models.paper import Paper
from models.tagging import Profile, TagOptions
from models.words import counted
from service.api.body import invalid, read_json
from service.api.errors import KSERVE, Fault
from service.api.examples import TEXT
from service.api.health import reply
from service.api.operation import Answer, Body, Call, Endpoint, Operation
from service.api.tagging import answers_of

_SECTION = "KServe"
_INPUTS = ("text", "title", "abstract")
_OUTPUTS = ("probabilities", "tagging")
_VALUES = {
    "model": ("The live model's name.", "names_of_models"),
    "version": ("The live model's version.", "versions"),
}


_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


Size = Annotated[float, Meta(ge=0, le=1e9, multiple_of=1, extra_json_schema={"type": "integer"})]


class TensorIn(msgspec.Struct, kw_only=True):
    """A tensor of texts; `data` may be nested as its shape is."""

    name: Literal["text", "title", "abstract"]
    shape: Annotated[list[Size], Meta(min_length=1, max_length=2)]
    datatype: Literal["BYTES"]
    data: Annotated[list[Any], Meta(extra_json_schema={"items": _TEXTS})]
    parameters: dict[str, Any] | UnsetType = UNSET


class OutputWanted(msgspec.Struct, kw_only=True):
    """An output that is asked for."""

    name: Literal["probabilities", "tagging"]
    parameters: dict[str, Any] | UnsetType = UNSET


class InferParameters(msgspec.Struct, kw_only=True):
    """Parameters of a request; others are ignored."""

    profile: Literal["fast", "accurate", "auto"] | UnsetType = UNSET


class InferRequest(msgspec.Struct, kw_only=True):
    """Texts to classify; all outputs unless some are named."""

    id: str | UnsetType = UNSET
    inputs: Annotated[list[TensorIn], Meta(min_length=1, max_length=3)]
    outputs: Annotated[list[OutputWanted], Meta(max_length=2)] = []
    parameters: InferParameters | UnsetType = UNSET


class TensorOut(msgspec.Struct):
    """A tensor of results, row after row."""

    name: str
    shape: list[int]
    datatype: str
    data: list[float | str]


class InferOut(msgspec.Struct):
    """Results, and the model that made them."""

    model_name: str
    model_version: str
    outputs: list[TensorOut]
    id: str | UnsetType = UNSET


class TensorKind(msgspec.Struct):
    """Name, datatype and shape of a tensor; -1 is any size."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, Any] | UnsetType = UNSET


class ModelMetadata(msgspec.Struct):
    """What the model takes and gives; the columns' themes are in `parameters.labels`."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorKind]
    outputs: list[TensorKind]


class ServerMetadata(msgspec.Struct):
    """What the server is."""

    name: str
    version: str
    extensions: list[str]


class Live(msgspec.Struct):
    """Whether the server lives."""

    live: bool


class Ready(msgspec.Struct):
    """Whether the server or model is ready."""

    ready: bool
    name: str | UnsetType = UNSET


_INFER = msgspec.json.Decoder(InferRequest)


async def server(_call: Call) -> Response:
    """What the server is."""
    return reply(ServerMetadata("paperwire", importlib.metadata.version("paperwire"), []))


async def live(_call: Call) -> Response:
    """200 as long as the process answers."""
    return reply(Live(live=True))


async def ready(call: Call) -> Response:
    """200 once the model is warm, until the server drains."""
    _need_ready(call)
    return reply(Ready(ready=True))


async def model_ready(call: Call) -> Response:
    """200 once this model is warm, until the server drains."""
    bundle = _bundle(call)
    _need_ready(call)
    return reply(Ready(ready=True, name=bundle.name.name))


async def metadata(call: Call) -> Response:
    """What the model takes and gives."""
    bundle = _bundle(call)
    inputs = [TensorKind(name, "BYTES", [-1]) for name in _INPUTS]
    labels = {"labels": list(bundle.taxonomy.ids)}
    outputs = [
        TensorKind("probabilities", "FP32", [-1, len(bundle.taxonomy)], labels),
        TensorKind("tagging", "BYTES", [-1]),
    ]
    return reply(ModelMetadata(bundle.name.name, [bundle.name.version], "paperwire", inputs, outputs))


async def infer(call: Call) -> Response:
    """The outputs that are asked for."""
    bundle, request = _bundle(call), await read_json(call, _INFER)
    papers = _papers(request.inputs)
    call.check_count(len(papers), "inputs")
    profile = _profile(request, call.settings.profile)
    wanted: list[str] = [output.name for output in request.outputs] or [*_OUTPUTS]
    outputs = [await call.wait_for(_output(call, name, papers, profile, bundle)) for name in dict.fromkeys(wanted)]
    return reply(InferOut(bundle.name.name, bundle.name.version, outputs, request.id))


def _profile(request: InferRequest, default: Profile) -> Profile:
    given = UNSET if request.parameters is UNSET else request.parameters.profile
    return default if given is UNSET else given


async def _output(call: Call, name: str, papers: Sequence[Paper], profile: Profile, bundle: ModelBundle) -> TensorOut:
    if name == "probabilities":
        rows = await call.engine.score(papers, profile, bundle)
        data: list[float | str] = [round(value, 6) for row in rows for value in row.tolist()]
        return TensorOut(name, [len(papers), len(bundle.taxonomy)], "FP32", data)
    taggings = await call.engine.tag(papers, TagOptions(profile), bundle)
    call.service.metrics.answered(taggings)
    texts: list[float | str] = [msgspec.json.encode(answer).decode() for answer in answers_of(taggings, "scores")]
    return TensorOut(name, [len(papers)], "BYTES", texts)


def _papers(tensors: Sequence[TensorIn]) -> list[Paper]:
    columns = {tensor.name: _texts(tensor, f"inputs[{n}]") for n, tensor in enumerate(tensors)}
    if len(columns) != len(tensors) or ("text" in columns and len(columns) > 1):
        raise invalid([Fault("inputs", "send 'text' alone, or 'title' and 'abstract', each once")])
    lengths = {len(texts) for texts in columns.values()}
    if len(lengths) > 1:
        raise invalid([Fault("inputs", f"hold different numbers of texts, {sorted(lengths)}: send as many of each")])
    blank = [""] * lengths.pop()
    titles, abstracts = columns.get("title", blank), columns.get("text") or columns.get("abstract", blank)
    return [Paper("", title=title, abstract=abstract) for title, abstract in zip(titles, abstracts, strict=True)]


def _texts(tensor: TensorIn, place: str) -> list[str]:
    flat = [text for item in tensor.data for text in (item if isinstance(item, list) else [item])]
    if not all(isinstance(text, str) for text in flat):
        raise invalid([Fault(f"{place}.data", "holds something that is no text: send strings, not binary data")])
    if math.prod(tensor.shape) != len(flat) or tensor.shape[0] != len(flat):
        shape = [int(size) for size in tensor.shape]
        raise invalid([Fault(f"{place}.shape", f"is {shape} for {counted(len(flat), 'text')}: send [{len(flat)}]")])
    return flat


def _bundle(call: Call) -> ModelBundle:
    bundle, asked = call.engine.bundle, call.request.path_params
    if asked["model"] != bundle.name.name or asked.get("version", bundle.name.version) != bundle.name.version:
        named = "@".join(asked[part] for part in ("model", "version") if part in asked)
        raise NotFoundError(f"there is no model {named!r}: the live one is {bundle.name.name}@{bundle.name.version}")
    return bundle


def _need_ready(call: Call) -> None:
    if not call.service.ready:
        raise UnavailableError("not ready: the model is being loaded, or the server is ending")


def _get(path: str, endpoint: Endpoint, name: str, summary: str, kind: type, *, opens: bool = False) -> Operation:
    values = {part: _VALUES[part] for part in _VALUES if "{" + part + "}" in path}
    return Operation(
        "GET",
        path,
        endpoint,
        name,
        _SECTION,
        summary,
        (Answer(kind, "It is."),),
        scope=None if opens else "tag",
        computes="ready" in path,
        path_values=values,
        form=KSERVE,
    )


def _infer(path: str, name: str) -> Operation:
    values = {part: _VALUES[part] for part in _VALUES if "{" + part + "}" in path}
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [TEXT]}
    return Operation(
        "POST",
        path,
        infer,
        name,
        _SECTION,
        "Classify texts",
        (Answer(InferOut, "The outputs."),),
        body=Body(InferRequest, examples={"text": {"inputs": [tensor], "outputs": [{"name": "tagging"}]}}),
        computes=True,
        path_values=values,
        form=KSERVE,
    )


_MODEL, _VERSION = "/v2/models/{model}", "/v2/models/{model}/versions/{version}"

OPERATIONS = (
    _get("/v2", server, "kserveServer", "What the server is", ServerMetadata),
    _get("/v2/health/live", live, "kserveLive", "Whether the server lives", Live, opens=True),
    _get("/v2/health/ready", ready, "kserveReady", "Whether the server is ready", Ready, opens=True),
    _get(_MODEL, metadata, "kserveModel", "What the model takes and gives", ModelMetadata),
    _get(f"{_MODEL}/ready", model_ready, "kserveModelReady", "Whether the model is ready", Ready),
    _infer(f"{_MODEL}/infer", "kserveInfer"),
    _get(_VERSION, metadata, "kserveVersion", "What this version takes and gives", ModelMetadata),
    _get(f"{_VERSION}/ready", model_ready, "kserveVersionReady", "Whether this version is ready", Ready),
    _infer(f"{_VERSION}/infer", "kserveVersionInfer"),
)
