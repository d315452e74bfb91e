"""What the store gives back: plain frozen records, no SQL types and no model types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from models.paper import Paper


class Outcome(StrEnum):
    """What an upsert did with one paper."""

    NEW = "new"
    UPDATED = "updated"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Change:
    """The effect of an upsert on one paper.

    Attributes:
        id: the paper. outcome: new, updated (a newer version or another text is shown now) or
            duplicate (nothing a reader or the model would notice).
        version, old_version: shown version after and before; None where unknown or not there.
        text_changed: the encoder would see another text than before; True for new papers.
    """

    id: str
    outcome: Outcome
    version: int | None
    old_version: int | None = None
    text_changed: bool = False


class Refused(NamedTuple):
    """One paper an upsert could not take: its id as given (shortened) and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Upserted:
    """What one batch did, in input order; the batch is on disk when this comes back.

    Attributes:
        changes: one a distinct paper id. refused: papers left out, with the reason.
    """

    changes: tuple[Change, ...] = ()
    refused: tuple[Refused, ...] = ()

    def ids(self, outcome: Outcome) -> list[str]:
        """Ids of the papers with that outcome."""
        return [change.id for change in self.changes if change.outcome is outcome]

    @property
    def new(self) -> int:
        """Number of papers never seen before."""
        return len(self.ids(Outcome.NEW))

    @property
    def updated(self) -> int:
        """Number of known papers that are shown differently now."""
        return len(self.ids(Outcome.UPDATED))

    @property
    def duplicate(self) -> int:
        """Number of papers that were there already."""
        return len(self.ids(Outcome.DUPLICATE))


class StoredTag(NamedTuple):
    """One tag of a stored tagging: theme id, probability in [0, 1], source ("model", "rule", "person")."""

    theme: str
    probability: float
    source: str = "model"


@dataclass(frozen=True, slots=True)
class StoredTagging:
    """One answer of a bundle about one text of a paper.

    Attributes:
        paper_id, version: the paper and the version that was tagged (None where unknown).
        bundle: id of the bundle that answered; not empty. profile: "fast", "accurate", ...
        time: aware UTC moment of tagging.
        tags: most probable first; at most one a theme. primary: a theme of `tags`, or "".
        abstained: no tag was sure enough. reasons: why, as short codes or lines.
        novelty: distance from the training data in [0, 1], or None where it was not computed.
        digest: `Paper.digest` of the tagged text; "" on saving means the text shown now.
    """

    paper_id: str
    version: int | None
    bundle: str
    profile: str
    time: datetime
    tags: tuple[StoredTag, ...] = ()
    primary: str = ""
    abstained: bool = False
    reasons: tuple[str, ...] = ()
    novelty: float | None = None
    digest: str = ""


class Announcement(NamedTuple):
    """One source that announced a paper: its URL or name, the announce type, first time seen."""

    source: str
    kind: str
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class StoredPaper:
    """A paper as the store shows it: the latest version, with what else is known.

    Attributes:
        paper: latest known version, gaps filled from other reports of the same paper.
        first_seen, changed: aware UTC moments of first sight and of the last shown change.
        withdrawn: the authors or the publisher took it back.
        stale: it was tagged, but the text shown now is another one.
        tagging: current tagging, or None.
    """

    paper: Paper
    first_seen: datetime
    changed: datetime
    withdrawn: bool = False
    stale: bool = False
    tagging: StoredTagging | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a listing.

    Attributes:
        items: papers in the order asked for. next: cursor of the page after this one, "" at the end.
    """

    items: tuple[StoredPaper, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A paper near a vector: `similarity` is their cosine in [-1, 1], exact to float32."""

    paper: StoredPaper
    similarity: float


@dataclass(frozen=True, slots=True)
class Source:
    """A feed the store watches.

    Attributes:
        url: identity. title: for people. format: name of a parser, "" to sniff.
        interval_s: seconds between fetches. active: False keeps it without fetching it.
        etag, last_modified: validators of the last good answer, "" where none came.
        last_ok, last_tried, next_due: aware UTC moments or None; None for `next_due` means now.
        last_error: why the last try failed, "" after a good one. failures: failed tries in a row.
        cursor: where an incremental harvest goes on (text of the pager that wrote it), "" to begin.
        added: when it was added.
    """

    url: str
    title: str = ""
    format: str = ""
    interval_s: int = 86_400
    active: bool = True
    etag: str = ""
    last_modified: str = ""
    last_ok: datetime | None = None
    last_tried: datetime | None = None
    next_due: datetime | None = None
    last_error: str = ""
    failures: int = 0
    cursor: str = ""
    added: datetime | None = None


class Judgement(StrEnum):
    """What a person said about a theme on a paper."""

    ACCEPT = "accept"
    REJECT = "reject"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One person's word on one theme of one paper; themes nobody spoke about stay unknown.

    Attributes:
        paper_id, theme, judgement, who: the word. note: free text. time: aware UTC, None to stamp now.
    """

    paper_id: str
    theme: str
    judgement: Judgement
    who: str
    note: str = ""
    time: datetime | None = None


class JobState(StrEnum):
    """Where a job is: (receiving ->) queued -> running -> done | failed | cancelled."""

    RECEIVING = "receiving"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """One batch job.

    Attributes:
        id: opaque. kind: what is to be done. input: a path or URL. options: JSON object.
        state; done, total: papers so far and in all (0 where unknown); result: path once done.
        error: one line once failed. owner: who may see it. idempotency_key: "" where none.
        worker: who runs it; lease_until: when it may be taken over from a worker that went silent.
        created, updated: aware UTC moments.
        progress: what else its worker told, JSON object.
    """

    id: str
    kind: str
    input: str
    options: Mapping[str, Any]
    state: JobState
    done: int
    total: int
    result: str
    error: str
    owner: str
    idempotency_key: str
    worker: str
    lease_until: datetime | None
    created: datetime
    updated: datetime
    progress: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the append-only record: who did what to which thing, with details."""

    id: int
    time: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A named query: `name` is its stable key, `expression` the text the query language reads."""

    name: str
    title: str
    expression: str
    owner: str
    created: datetime
    updated: datetime


class Gain(NamedTuple):
    """What a re-tag would change for one theme, with a few paper ids of each kind."""

    added: int
    removed: int
    added_examples: tuple[str, ...]
    removed_examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TagChanges:
    """What saving some taggings would change: papers with and without a change, and by theme."""

    changed: int
    unchanged: int
    themes: Mapping[str, Gain]
