"""What our own endpoints take and give, as msgspec structs: they check requests and make the OpenAPI document.

`x-enum` in a schema stands for values that the live model knows: the document lists them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from models.errors import InputError
from models.paper import Paper
from models.tagging import TagOptions

Probability = Annotated[float, Meta(ge=0, le=1)]
ThemeOrGroup = Annotated[str, Meta(description="Id of a theme or group.", extra_json_schema={"x-enum": "names"})]
ProfileName = Literal["fast", "accurate", "auto"]
# JSON has one kind of number, and 3.0 is a whole one: hence float, with a step of 1.
Top = Annotated[
    float,
    Meta(
        ge=1,
        le=1000,
        multiple_of=1,
        description="At most so many tags a paper.",
        extra_json_schema={"type": "integer"},
    ),
]
MinProbability = Annotated[float, Meta(ge=0, le=1, description="One threshold for every theme.")]
Promise = Annotated[
    str,
    Meta(
        pattern=r"^(f1|(precision|recall)=0\.[0-9]{0,5}[1-9])$",
        description="What thresholds are chosen for: `f1`, `precision=0.9` or `recall=0.95`.",
        examples=["f1", "precision=0.9", "recall=0.95"],
    ),
]
Themes = Annotated[list[ThemeOrGroup], Meta(max_length=1000)]


class Options(msgspec.Struct, kw_only=True):
    """How to tag; what is left out is the server's default."""

    detail: Literal["ids", "scores", "full"] | UnsetType = UNSET
    profile: ProfileName | UnsetType = UNSET
    top: Top | UnsetType = UNSET
    min_probability: MinProbability | UnsetType = UNSET
    promise: Promise | UnsetType = UNSET
    include: Themes | UnsetType = UNSET
    exclude: Themes | UnsetType = UNSET
    under: Themes | UnsetType = UNSET


class TagQuery(Options, kw_only=True, forbid_unknown_fields=True):
    """Options in the query; lists are repeated or separated by commas."""


PaperId = Annotated[str, Meta(max_length=500, description="Comes back with the answer.")]
Categories = Annotated[list[str], Meta(max_length=200)]
Revision = Annotated[
    float,
    Meta(
        ge=1,
        le=1_000_000,
        multiple_of=1,
        description="Revision; comes back.",
        extra_json_schema={"type": "integer"},
    ),
]


class PaperIn(msgspec.Struct, kw_only=True):
    """One paper; a title or an abstract is needed, other fields are ignored. Both together may take 1 MiB."""

    id: PaperId | None = None
    title: str | None = None
    abstract: str | None = None
    categories: Categories | None = None
    version: Revision | None = None


class TagOne(Options, kw_only=True):
    """One paper, as `PaperIn`, and how to tag it."""

    # The fields of `PaperIn` once more: a msgspec struct cannot have two bases with fields.
    id: PaperId | None = None
    title: str | None = None
    abstract: str | None = None
    categories: Categories | None = None
    version: Revision | None = None


class TagMany(Options, kw_only=True):
    """Papers and how to tag them."""

    papers: list[PaperIn]


class TagBody(TagOne, kw_only=True):
    """Any body of POST /v1/tag that is an object: `TagOne` or `TagMany`."""

    papers: list[PaperIn] | UnsetType = UNSET


class EvidenceOut(msgspec.Struct):
    """A stretch of title or abstract that carried a tag; offsets in characters of the field as it came."""

    field: Literal["title", "abstract"]
    start: int
    end: int
    text: str
    weight: float


class TagOut(msgspec.Struct):
    """A theme given to a paper; `evidence` with `detail=full`."""

    theme: str
    label: str
    path: list[str]
    probability: Probability
    threshold: float
    source: Literal["model", "definition", "rule"]
    evidence: list[EvidenceOut] | UnsetType = UNSET


class ThemeScore(msgspec.Struct):
    """A theme's probability."""

    theme: str
    probability: Probability


class GroupScore(msgspec.Struct):
    """A group's probability."""

    group: str
    probability: Probability


class NeighbourOut(msgspec.Struct):
    """A labelled paper near in meaning."""

    id: str
    similarity: float
    themes: list[str]


class ModelOut(msgspec.Struct):
    """Which model made an answer."""

    name: str
    version: str
    sha256: str
    taxonomy: str


AnsweredBy = Annotated[
    Literal["fast", "opening", "accurate"],
    Meta(
        description="What gave the probabilities: `fast` words; `accurate` also the encoder, on 256 word pieces; "
        "`opening` the same on the first 96, with some bundles. `auto` goes from one to the next while in doubt."
    ),
]


class TaggingIds(msgspec.Struct):
    """The answer with `detail=ids`."""

    id: str | None
    tags: list[str]
    warnings: list[str] | UnsetType = UNSET


class TaggingOut(msgspec.Struct):
    """The answer for one paper; no tag, and `reasons`, where the model abstains.

    `warnings`, only there where a title or abstract is missing, names fields that may have been meant.
    """

    id: str | None
    version: int | None
    title: str
    tags: list[TagOut]
    primary: str | None
    abstained: bool
    reasons: list[str]
    novelty: Probability
    truncated: bool
    profile: AnsweredBy
    scores: list[ThemeScore]
    groups: list[GroupScore]
    model: ModelOut
    neighbours: list[NeighbourOut] | UnsetType = UNSET
    warnings: list[str] | UnsetType = UNSET


class ThemeOut(msgspec.Struct):
    """One theme: what belongs to it, and what only looks alike."""

    id: str
    label: str
    group: str
    scope: str
    exclusion: str


class GroupOut(msgspec.Struct):
    """One group of themes."""

    id: str
    label: str


class ThemesOut(msgspec.Struct):
    """The live model's taxonomy; its fingerprint changes with any part of it."""

    taxonomy: str
    groups: list[GroupOut]
    themes: list[ThemeOut]


class FaultOut(msgspec.Struct):
    """One thing that is wrong, and where."""

    field: str
    message: str


class ProblemOut(msgspec.Struct):
    """An error (RFC 9457); `detail` says what to do, `errors` lists every single problem."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FaultOut]


def paper_of(given: PaperIn | TagOne) -> Paper:
    """The paper of a request.

    Raises:
        InputError: neither a title nor an abstract.
    """
    if given.title is None and given.abstract is None:
        raise InputError("a paper has neither 'title' nor 'abstract': give at least one of them")
    categories = tuple(given.categories or ())
    version = None if given.version is None else int(given.version)
    return Paper(given.id or "", given.title or "", given.abstract or "", version, categories=categories)


def options_of(body: Options, query: Options, default: ProfileName) -> TagOptions:
    """How to tag: what the body says, else the query, else the default.

    Raises:
        InputError: a value out of its range.
    """
    chosen: dict[str, Any] = {"profile": default}
    for given in (query, body):
        for name in Options.__struct_fields__:
            value = getattr(given, name)
            if value is not UNSET:
                chosen[name] = tuple(value) if isinstance(value, list) else value
    if "top" in chosen:
        chosen["top"] = int(chosen["top"])
    return TagOptions(**chosen)
