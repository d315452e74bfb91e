"""POST /v1/tag: one paper, some papers, or a bare list of papers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from models.errors import InputError
from models.paper import Paper
from models.tagging import Detail, Tagging, TagOptions
from service.api.body import check_media_type, decode, fault_of, invalid, read_body, read_query
from service.api.errors import JSON, Fault
from service.api.examples import ANSWER, ANSWER_IDS, MANY, ONE
from service.api.operation import Answer, Body, Call, Operation
from service.api.spelling import misspelt_options, text_hints
from service.schemas import (
    Options,
    PaperIn,
    TagBody,
    TaggingIds,
    TaggingOut,
    TagMany,
    TagOne,
    TagQuery,
    options_of,
    paper_of,
)

MODEL_HEADER = "Paperwire-Model"
"""Names the model that made an answer, for bodies that have no place for it."""

_FAULTS = 100
_BODY = msgspec.json.Decoder(TagBody)
_LIST = msgspec.json.Decoder(list[PaperIn])
_PAPER = msgspec.json.Decoder(PaperIn)
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_RAW_MANY = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class TagRequest:
    """A request that was understood: its papers, how to tag them, whether it was a single one, remarks by position."""

    papers: list[Paper]
    options: TagOptions
    single: bool
    warnings: Mapping[int, Sequence[str]]


async def tag(call: Call) -> Response:
    """The answers for the papers of a request."""
    query = read_query(call, TagQuery)
    check_media_type(call, JSON, missing=True)
    request = understood(await read_body(call), query, call)
    call.check_count(len(request.papers), "papers")
    bundle = call.engine.bundle
    taggings = await call.wait_for(call.engine.tag(request.papers, request.options, bundle))
    call.service.metrics.answered(taggings)
    answers = answers_of(taggings, request.options.detail, request.warnings)
    body = msgspec.json.encode(answers[0] if request.single else answers)
    return Response(body, headers={MODEL_HEADER: f"{bundle.name.name}@{bundle.name.version}"}, media_type=JSON)


def answers_of(
    taggings: Sequence[Tagging], detail: Detail, warnings: Mapping[int, Sequence[str]] | None = None
) -> list[dict[str, Any]]:
    """JSON-ready answers, with `warnings` by position; a paper that came without id has null."""
    answers = [tagging.to_json(detail) for tagging in taggings]
    for answer in answers:
        answer["id"] = answer["id"] or None
    for position, told in (warnings or {}).items():
        answers[position]["warnings"] = told
    return answers


def understood(raw: bytes, query: TagQuery, call: Call) -> TagRequest:
    """The request in a body.

    Raises:
        RefusalError: 400 or 422, with every fault and its place.
    """
    is_list = raw.lstrip()[:1] == b"["
    body = _body(raw, is_list)
    for given in (query, body):
        check_names(given, call)
    single = body.papers is UNSET
    if not is_list and (faults := misspelt_options(raw, many=not single)):
        raise invalid(faults)
    if not single and (body.title is not None or body.abstract is not None):
        raise invalid([Fault("papers", "stands beside 'title' or 'abstract': send one paper, or a list of papers")])
    options = options_of(body, query, call.settings.profile)
    sent: Sequence[PaperIn | TagOne] = [body] if body.papers is UNSET else body.papers
    hints = _hints(raw, sent, single=single, is_list=is_list)
    prefix = "" if is_list else "papers"
    papers = [_paper(one, "" if single else f"{prefix}[{n}]", hints.get(n, ())) for n, one in enumerate(sent)]
    return TagRequest(papers, options, single, hints)


def _body(raw: bytes, is_list: bool) -> TagBody:
    try:
        return TagBody(papers=_LIST.decode(raw)) if is_list else _BODY.decode(raw)
    except msgspec.ValidationError as error:
        raise invalid(_all_faults(raw, error, is_list)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        _ = decode(_LIST, raw) if is_list else decode(_BODY, raw)
        raise


def _hints(raw: bytes, sent: Sequence[PaperIn | TagOne], *, single: bool, is_list: bool) -> dict[int, tuple[str, ...]]:
    """What to tell of papers that lack a text, by position; the others are not looked at again."""
    lacking = [position for position, one in enumerate(sent) if not (one.title and one.abstract)]
    if not lacking:
        return {}
    try:
        raws = [raw] if single else _RAW_LIST.decode(raw if is_list else _RAW_MANY.decode(raw)["papers"])
    except (msgspec.DecodeError, UnicodeDecodeError):  # in a field's name, which nobody reads else
        return {}
    return {position: hints for position in lacking if (hints := text_hints(raws[position]))}


def check_names(options: Options, call: Call) -> None:
    """Nothing where the live model knows all themes and groups that options name.

    Raises:
        ThemeError: it does not.
    """
    for names in (options.include, options.exclude, options.under):
        if names is not UNSET:
            call.engine.bundle.taxonomy.under(names)


def one_paper(raw: bytes) -> tuple[Paper, Sequence[str]]:
    """The paper in a JSON text, and what to tell of it.

    Raises:
        RefusalError: 400 or 422.
    """
    given = decode(_PAPER, raw)
    hints = () if given.title and given.abstract else text_hints(raw)
    return _paper(given, "", hints), hints


def _paper(given: PaperIn | TagOne, place: str, hints: Sequence[str]) -> Paper:
    try:
        return paper_of(given)
    except InputError as error:
        raise invalid([Fault(place, "; ".join([str(error), *hints]))]) from None


def _all_faults(raw: bytes, first: msgspec.ValidationError, is_list: bool) -> list[Fault]:
    """Where papers are wrong, every one of them: the decoder stops at the first."""
    try:
        papers = _RAW_LIST.decode(raw if is_list else _RAW_MANY.decode(raw)["papers"])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError):
        return [fault_of(first, "")]
    faults: list[Fault] = []
    for position, paper in enumerate(papers):
        place = f"[{position}]" if is_list else f"papers[{position}]"
        try:
            _PAPER.decode(paper)
        except msgspec.ValidationError as error:
            faults.append(fault_of(error, f"{place}."))
        except UnicodeDecodeError as error:  # a text is decoded only once its field's type is known to be right
            faults.append(Fault(place, f"no UTF-8: {error}"))
        if len(faults) == _FAULTS:
            break
    return faults or [fault_of(first, "")]


OPERATIONS = (
    Operation(
        "POST",
        "/v1/tag",
        tag,
        "tag",
        "Tagging",
        "Tag one paper or many: one answer a paper, in order",
        (
            Answer(
                (TaggingOut, TaggingIds, list[TaggingOut], list[TaggingIds]),
                "One answer for one paper, a list for a list. `detail=ids` gives ids alone.",
                examples={"one": ANSWER, "ids": ANSWER_IDS},
            ),
        ),
        query=TagQuery,
        body=Body((TagOne, TagMany, list[PaperIn]), examples={"one": ONE, "many": MANY}),
        computes=True,
    ),
)
