"""Annif's REST API on our model, so that `annif-client` and what is built on it work unchanged.

A project is a profile of the live model: `themes` (auto), `themes-fast`, `themes-accurate`; the
vocabulary is its taxonomy. Shapes and statuses follow Annif's OpenAPI document, version v1.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from functools import partial
from typing import get_args

import msgspec
import numpy as np
from msgspec import UNSET
from starlette.responses import Response

from models.bundle import ModelBundle
from models.errors import NotFoundError
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
from service.api.errors import ANNIF, RefusalError
from service.api.examples import TEXT
from service.api.health import reply
from service.api.languages import detect
from service.api.operation import Answer, Body, Call, Endpoint, Operation
from service.settings import Settings
from service.work import ScoreRow

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


async def learn(call: Call) -> Response:
    """Refused, as Annif does for projects that do not allow it."""
    _profile(call)
    await read_json(call, _LEARN)
    message = "this project does not learn online: record verdicts and train a new bundle with `paperwire train`"
    raise RefusalError(403, "learning-not-allowed", message)


async def detect_language(call: Call) -> Response:
    """Probability of each candidate language."""
    question = await read_json(call, _QUESTION)
    found = await call.wait_for(detect(question.text, question.languages))
    return reply(LanguageScores([LanguageScore(language, score) for language, score in found]))


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


def _suggestions(row: ScoreRow, bundle: ModelBundle, wanted: SuggestOptions, prefix: str) -> list[Suggestion]:
    order = np.argsort(-row.probabilities, kind="stable")[: wanted.limit]
    themes = [(bundle.taxonomy.themes[column], float(row.probabilities[column])) for column in order.tolist()]
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
    one, many = partial(suggest, settings.theme_uri), partial(suggest_batch, settings.theme_uri)
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
            learn,
            "annifLearn",
            "Learn from labelled documents: not allowed here",
            Answer(None, "Never: projects do not learn online.", status=204),
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
