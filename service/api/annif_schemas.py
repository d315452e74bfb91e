"""Shapes of Annif's REST API, after its OpenAPI document, version v1."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

BATCH = 32
"""Most documents of a batch."""

Language = Annotated[str, Meta(max_length=3, extra_json_schema={"x-enum": "languages"})]
Limit = Annotated[int, Meta(ge=0, le=2_147_483_647, description="Most results.")]
Threshold = Annotated[float, Meta(ge=0, le=1, description="Least score.")]


class ApiInfo(msgspec.Struct):
    """What the service is."""

    title: str
    version: str


class Vocabulary(msgspec.Struct):
    """A vocabulary: the live model's themes."""

    vocab_id: str
    languages: list[str]
    size: int
    loaded: bool


class VocabularyList(msgspec.Struct):
    """All vocabularies."""

    vocabs: list[Vocabulary]


class Backend(msgspec.Struct):
    """What computes a project's suggestions."""

    backend_id: str


class Project(msgspec.Struct):
    """A profile of the live model."""

    project_id: str
    name: str
    language: str
    backend: Backend
    vocab: Vocabulary
    vocab_language: str
    is_trained: bool
    modification_time: str | None


class ProjectList(msgspec.Struct):
    """All projects."""

    projects: list[Project]


class Suggestion(msgspec.Struct):
    """A theme with its probability."""

    uri: str
    label: str
    notation: str
    score: float


class SuggestionList(msgspec.Struct):
    """Themes of a text, most probable first."""

    results: list[Suggestion]


class BatchSuggestions(msgspec.Struct):
    """Themes of one document of a batch."""

    document_id: str | None
    results: list[Suggestion]


class SuggestOptions(msgspec.Struct, kw_only=True):
    """What to suggest."""

    limit: Limit = 10
    threshold: Threshold = 0.0
    language: Literal["en"] | UnsetType = UNSET


class SuggestForm(SuggestOptions, kw_only=True):
    """A text and what to suggest; further fields are ignored."""

    text: str


class Document(msgspec.Struct, kw_only=True):
    """A text of a batch."""

    text: str
    document_id: str | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType = UNSET


class Documents(msgspec.Struct):
    """A batch of texts."""

    documents: Annotated[list[Document], Meta(max_length=BATCH)]


class Subject(msgspec.Struct, kw_only=True):
    """A theme that somebody gave."""

    uri: str
    label: str | UnsetType = UNSET


class IndexedDocument(msgspec.Struct, kw_only=True):
    """A text with the themes that somebody gave."""

    text: str | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType = UNSET
    subjects: list[Subject] | UnsetType = UNSET


class LanguageQuestion(msgspec.Struct):
    """A text and the languages it may be in."""

    text: str
    languages: Annotated[list[Language], Meta(min_length=1, max_length=5)]


class LanguageScore(msgspec.Struct):
    """Probability of a language; null stands for any other."""

    language: str | None
    score: float


class LanguageScores(msgspec.Struct):
    """Languages, most probable first."""

    results: list[LanguageScore]
