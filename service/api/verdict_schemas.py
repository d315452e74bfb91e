"""What the endpoints about verdicts take and give."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from service.schemas import Categories, PaperId, ProblemOut

JudgementName = Literal["accept", "reject", "unsure"]
ThemeId = Annotated[
    str, Meta(max_length=200, description="Id of a theme of the live model.", extra_json_schema={"x-enum": "themes"})
]
Note = Annotated[str, Meta(max_length=2000, description="For people; kept as it is.")]
Complete = Annotated[
    bool,
    Meta(description="true: no theme fits but those you accept. false: take that back. Left out: as it was."),
]


class VerdictIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What you say about one theme; it replaces what you said about it before."""

    theme: ThemeId
    judgement: JudgementName
    note: Note = ""


class SentPaper(msgspec.Struct, kw_only=True):
    """A paper that is stored, and tagged, where the store lacks it; a title or an abstract is needed."""

    title: str = ""
    abstract: str = ""
    categories: Categories = []


class SaidIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What you say about a paper; at least one verdict, or `complete`."""

    verdicts: Annotated[list[VerdictIn], Meta(max_length=1000)] = []
    complete: Complete | None = None
    paper: SentPaper | None = None


class SaidOfIn(SaidIn, kw_only=True, forbid_unknown_fields=True):
    """What you say about the paper named."""

    id: PaperId


class ManySaidIn(msgspec.Struct, forbid_unknown_fields=True):
    """What you say about several papers."""

    papers: list[SaidOfIn]


class ManyRaw(msgspec.Struct, forbid_unknown_fields=True):
    """`ManySaidIn` before its entries are read, each by itself."""

    papers: list[msgspec.Raw]


class VerdictOut(msgspec.Struct):
    """What one person says about one theme."""

    theme: str
    label: str
    judgement: JudgementName
    who: str
    note: str
    time: str


class ReviewOut(msgspec.Struct):
    """What people say about a paper; `labels` is what the next training learns of it, null as long as it is open."""

    id: str
    verdicts: list[VerdictOut]
    complete_by: list[str]
    labels: list[str] | None


class SavedOut(msgspec.Struct):
    """What became of one entry of a batch; `error` is null where it was saved."""

    id: str | None
    error: ProblemOut | None


class ManySavedOut(msgspec.Struct):
    """What became of a batch, one entry a paper, in order."""

    saved: int
    failed: int
    papers: list[SavedOut]
