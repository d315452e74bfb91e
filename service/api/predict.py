"""POST /predict, which two protocols claim: `inputs` is text-embeddings-inference, `tasks` is Label Studio."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from service.api import labelstudio, tei
from service.api.body import check_media_type, decode, invalid, read_body
from service.api.errors import JSON, TEI, Fault
from service.api.examples import TEXT
from service.api.operation import Answer, Body, Call, Operation
from service.settings import Settings

_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_INPUTS = msgspec.json.Decoder(tei.PredictRequest)
_TASKS = msgspec.json.Decoder(labelstudio.LabelRequest)


async def predict(call: Call) -> Response:
    """The answer of the protocol that the body speaks."""
    check_media_type(call, JSON, missing=True)
    raw = await read_body(call)
    keys, spoken = decode(_KEYS, raw), call.settings.protocols
    if "tasks" in keys and "inputs" not in keys and "labelstudio" in spoken:
        return await labelstudio.predict(call, decode(_TASKS, raw))
    if "inputs" in keys and "tasks" not in keys and "tei" in spoken:
        return await tei.predict(call, decode(_INPUTS, raw))
    raise invalid([Fault("", "send 'inputs' (text-embeddings-inference) or 'tasks' (Label Studio), one of them")])


def operations(settings: Settings) -> Sequence[Operation]:
    """The endpoint, where either protocol is spoken."""
    if not {"tei", "labelstudio"} & set(settings.protocols):
        return ()
    task = {"tasks": [{"id": 1, "data": {"text": TEXT}}]}
    answer = Answer(
        (list[tei.Prediction], list[list[tei.Prediction]], labelstudio.LabelOut),
        "Predictions of one text or of many; or pre-annotations.",
    )
    body = Body((tei.PredictRequest, labelstudio.LabelRequest), examples={"inputs": {"inputs": TEXT}, "tasks": task})
    summary = "Classify texts (`inputs`), or pre-annotate tasks (`tasks`)"
    section = "Text embeddings inference"
    return (
        Operation(
            "POST", "/predict", predict, "predict", section, summary, (answer,), body=body, computes=True, form=TEI
        ),
    )
