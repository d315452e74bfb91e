"""What the endpoints about jobs take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.feeds import FORMATS
from service.schemas import ModelOut, Options

StateName = Literal["receiving", "queued", "running", "done", "failed", "cancelled"]
Phase = Literal["waiting", "fetching", "reading", "tagging", "ended"]
FormatName = Annotated[
    str,
    Meta(
        description="Format of the input; found out from its content where it is not given.",
        extra_json_schema={"enum": list(FORMATS)},
    ),
]
FormName = Annotated[Literal["jsonl", "csv"], Meta(description="How answers are written: JSON Lines or CSV.")]
Dump = Annotated[
    str,
    Meta(
        description="The dump itself, in any feed format, gzip or zstd too; any media type but application/json.",
        extra_json_schema={"format": "binary"},
    ),
]


class JobWish(Options, kw_only=True, forbid_unknown_fields=True):
    """How to read, tag and write a dump; what is left out is the server's default."""

    format: FormatName | UnsetType = UNSET
    output: FormName | UnsetType = UNSET


class JobQuery(JobWish, kw_only=True, forbid_unknown_fields=True):
    """Options in the query; lists are repeated or separated by commas."""


Path = Annotated[
    str, Meta(min_length=1, max_length=4096, description="A file or folder under one that the server allows.")
]
Url = Annotated[str, Meta(min_length=1, max_length=2000, description="An http(s) address that all may reach.")]


class JobOfPath(JobWish, kw_only=True, forbid_unknown_fields=True):
    """A dump that lies on the server."""

    path: Path


class JobOfUrl(JobWish, kw_only=True, forbid_unknown_fields=True):
    """A dump that the server is to fetch."""

    url: Url


class JobIn(JobWish, kw_only=True, forbid_unknown_fields=True):
    """Any JSON body of POST /v1/jobs: `JobOfPath` or `JobOfUrl`."""

    path: Path | UnsetType = UNSET
    url: Url | UnsetType = UNSET


class JobsQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which page of jobs."""

    state: StateName | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, Meta(max_length=400, description="`next` of the page before.")] = ""


class JobInputOut(msgspec.Struct):
    """Where a dump comes from: its path, its address, or the sha256 of an upload ("" while it arrives)."""

    kind: Literal["upload", "path", "url"]
    place: str


class JobProgressOut(msgspec.Struct):
    """How far a job is; bytes are those of the input as it lies on disk, null where nobody knows.

    `papers` were answered, `skipped` entries could not be read, `duplicates` were folded into others.
    """

    phase: Phase
    papers: int
    skipped: int
    duplicates: int
    bytes_read: int
    bytes_total: int | None
    papers_per_s: float
    eta_s: float | None


class JobLinks(msgspec.Struct):
    """Where to go on; null where there is nothing yet."""

    self: str
    result: str | None
    skipped: str | None


class JobOut(msgspec.Struct):
    """A job: what was asked for, how far it is, which model answers, and until when it is kept."""

    id: str
    state: StateName
    input: JobInputOut
    format: str | None
    output: Literal["jsonl", "csv"]
    options: dict[str, Any]
    owner: str
    model: ModelOut | None
    progress: JobProgressOut
    error: str | None
    created: datetime
    updated: datetime
    expires: datetime | None
    links: JobLinks


class JobsOut(msgspec.Struct):
    """A page of jobs, newest first; `next` is the cursor of the next page, null at the end."""

    jobs: list[JobOut]
    next: str | None
    next_url: str | None


class SkippedOut(msgspec.Struct):
    """An entry that was left out (`skipped`), a source that could not be read (`unreadable`), or a `note`."""

    source: str
    position: int
    id: str
    kind: Literal["skipped", "unreadable", "note"]
    reason: str
