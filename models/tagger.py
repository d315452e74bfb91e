"""From papers to answers with one bundle: gates, scores, thresholds, evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.evidence import find_evidence
from models.gates import BLOCKING, listed, text_reason
from models.paper import Paper
from models.scores import Scores
from models.scoring import STAGES, Scored, score_texts
from models.tagging import Neighbour, Tag, Tagging, TagOptions

if TYPE_CHECKING:
    from models.bundle import ModelBundle

_SCORES_SHOWN = 10
_GROUPS_FROM = 0.05
_NO_FLOOR = 2.0


def tag_papers(bundle: ModelBundle, papers: Sequence[Paper], options: TagOptions) -> list[Tagging]:
    """One answer a paper; see `ModelBundle.tag`."""
    texts = [paper.text for paper in papers]
    blocked = [text_reason(text) for text in texts]
    usable = np.array([reason is None for reason in blocked], dtype=bool)
    of_field = listed(papers, bundle.field_categories)
    scored = score_texts(
        bundle, texts, options.profile, usable=usable, of_field=of_field, neighbours=options.detail == "full"
    )
    return answer_scored(bundle, papers, scored, blocked, options)


def answer_scored(
    bundle: ModelBundle,
    papers: Sequence[Paper],
    scored: Scored,
    blocked: Sequence[str | None],
    options: TagOptions,
) -> list[Tagging]:
    """One answer a paper already scored under the options' profile, so that several promises cost one scoring.

    Args:
        blocked: what `text_reason` says of each paper's text.
    """
    rules = _Rules.of(bundle, options)
    groups = Scores(scored.probabilities, bundle.taxonomy).groups()  # of all rows at once: a tenth of the time
    taggings = [
        _answer(bundle, paper, scored, row, blocked[row], rules, _top_groups(bundle, groups[row]))
        for row, paper in enumerate(papers)
    ]
    if options.detail == "full":
        return [_with_evidence(bundle, paper, tagging) for paper, tagging in zip(papers, taggings, strict=True)]
    return taggings


@dataclass(frozen=True, slots=True)
class _Rules:
    """The options, resolved against a taxonomy."""

    thresholds: dict[str, npt.NDArray[np.float32]]
    allowed: npt.NDArray[np.bool_]
    floors: dict[str, float]
    top: int | None

    @classmethod
    def of(cls, bundle: ModelBundle, options: TagOptions) -> _Rules:
        taxonomy, profiles = bundle.taxonomy, bundle.profiles
        allowed = np.ones(len(taxonomy), dtype=bool)
        for wanted in (options.include, options.under):
            if wanted:
                allowed &= np.isin(np.arange(len(taxonomy)), list(taxonomy.under(wanted)))
        if options.exclude:
            allowed[list(taxonomy.under(options.exclude))] = False
        if options.min_probability is not None:
            flat = np.full(len(taxonomy), options.min_probability, dtype=np.float32)
            return cls(dict.fromkeys(profiles, flat), allowed, dict.fromkeys(profiles, _NO_FLOOR), options.top)
        thresholds = {stage: p.calibration.thresholds(options.promise) for stage, p in profiles.items()}
        # The floor was set on answers from all themes: it says nothing of a choice among few.
        whole = options.promise == "f1" and bool(allowed.all())
        floors = {stage: p.floor if whole else _NO_FLOOR for stage, p in profiles.items()}
        return cls(thresholds, allowed, floors, options.top)

    def choose(self, probabilities: npt.NDArray[np.float32], stage: str) -> list[tuple[int, float]]:
        """(column, threshold) of the tags given, most probable first."""
        thresholds = self.thresholds[stage]
        given = np.flatnonzero((probabilities >= thresholds) & self.allowed)
        if not len(given) and self.allowed.any():
            best = int(np.argmax(np.where(self.allowed, probabilities, -1.0)))
            if probabilities[best] >= self.floors[stage]:
                return [(best, self.floors[stage])]
        ordered = given[np.lexsort((given, -probabilities[given]))]
        return [(int(column), float(thresholds[column])) for column in ordered[: self.top]]


def _answer(
    bundle: ModelBundle,
    paper: Paper,
    scored: Scored,
    row: int,
    blocked: str | None,
    rules: _Rules,
    groups: tuple[tuple[str, float], ...],
) -> Tagging:
    stage = STAGES[scored.stage[row]]
    probabilities = scored.probabilities[row]
    reason = blocked
    if reason is None and not scored.in_scope[row]:
        reason = "out_of_scope"
    chosen = [] if reason in BLOCKING else rules.choose(probabilities, stage)
    if reason is None and not chosen:
        reason = "below_threshold"
    return Tagging(
        id=paper.id,
        version=paper.version,
        title=paper.title,
        tags=tuple(_tag(bundle, column, float(probabilities[column]), threshold) for column, threshold in chosen),
        reasons=(reason,) if reason else (),
        scores=_top_scores(bundle, probabilities) if blocked != "no_text" else (),
        novelty=float(scored.novelty[row]),
        truncated=bool(scored.truncated[row]),
        profile=stage,
        model=bundle.name,
        groups=groups if blocked != "no_text" else (),
        neighbours=_neighbours(bundle, scored, row),
        provisional=bundle.provisional.digest if bundle.provisional else "",
    )


def _tag(bundle: ModelBundle, column: int, probability: float, threshold: float) -> Tag:
    theme = bundle.taxonomy.themes[column]
    source = "definition" if bundle.provisional and bundle.provisional.gives(theme.id) else "model"
    return Tag(theme.id, theme.label, bundle.taxonomy.path(column), probability, threshold, source)


def _top_scores(bundle: ModelBundle, probabilities: npt.NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
    order = np.lexsort((np.arange(len(probabilities)), -probabilities))[:_SCORES_SHOWN]
    return tuple((bundle.taxonomy.ids[column], float(probabilities[column])) for column in order)


def _top_groups(bundle: ModelBundle, values: npt.NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
    order = np.lexsort((np.arange(len(values)), -values))
    return tuple((bundle.taxonomy.groups[c].id, float(values[c])) for c in order if values[c] >= _GROUPS_FROM)


def _neighbours(bundle: ModelBundle, scored: Scored, row: int) -> tuple[Neighbour, ...]:
    found = [(p, s) for p, s in zip(scored.neighbours[row], scored.similarity[row], strict=True) if p >= 0]
    if not found:
        return ()
    dense, ids = bundle.dense, bundle.taxonomy.ids
    return tuple(Neighbour(dense.ids[p], float(s), tuple(ids[c] for c in dense.labels[p])) for p, s in found)


def _with_evidence(bundle: ModelBundle, paper: Paper, tagging: Tagging) -> Tagging:
    if not tagging.tags:
        return tagging
    columns = [bundle.taxonomy.column(tag.theme) for tag in tagging.tags]
    found = find_evidence(bundle, paper, columns, tagging.profile)
    tags = (replace(tag, evidence=evidence) for tag, evidence in zip(tagging.tags, found, strict=True))
    return replace(tagging, tags=tuple(tags))
