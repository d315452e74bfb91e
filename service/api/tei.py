"""The endpoints of text-embeddings-inference: /embed, /info, and its half of /predict."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from models.bundle import ModelBundle
from models.paper import Paper
from service.api.body import invalid, read_json
from service.api.errors import TEI, Fault, RefusalError
from service.api.examples import TEXT
from service.api.health import reply
from service.api.operation import Answer, Body, Call, Operation
from service.work import Vector

Text = str
_PAIR = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2}
_BATCH = {"type": "array", "items": _PAIR, "minItems": 1, "maxItems": 1000}
Inputs = Annotated[Any, Meta(extra_json_schema={"anyOf": [{"type": "string"}, _PAIR, _BATCH]})]
Normalize = Annotated[bool, Meta(description="Vectors always are.", extra_json_schema={"const": True})]
_LEAST = 1e-7


class PredictRequest(msgspec.Struct, kw_only=True):
    """Texts to classify: a text, a pair of title and abstract, or a list of such lists."""

    inputs: Inputs
    raw_scores: bool = False
    truncate: bool | None = None
    truncation_direction: Literal["Right"] = "Right"


class EmbedRequest(msgspec.Struct, kw_only=True):
    """Texts to turn into vectors."""

    inputs: Text | Annotated[list[Text], Meta(min_length=1, max_length=1000)]
    normalize: Normalize = True
    truncate: bool | None = None
    truncation_direction: Literal["Right"] = "Right"
    dimensions: Annotated[float, Meta(extra_json_schema={"x-enum": "dimensions"})] | UnsetType = UNSET


class Prediction(msgspec.Struct):
    """A theme and its probability, or its logit with `raw_scores`."""

    label: str
    score: float


class ClassifierLabels(msgspec.Struct):
    """Names of the classes."""

    id2label: dict[str, str]
    label2id: dict[str, int]


class ModelType(msgspec.Struct):
    """A classifier."""

    classifier: ClassifierLabels


class TeiInfo(msgspec.Struct):
    """What is served, and its limits."""

    model_id: str
    model_sha: str
    model_dtype: str
    model_type: ModelType
    max_concurrent_requests: int
    max_input_length: int
    max_batch_tokens: int
    max_client_batch_size: int
    auto_truncate: bool
    tokenization_workers: int
    version: str


_EMBED = msgspec.json.Decoder(EmbedRequest)


async def embed(call: Call) -> Response:
    """One unit vector a text."""
    request = await read_json(call, _EMBED)
    bundle = call.engine.bundle
    texts = [request.inputs] if isinstance(request.inputs, str) else request.inputs
    call.check_count(len(texts), "inputs")
    _check_embed(request, bundle)
    found = await call.wait_for(call.engine.embed(texts, bundle))
    if request.truncate is False and any(one.truncated for one in found):
        most = bundle.dense.encoder.max_tokens
        raise RefusalError(413, "too-long", f"a text has more than {most} tokens: shorten it, or leave out truncate")
    return reply([np.asarray(one.vector, dtype=np.float64).tolist() for one in found])


async def predict(call: Call, request: PredictRequest) -> Response:
    """Every theme's probability for every text, most probable first."""
    papers, single = _inputs(request.inputs)
    call.check_count(len(papers), "inputs")
    bundle = call.engine.bundle
    rows = await call.wait_for(call.engine.score(papers, call.settings.profile, bundle))
    answers = [_predictions(row, bundle, raw=request.raw_scores) for row in rows]
    return reply(answers[0] if single else answers)


async def info(call: Call) -> Response:
    """What is served."""
    bundle, settings = call.engine.bundle, call.settings
    ids, encoder = bundle.taxonomy.ids, bundle.dense.encoder
    labels = ClassifierLabels({str(n): name for n, name in enumerate(ids)}, {name: n for n, name in enumerate(ids)})
    return reply(
        TeiInfo(
            model_id=bundle.name.name,
            model_sha=bundle.name.sha256,
            model_dtype="float32",
            model_type=ModelType(labels),
            max_concurrent_requests=settings.queue_texts,
            max_input_length=encoder.max_tokens,
            max_batch_tokens=encoder.max_tokens * settings.batch_texts,
            max_client_batch_size=settings.papers_per_request,
            auto_truncate=True,
            tokenization_workers=1,
            version=importlib.metadata.version("paperwire"),
        )
    )


def _check_embed(request: EmbedRequest, bundle: ModelBundle) -> None:
    if not request.normalize:
        raise invalid([Fault("normalize", "vectors are always unit vectors: leave it out, or send true")])
    if request.dimensions is not UNSET and request.dimensions != bundle.dense.encoder.dim:
        raise invalid([Fault("dimensions", f"vectors have {bundle.dense.encoder.dim} dimensions: leave it out")])


def _inputs(inputs: Any) -> tuple[list[Paper], bool]:
    """The papers of `inputs`, and whether it was a single one; a pair is a title and an abstract."""
    if isinstance(inputs, str):
        return [Paper("", abstract=inputs)], True
    if _is_pair(inputs):
        return [_paper(inputs)], True
    if isinstance(inputs, list) and inputs and all(_is_pair(one) for one in inputs):
        return [_paper(one) for one in inputs], False
    raise invalid([Fault("inputs", "send a text, a list of a text or of title and abstract, or a list of such lists")])


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= 2 and all(isinstance(part, str) for part in value)


def _paper(pair: Sequence[str]) -> Paper:
    return Paper("", title=pair[0], abstract=pair[1]) if len(pair) == 2 else Paper("", abstract=pair[0])


def _predictions(row: Vector, bundle: ModelBundle, *, raw: bool) -> list[Prediction]:
    scores = row.astype(np.float64)
    if raw:
        bounded = np.clip(scores, _LEAST, 1 - _LEAST)
        scores = np.log(bounded / (1 - bounded))
    order = np.argsort(-scores, kind="stable").tolist()
    return [Prediction(bundle.taxonomy.ids[column], round(float(scores[column]), 6)) for column in order]


OPERATIONS = (
    Operation(
        "POST",
        "/embed",
        embed,
        "teiEmbed",
        "Text embeddings inference",
        "Vectors of texts",
        (Answer(list[list[float]], "One unit vector a text, in order."),),
        body=Body(EmbedRequest, examples={"one": {"inputs": TEXT}}),
        computes=True,
        form=TEI,
    ),
    Operation(
        "GET",
        "/info",
        info,
        "teiInfo",
        "Text embeddings inference",
        "What is served, and its limits",
        (Answer(TeiInfo, "The model."),),
        form=TEI,
    ),
)
