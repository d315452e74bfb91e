"""Annif's REST API on our model, so that `annif-client` and what is built on it work unchanged.

A project is a profile of the live model: `themes` (auto), `themes-fast`, `themes-accurate`; the
vocabulary is its taxonomy. Shapes and statuses follow Annif's OpenAPI document, version v1.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import get_args

import msgspec
import numpy as np
from msgspec import UNSET
from starlette.responses import Response

from models.bundle import ModelBundle
from models.errors import NotFoundError, UnavailableError
from models.paper import Paper
from models.tagging import Profile
from service.api.annif_schemas import (
    ApiInfo,
    Backend,
    BatchSuggestions,
    Documents,
    IndexedDocument,
    LanguageQuestion,
    LanguageScore,
    LanguageScores,
    Project,
    ProjectList,
    SuggestForm,
    Suggestion,
    SuggestionList,
    SuggestOptions,
    Vocabulary,
    VocabularyList,
)
from service.api.body import read_form, read_json, read_query
from service.api.errors import ANNIF, Fault, RefusalError
from service.api.examples import TEXT
from service.api.health import reply
from service.api.languages import detect
from service.api.operation import Answer, Body, Call, Endpoint, Operation
from service.api.reviewing import Said, completeness, id_of, record, speaker, verdict
from service.api.verdicts import unknown_themes
from service.settings import Settings
from service.work import Vector

_SECTION = "Annif"
_PROJECT = {"project_id": ("A project of `/v1/projects`.", "projects")}

_DOCUMENTS = msgspec.json.Decoder(Documents)
_LEARN = msgspec.json.Decoder(list[IndexedDocument])
_QUESTION = msgspec.json.Decoder(LanguageQuestion)


async def info(_call: Call) -> Response:
    """What the service is."""
    return reply(ApiInfo("Paperwire (Annif REST API)", importlib.metadata.version("paperwire")))


async def vocabs(call: Call) -> Response:
    """The live taxonomy as a vocabulary."""
    return reply(VocabularyList([_vocabulary(call.engine.bundle)]))


async def projects(call: Call) -> Response:
    """Every profile as a project."""
    return reply(ProjectList([_project(call.engine.bundle, profile) for profile in get_args(Profile)]))


async def project(call: Call) -> Response:
    """One profile as a project."""
    return reply(_project(call.engine.bundle, _profile(call)))


async def suggest(prefix: str, call: Call) -> Response:
    """Themes of one text."""
    profile, form = _profile(call), await read_form(call, SuggestForm)
    bundle = call.engine.bundle
    [row] = await call.wait_for(call.engine.score([Paper("", abstract=form.text)], profile, bundle))
    return reply(SuggestionList(_suggestions(row, bundle, form, prefix)))


async def suggest_batch(prefix: str, call: Call) -> Response:
    """Themes of up to 32 texts."""
    profile, query = _profile(call), read_query(call, SuggestOptions)
    documents = (await read_json(call, _DOCUMENTS)).documents
    call.check_count(len(documents), "documents")
    bundle, papers = call.engine.bundle, [Paper("", abstract=document.text) for document in documents]
    rows = await call.wait_for(call.engine.score(papers, profile, bundle))
    names = [None if document.document_id is UNSET else document.document_id for document in documents]
    found = [_suggestions(row, bundle, query, prefix) for row in rows]
    return reply([BatchSuggestions(name, results) for name, results in zip(names, found, strict=True)])


async def learn(prefix: str, call: Call) -> Response:
    """Documents and their subjects are kept for the next training; documents without subjects teach nothing.

    A document that cannot be kept costs no other: the rest is on disk before the answer names it.
    """
    _profile(call)
    documents = await read_json(call, _LEARN)
    call.check_count(len(documents), "documents")
    await _check_learns(call)
    taught = [_taught(call, prefix, document, place) for place, document in enumerate(documents)]
    said = [one for one in taught if isinstance(one, Said)]
    faults = [fault for one in taught if isinstance(one, list) for fault in one]
    faults += [
        Fault(one.paper_id, str(problem))
        for one, problem in zip(said, await record(call, said), strict=True)
        if problem
    ]
    if faults:
        message = f"{faults[0].field}: {faults[0].message} (the other documents are kept)"
        raise RefusalError(422, "invalid-input", message, faults=faults)
    return Response(status_code=204)


async def detect_language(call: Call) -> Response:
    """Probability of each candidate language."""
    question = await read_json(call, _QUESTION)
    found = await call.wait_for(detect(question.text, question.languages))
    return reply(LanguageScores([LanguageScore(language, score) for language, score in found]))


async def _check_learns(call: Call) -> None:
    try:
        await asyncio.to_thread(call.service.library.open)
    except UnavailableError as error:
        raise RefusalError(403, "learning-not-allowed", f"this project cannot learn: {error}") from None


def _taught(call: Call, prefix: str, document: IndexedDocument, place: int) -> Said | list[Fault]:
    """What a document says, or what is wrong with it: its subjects fit, and no other theme does."""
    metadata = document.metadata or {}
    subjects = document.subjects or []
    text = Paper("", metadata.get("title", ""), document.text or "")
    if not subjects or not text.text:
        return []
    themes = [subject.uri.removeprefix(prefix) for subject in subjects]
    faults = unknown_themes(call, {f"[{place}].subjects[{n}].uri": theme for n, theme in enumerate(themes)})
    if faults:
        return faults
    paper, who = id_of(metadata.get("document_id", ""), text), speaker(call)
    words = (*(verdict(paper, who, theme, "accept") for theme in themes), completeness(paper, who, complete=True))
    return Said(paper, who, words, replace(text, id=paper), whole=True)


def _profile(call: Call) -> Profile:
    project_id, name = call.request.path_params["project_id"], call.engine.bundle.name.name
    for profile in get_args(Profile):
        if project_id == _project_id(name, profile):
            return profile  # type: ignore[no-any-return]
    raise NotFoundError(f"there is no project {project_id!r}: GET /v1/projects lists them")


def _project_id(name: str, profile: str) -> str:
    return name if profile == "auto" else f"{name}-{profile}"


def _project(bundle: ModelBundle, profile: Profile) -> Project:
    name, vocabulary = bundle.name.name, _vocabulary(bundle)
    title = f"Paperwire {name} {bundle.name.version}, profile {profile}"
    return Project(_project_id(name, profile), title, "en", Backend("paperwire"), vocabulary, "en", True, None)


def _vocabulary(bundle: ModelBundle) -> Vocabulary:
    return Vocabulary(bundle.name.name, ["en"], len(bundle.taxonomy), loaded=True)


def _suggestions(row: Vector, bundle: ModelBundle, wanted: SuggestOptions, prefix: str) -> list[Suggestion]:
    order = np.argsort(-row, kind="stable")[: wanted.limit]
    themes = [(bundle.taxonomy.themes[column], float(row[column])) for column in order.tolist()]
    return [
        Suggestion(prefix + theme.id, theme.label, theme.id, round(score, 6))
        for theme, score in themes
        if score >= wanted.threshold
    ]


def operations(settings: Settings) -> Sequence[Operation]:
    """Annif's endpoints; themes become URIs with the settings' prefix."""
    batch = {"documents": [{"document_id": "example:1", "text": TEXT}]}
    candidates = {"text": TEXT, "languages": ["en", "fi"]}
    subjects = [{"text": TEXT, "subjects": [{"uri": f"{settings.theme_uri}consensus"}]}]
    one, many, taught = (partial(function, settings.theme_uri) for function in (suggest, suggest_batch, learn))
    return (
        _get("/v1/", info, "annifInfo", "What the service is", ApiInfo),
        _get("/v1/vocabs", vocabs, "annifVocabs", "Vocabularies: the live model's themes", VocabularyList),
        _get("/v1/projects", projects, "annifProjects", "Projects: profiles of the live model", ProjectList),
        _get("/v1/projects/{project_id}", project, "annifProject", "One project", Project),
        _post(
            "/v1/projects/{project_id}/suggest",
            one,
            "annifSuggest",
            "Suggest themes for a text",
            Answer(SuggestionList, "Themes, most probable first."),
            Body(SuggestForm, "application/x-www-form-urlencoded", {"text": {"text": TEXT, "limit": 5}}),
        ),
        _post(
            "/v1/projects/{project_id}/suggest-batch",
            many,
            "annifSuggestBatch",
            "Suggest themes for up to 32 texts",
            Answer(list[BatchSuggestions], "One entry a document, in order."),
            Body(Documents, examples={"batch": batch}),
            query=SuggestOptions,
        ),
        _post(
            "/v1/projects/{project_id}/learn",
            taught,
            "annifLearn",
            "Keep labelled documents for the next training",
            Answer(None, "They are kept.", status=204),
            Body(list[IndexedDocument], examples={"labelled": subjects}),
        ),
        _post(
            "/v1/detect-language",
            detect_language,
            "annifDetectLanguage",
            "Detect the language of a text among candidates",
            Answer(LanguageScores, "Candidates, most probable first; null for any other language."),
            Body(LanguageQuestion, examples={"english": candidates}),
        ),
    )


def _get(path: str, endpoint: Endpoint, name: str, summary: str, kind: type) -> Operation:
    values = _PROJECT if "{" in path else {}
    answers = (Answer(kind, "Found."),)
    return Operation("GET", path, endpoint, name, _SECTION, summary, answers, path_values=values, form=ANNIF)


def _post(
    path: str, endpoint: Endpoint, name: str, summary: str, answer: Answer, body: Body, query: type | None = None
) -> Operation:
    return Operation(
        "POST",
        path,
        endpoint,
        name,
        _SECTION,
        summary,
        (answer,),
        query=query,
        body=body,
        computes=True,
        path_values=_PROJECT if "{" in path else {},
        form=ANNIF,
        scope="review" if name == "annifLearn" else "tag",
    )
