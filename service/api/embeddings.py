"""OpenAI's `POST /v1/embeddings` on our encoder, so that the `openai` client works unchanged."""

from __future__ import annotations

import base64
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from models.bundle import ModelBundle
from models.errors import NotFoundError
from service.api.body import invalid, read_json
from service.api.errors import OPENAI, Fault
from service.api.examples import TEXT
from service.api.health import reply
from service.api.operation import Answer, Body, Call, Operation
from service.work import Embedding

ModelId = Annotated[str, Meta(description="The live model's name.", extra_json_schema={"x-enum": "models"})]
Dimensions = Annotated[float, Meta(description="The encoder's own only.", extra_json_schema={"x-enum": "dimensions"})]


class EmbeddingRequest(msgspec.Struct, kw_only=True):
    """Texts to turn into vectors; arrays of token numbers are not taken."""

    input: str | Annotated[list[str], Meta(min_length=1, max_length=1000)]
    model: ModelId
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Dimensions | UnsetType = UNSET
    user: str | UnsetType = UNSET


class EmbeddingOut(msgspec.Struct):
    """One vector: numbers, or little-endian float32 in base64."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class Usage(msgspec.Struct):
    """Word pieces read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(msgspec.Struct):
    """One vector a text, in order."""

    object: Literal["list"]
    data: list[EmbeddingOut]
    model: str
    usage: Usage


_REQUEST = msgspec.json.Decoder(EmbeddingRequest)


async def embeddings(call: Call) -> Response:
    """One unit vector a text."""
    request = await read_json(call, _REQUEST)
    bundle = call.engine.bundle
    check_model(request.model, bundle)
    texts = [request.input] if isinstance(request.input, str) else request.input
    call.check_count(len(texts), "input")
    if request.dimensions is not UNSET and request.dimensions != bundle.dense.encoder.dim:
        raise invalid([Fault("dimensions", f"vectors have {bundle.dense.encoder.dim} dimensions: leave it out")])
    found = await call.wait_for(call.engine.embed(texts, bundle))
    tokens = sum(one.tokens for one in found)
    data = [EmbeddingOut("embedding", n, _encoded(one, request.encoding_format)) for n, one in enumerate(found)]
    return reply(EmbeddingList("list", data, f"{bundle.name.name}@{bundle.name.version}", Usage(tokens, tokens)))


def check_model(model: str, bundle: ModelBundle) -> None:
    """Nothing where the live model is meant, by name or by name and version.

    Raises:
        NotFoundError: another one is.
    """
    name = bundle.name
    if model not in (name.name, f"{name.name}@{name.version}"):
        raise NotFoundError(f"there is no model {model!r}: the live one is {name.name!r}")


def _encoded(one: Embedding, encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(one.vector.astype("<f4").tobytes()).decode()
    return np.asarray(one.vector, dtype=np.float64).tolist()  # type: ignore[no-any-return]


OPERATIONS = (
    Operation(
        "POST",
        "/v1/embeddings",
        embeddings,
        "openaiEmbeddings",
        "OpenAI",
        "Vectors of texts, in the form of OpenAI's API",
        (Answer(EmbeddingList, "One vector a text, in order."),),
        body=Body(EmbeddingRequest, examples={"one": {"model": "themes", "input": TEXT}}),
        computes=True,
        names_model=True,
        form=OPENAI,
    ),
)
