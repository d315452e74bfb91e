"""The answer: tags with probabilities, thresholds, evidence, or the reason why there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from models.errors import InputError

Detail = Literal["ids", "scores", "full"]
Profile = Literal["fast", "accurate", "auto"]

DETAILS: tuple[Detail, ...] = ("ids", "scores", "full")
PROFILES: tuple[Profile, ...] = ("fast", "accurate", "auto")


@dataclass(frozen=True, slots=True)
class TagOptions:
    """What the caller wants.

    Attributes:
        profile: "fast" (n-grams), "accurate" (encoder and n-grams), "auto" (the
            encoder only where n-grams leave doubt, and first on the beginning of a text).
        detail: "ids", "scores" or "full" (with evidence and nearest labelled papers).
        top: at most so many tags a paper; None for no limit.
        min_probability: threshold for every theme instead of the bundle's own.
        promise: "f1", "precision=0.9" or "recall=0.95".
        include, exclude: theme or group ids that alone may, or must not, be given.
        under: group ids; as include.
    """

    profile: Profile = "auto"
    detail: Detail = "scores"
    top: int | None = None
    min_probability: float | None = None
    promise: str = "f1"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    under: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise InputError(f"profile {self.profile!r} is unknown: use {', '.join(PROFILES)}")
        if self.detail not in DETAILS:
            raise InputError(f"detail {self.detail!r} is unknown: use {', '.join(DETAILS)}")
        if self.top is not None and self.top < 1:
            raise InputError(f"top is {self.top}: give a whole number from 1")
        if self.min_probability is not None and not 0.0 <= self.min_probability <= 1.0:
            raise InputError(f"min_probability is {self.min_probability}: give a number from 0 to 1")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stretch of the paper that carried a tag.

    Attributes:
        field: "title" or "abstract". start, end: character offsets into that field as it came.
        weight: how much the probability falls when the stretch is deleted.
    """

    field: str
    start: int
    end: int
    text: str
    weight: float

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict, weight to four decimals."""
        return {
            "field": self.field,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "weight": round(self.weight, 4),
        }


@dataclass(frozen=True, slots=True)
class Tag:
    """A theme given to a paper.

    Attributes:
        path: group and theme id, outermost first. probability, threshold: in [0, 1].
        source: "model", "definition" (a provisional theme) or "rule".
    """

    theme: str
    label: str
    path: tuple[str, ...]
    probability: float
    threshold: float
    source: str = "model"
    evidence: tuple[Evidence, ...] = ()

    def to_json(self, detail: Detail) -> dict[str, Any]:
        """JSON-ready dict; evidence only at detail "full"."""
        out: dict[str, Any] = {
            "theme": self.theme,
            "label": self.label,
            "path": list(self.path),
            "probability": round(self.probability, 4),
            "threshold": round(self.threshold, 4),
            "source": self.source,
        }
        if detail == "full":
            out["evidence"] = [item.to_json() for item in self.evidence]
        return out


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A labelled paper near in meaning: its id, cosine similarity, and the themes people gave it."""

    id: str
    similarity: float
    themes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelName:
    """Which bundle made an answer: name, version, sha256 of its manifest, taxonomy fingerprint."""

    name: str
    version: str
    sha256: str
    taxonomy: str

    def to_json(self) -> dict[str, str]:
        """JSON-ready dict."""
        return {"name": self.name, "version": self.version, "sha256": self.sha256, "taxonomy": self.taxonomy}


@dataclass(frozen=True, slots=True)
class Tagging:
    """All that a bundle says about one paper.

    Attributes:
        id, version, title: the paper's.
        tags: most probable first. primary: the first tag's theme, or None.
        abstained: no tag was given. reasons: why, or what was odd: "no_text", "too_short",
            "not_english", "out_of_scope", "below_threshold".
        scores: the ten most probable (theme, probability) pairs, given or not.
        groups: probability of each group that is above 0.05, never below a theme's in it.
        novelty: 0 (like the labelled papers) to 1 (like none of them).
        truncated: the text is longer than the encoder ever reads; the n-grams see it all.
        profile: the stage that scored this paper: "fast", "opening" or "accurate" (`models.scoring`).
        neighbours: nearest labelled papers, at detail "full".
        provisional: sha256 of the set of provisional themes in use, "" where there is none.
    """

    id: str
    version: int | None
    title: str
    tags: tuple[Tag, ...]
    reasons: tuple[str, ...]
    scores: tuple[tuple[str, float], ...]
    novelty: float
    truncated: bool
    profile: str
    model: ModelName
    groups: tuple[tuple[str, float], ...] = ()
    neighbours: tuple[Neighbour, ...] = field(default=())
    provisional: str = ""

    @property
    def primary(self) -> str | None:
        """Theme of the most probable tag."""
        return self.tags[0].theme if self.tags else None

    @property
    def abstained(self) -> bool:
        """Whether no tag was given."""
        return not self.tags

    def to_json(self, detail: Detail = "scores") -> dict[str, Any]:
        """The answer of the API and the command line, as a JSON-ready dict."""
        if detail == "ids":
            return {"id": self.id, "tags": [tag.theme for tag in self.tags]}
        out: dict[str, Any] = {
            "id": self.id,
            "version": self.version,
            "title": self.title,
            "tags": [tag.to_json(detail) for tag in self.tags],
            "primary": self.primary,
            "abstained": self.abstained,
            "reasons": list(self.reasons),
            "novelty": round(self.novelty, 4),
            "truncated": self.truncated,
            "profile": self.profile,
            "scores": _rounded(self.scores, "theme"),
            "groups": _rounded(self.groups, "group"),
            "model": self.model.to_json(),
        }
        if self.provisional:
            out["provisional"] = {"sha256": self.provisional}
        if detail == "full":
            out["neighbours"] = [
                {"id": n.id, "similarity": round(n.similarity, 4), "themes": list(n.themes)} for n in self.neighbours
            ]
        return out


def _rounded(pairs: Sequence[tuple[str, float]], name: str) -> list[dict[str, Any]]:
    return [{name: key, "probability": round(value, 4)} for key, value in pairs]
