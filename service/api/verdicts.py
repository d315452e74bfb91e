"""What people say about papers over HTTP: a paper's verdicts, a batch of them, one taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from models.errors import NotFoundError, PaperwireError, ThemeError
from models.paper import Paper
from service.api.body import decode, invalid, read_json
from service.api.conditional import conditional
from service.api.errors import JSON, Fault, RefusalError, problem_body, problem_of
from service.api.examples import PAPER
from service.api.health import reply
from service.api.operation import REQUEST_ID, Answer, Body, Call, Operation
from service.api.reviewing import Said, completeness, id_of, record, speaker, verdict
from service.api.verdict_schemas import ManyRaw, ManySaidIn, ManySavedOut, ReviewOut, SaidIn, SaidOfIn, VerdictIn
from service.out.names import ThemeNames
from service.out.text import iso_time
from service.store import Judgement, Store, Verdict
from service.store.reviews import OTHERS

Json = dict[str, Any]

_ONE = msgspec.json.Decoder(SaidIn)
_ENTRY = msgspec.json.Decoder(SaidOfIn)
_MANY = msgspec.json.Decoder(ManyRaw)
_PAPER = {"id": ("Id of a paper, such as `arxiv:2603.09122`.", "")}


async def judge(call: Call) -> Response:
    """What the caller says about a paper, added to what was said."""
    given = await read_json(call, _ONE)
    said = _said(call, call.request.path_params["id"], given)
    [problem] = await record(call, [said])
    if problem is not None:
        raise problem
    store, names = call.service.library.open(), ThemeNames(call.engine.bundle.taxonomy)
    return reply(await asyncio.to_thread(review_record, store, said.paper_id, names))


async def judge_many(call: Call) -> Response:
    """What the caller says about several papers; an entry that is wrong costs no other."""
    entries = (await read_json(call, _MANY)).papers
    call.check_count(len(entries), "papers")
    read = [_entry(call, entry) for entry in entries]
    right = [said for said in read if isinstance(said, Said)]
    problems = iter(await record(call, right))
    outcomes = [(said.paper_id, next(problems)) if isinstance(said, Said) else (None, said) for said in read]
    told = [{"id": name, "error": _error(call, problem)} for name, problem in outcomes]
    failed = sum(problem is not None for _, problem in outcomes)
    return reply({"saved": len(outcomes) - failed, "failed": failed, "papers": told})


async def verdicts(call: Call) -> Response:
    """What people say about a paper."""
    name, names = id_of(call.request.path_params["id"]), ThemeNames(call.engine.bundle.taxonomy)
    body = await asyncio.to_thread(_review, call, name, names)
    return conditional(call, msgspec.json.encode(body), JSON)


async def take_back(call: Call) -> Response:
    """The caller says nothing about a theme any more."""
    name, theme = id_of(call.request.path_params["id"]), call.request.path_params["theme"]
    if not await asyncio.to_thread(_take_back, call, name, theme):
        raise NotFoundError(f"{speaker(call)!r} has said nothing about {theme[:200]!r} on paper {name[:200]!r}")
    return Response(status_code=204)


def review_record(store: Store, paper: str, names: ThemeNames) -> Json:
    """JSON-ready dict of `ReviewOut`.

    Raises:
        NotFoundError: there is no such paper.
    """
    store.papers.get(paper)
    said, found = store.verdicts.of(paper), store.verdicts.reviews([paper]).get(paper)
    labels = None if found is None or found.labels is None else list(found.labels)
    sure = [one.who for one in said if one.theme == OTHERS and one.judgement is Judgement.REJECT]
    listed = [_record(one, names) for one in said if one.theme != OTHERS]
    return {"id": paper, "verdicts": listed, "complete_by": sure, "labels": labels}


def unknown_themes(call: Call, themes: Mapping[str, str]) -> list[Fault]:
    """A fault for every theme that the live model does not know, with the nearest names.

    Args:
        themes: themes by the place they stand at.
    """
    faults: list[Fault] = []
    for place, theme in themes.items():
        try:
            call.engine.bundle.taxonomy.column(theme)
        except ThemeError as error:
            faults.append(Fault(place, str(error)))
    return faults


def _review(call: Call, paper: str, names: ThemeNames) -> Json:
    return review_record(call.service.library.open(), paper, names)


def _take_back(call: Call, paper: str, theme: str) -> bool:
    return call.service.library.open().verdicts.take_back(paper, theme, speaker(call))


def _record(said: Verdict, names: ThemeNames) -> Json:
    return {
        "theme": said.theme,
        "label": names.label(said.theme),
        "judgement": str(said.judgement),
        "who": said.who,
        "note": said.note,
        "time": iso_time(said.time) if said.time else "",
    }


def _entry(call: Call, raw: msgspec.Raw) -> Said | PaperwireError:
    try:
        given = decode(_ENTRY, bytes(raw))
        return _said(call, given.id, given)
    except RefusalError as error:
        return error


def _said(call: Call, name: str, given: SaidIn) -> Said:
    """What a request says about a paper.

    Raises:
        RefusalError: 422, nothing is said, or a theme is unknown.
    """
    if not given.verdicts and given.complete is None:
        raise invalid([Fault("verdicts", "says nothing: give a verdict on a theme, or 'complete'")])
    faults = unknown_themes(call, {f"verdicts[{n}].theme": one.theme for n, one in enumerate(given.verdicts)})
    if faults:
        raise RefusalError(422, "unknown-theme", faults[0].message, faults=faults)
    paper, who = id_of(name), speaker(call)
    return Said(paper, who, tuple(_verdicts(paper, who, given.verdicts, given.complete)), _sent(paper, given))


def _verdicts(paper: str, who: str, given: Iterable[VerdictIn], complete: bool | None) -> Iterable[Verdict]:
    for one in given:
        yield verdict(paper, who, one.theme, one.judgement, one.note)
    if complete is not None:
        yield completeness(paper, who, complete)


def _sent(paper: str, given: SaidIn) -> Paper | None:
    if given.paper is None:
        return None
    return Paper(paper, given.paper.title, given.paper.abstract, categories=tuple(given.paper.categories))


def _error(call: Call, problem: PaperwireError | None) -> Json | None:
    return None if problem is None else problem_body(problem_of(problem), call.request.scope[REQUEST_ID])


_SAID = {"verdicts": [{"theme": "consensus", "judgement": "accept"}], "complete": True}
_SENT = {"paper": {"title": PAPER["title"], "abstract": PAPER["abstract"]}}

OPERATIONS = (
    Operation(
        "POST",
        "/v1/papers/{id:path}/verdicts",
        judge,
        "judge",
        "Verdicts",
        "Say which themes fit a paper, and which do not",
        (Answer(ReviewOut, "What people say about the paper now."),),
        scope="review",
        body=Body(SaidIn, examples={"complete": _SAID, "sent": {**_SAID, **_SENT}}),
        path_values=_PAPER,
        computes=True,
    ),
    Operation(
        "GET",
        "/v1/papers/{id:path}/verdicts",
        verdicts,
        "verdicts",
        "Verdicts",
        "What people say about a paper",
        (Answer(ReviewOut, "What people say about it."), Answer(None, "Not modified.", 304)),
        path_values=_PAPER,
        computes=True,
    ),
    Operation(
        "DELETE",
        "/v1/papers/{id:path}/verdicts/{theme}",
        take_back,
        "takeBack",
        "Verdicts",
        "Take back what you said about a theme",
        (Answer(None, "It is as if you had never said it.", 204),),
        scope="review",
        path_values={**_PAPER, "theme": ("Id of a theme that you gave a verdict on.", "themes")},
        computes=True,
    ),
    Operation(
        "POST",
        "/v1/verdicts",
        judge_many,
        "judgeMany",
        "Verdicts",
        "Say which themes fit several papers; an entry that is wrong costs no other",
        (Answer(ManySavedOut, "What became of each entry, in order."),),
        scope="review",
        body=Body(ManySaidIn, examples={"one": {"papers": [{"id": PAPER["id"], **_SAID, **_SENT}]}}),
        computes=True,
    ),
)
