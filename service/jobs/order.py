"""What a process is told to do, and what it tells: one JSON object a line, each way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from models.tagging import TagOptions

if TYPE_CHECKING:
    from service.store import JobState  # SQL is no matter of the process

KIND = "tag"
"""What the store calls jobs that tag a dump."""

DONE, FAILED, INTERRUPTED, BUSY = 0, 3, 130, 75
"""Exit codes of a process; what else there is to say it has told before."""

Form = Literal["jsonl", "csv"]
Origin = Literal["upload", "path", "url"]


class JobOptions(msgspec.Struct, frozen=True):
    """What the store keeps of a job's request: where its input comes from, how to read, tag and write it."""

    origin: Origin
    tag: TagOptions
    output: Form = "jsonl"
    format: str | None = None

    def as_json(self) -> dict[str, Any]:
        """JSON-ready dict, equal to what the store gives back for it."""
        kept: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return kept


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One dump to tag.

    Attributes:
        options: as asked for. place: path or URL of the input; of an upload its digest.
        folder: of the job's files. roots: folders that a path must lie under.
        bundle, sha256: directory of the model, and of its manifest. rules: file of rules over it.
        threads: cores to use. input_bytes: most bytes to fetch.
        networks, agent: manners of a fetch.
    """

    options: JobOptions
    place: str
    folder: str
    roots: tuple[str, ...]
    bundle: str
    sha256: str
    rules: str | None
    threads: int
    input_bytes: int
    networks: tuple[str, ...]
    agent: str


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a process is.

    Attributes:
        papers: answered, by earlier processes too. skipped, duplicates: entries. bytes_read, bytes_total:
            of the input as it lies on disk, None where nobody knows. papers_per_s: of this process.
        eta_s: seconds to go by the pace so far, None where nobody knows.
        model: name, version, sha256 and taxonomy of the bundle. phase: what it is at.
        ended: how it ended; "trouble" may pass when it is tried again. error: why, one line.
    """

    papers: int = 0
    skipped: int = 0
    duplicates: int = 0
    bytes_read: int = 0
    bytes_total: int | None = None
    papers_per_s: float = 0.0
    eta_s: float | None = None
    model: dict[str, str] | None = None
    phase: Literal["fetching", "reading", "tagging"] = "reading"
    ended: Literal["", "done", "failed", "trouble"] = ""
    error: str = ""

    def as_progress(self) -> dict[str, Any]:
        """What the store keeps of it."""
        kept: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in kept.items() if name not in ("ended", "error")}


class Watcher(Protocol):
    """Who counts jobs."""

    def jobs(self, counts: Mapping[JobState, int]) -> None:
        """How many there are in each state now."""

    def job_papers(self, papers: int) -> None:
        """So many papers more were answered."""

    def job_ended(self, state: JobState) -> None:
        """One job ended."""
