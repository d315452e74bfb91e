"""What the endpoints about stored papers take and give."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.api.verdict_schemas import VerdictOut
from service.schemas import Probability

Names = Annotated[list[str], Meta(max_length=100)]
When = Annotated[str, Meta(max_length=40, description="A day, month or moment (ISO 8601), or so long ago: `7d`.")]
Where = Annotated[
    str, Meta(max_length=2000, description="The query language: `theme:consensus NOT text:survey p>=0.8`.")
]
SortName = Literal["published", "updated", "first_seen", "probability", "novelty", "relevance"]
FacetName = Literal["themes", "categories", "sources"]


class PapersQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which papers, in which order; conditions must all hold, lists are repeated or separated by commas."""

    theme: Names = []
    group: Names = []
    all_themes: Names = []
    not_theme: Names = []
    primary: Names = []
    category: Names = []
    not_category: Names = []
    source: Names = []
    id: Names = []
    text: Annotated[str, Meta(max_length=1000, description="Words in title, abstract or authors.")] = ""
    where: Where = ""
    saved: Annotated[str, Meta(max_length=63, description="Name of a saved query.")] = ""
    since: When = ""
    until: When = ""
    published_since: When = ""
    published_until: When = ""
    min_probability: Probability | None = None
    max_probability: Probability | None = None
    min_novelty: Probability | None = None
    max_novelty: Probability | None = None
    tagged: bool | None = None
    abstained: bool | None = None
    withdrawn: bool | None = None
    stale: bool | None = None
    reviewed: bool | None = None
    sort: SortName = "first_seen"
    order: Literal["desc", "asc"] = "desc"
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50
    cursor: Annotated[str, Meta(max_length=400, description="`next` of the page before.")] = ""
    facets: list[FacetName] = []
    count: Annotated[bool, Meta(description="Also say how many papers match in all.")] = False


class SimilarQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How many neighbours, and which papers may be among them."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 10
    where: Where = ""
    encoder: Annotated[
        str,
        Meta(
            max_length=200,
            description="Whose vectors to compare, as an answer names it; none: the best that most papers have.",
        ),
    ] = ""


class FeedQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which page of a feed."""

    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    cursor: Annotated[str, Meta(max_length=400, description="From the link to the page.")] = ""


class StoredTagOut(msgspec.Struct):
    """A theme of a stored paper; `automatic` where no person gave it."""

    theme: str
    label: str
    path: list[str]
    probability: Probability
    source: str
    automatic: bool


class StoredTaggingOut(msgspec.Struct):
    """The current answer about a stored paper; `bundle` and `time` say which model gave it, and when."""

    tags: list[StoredTagOut]
    primary: str | None
    abstained: bool
    reasons: list[str]
    novelty: float | None
    profile: str
    bundle: str
    time: str


class StoredPaperOut(msgspec.Struct):
    """A stored paper, latest version; fields that are not known are left out."""

    id: str
    first_seen: str
    changed: str
    withdrawn: bool
    stale: bool
    tagging: StoredTaggingOut | None
    title: str | UnsetType = UNSET
    abstract: str | UnsetType = UNSET
    version: int | UnsetType = UNSET
    authors: list[str] | UnsetType = UNSET
    categories: list[str] | UnsetType = UNSET
    published: str | UnsetType = UNSET
    updated: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    comment: str | UnsetType = UNSET
    doi: str | UnsetType = UNSET


class PapersOut(msgspec.Struct):
    """A page of papers; `next` is the cursor of the next page, null at the end."""

    papers: list[StoredPaperOut]
    next: str | None
    next_url: str | None
    total: int | None
    facets: dict[str, dict[str, int]]


class AnnouncementOut(msgspec.Struct):
    """Who announced a paper, when first, and how: `new`, `cross`, `replace`, `replace-cross`, "" where not said."""

    source: str
    kind: str
    first_seen: str


class PaperDetails(StoredPaperOut, kw_only=True):
    """A stored paper with what else is known: every distinct report of it, who announced it, what people say."""

    versions: list[dict[str, Any]]
    announcements: list[AnnouncementOut]
    verdicts: list[VerdictOut]
    complete_by: list[str]
    labels: list[str] | None


class SimilarPaper(msgspec.Struct):
    """A neighbour and its cosine."""

    similarity: float
    paper: StoredPaperOut


class SimilarOut(msgspec.Struct):
    """Papers near in meaning, nearest first: whose vectors were compared, and how many texts have one."""

    encoder: str
    compared: int
    papers: list[SimilarPaper]
