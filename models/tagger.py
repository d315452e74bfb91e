"""From papers to answers with one bundle: gates, scores, thresholds, evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.evidence import find_evidence
from models.gates import BLOCKING, scope_floors, text_reason
from models.neighbours import Nearest, nearest_papers, no_votes
from models.paper import Paper
from models.scores import FloatMatrix, Scores
from models.tagging import Neighbour, Tag, Tagging, TagOptions

if TYPE_CHECKING:
    from models.bundle import ModelBundle
    from models.parts import Dense, ProfileSettings

_SCORES_SHOWN = 10
_GROUPS_FROM = 0.05
_NEIGHBOURS = 3
_NO_FLOOR = 2.0


@dataclass(frozen=True, slots=True)
class Scored:
    """What the scorers say of a batch of n texts.

    Attributes:
        probabilities: (n, k) float32. accurate: (n,) bool, scored by the accurate profile.
        in_scope: (n,) bool, within the taxonomy's field.
        novelty: (n,) float32 in [0, 1]. truncated: (n,) bool.
        neighbours: (n, 3) positions of the nearest labelled papers, -1 where not looked for.
        similarity: (n, 3) float32 their cosines.
    """

    probabilities: FloatMatrix
    accurate: npt.NDArray[np.bool_]
    in_scope: npt.NDArray[np.bool_]
    novelty: npt.NDArray[np.float32]
    truncated: npt.NDArray[np.bool_]
    neighbours: npt.NDArray[np.int64]
    similarity: FloatMatrix


def tag_papers(bundle: ModelBundle, papers: Sequence[Paper], options: TagOptions) -> list[Tagging]:
    """One answer a paper; see `ModelBundle.tag`."""
    texts = [paper.text for paper in papers]
    blocked = [text_reason(text) for text in texts]
    usable = np.array([reason is None for reason in blocked], dtype=bool)
    scored = score_texts(bundle, texts, options.profile, usable=usable, neighbours=options.detail == "full")
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


def score_texts(
    bundle: ModelBundle,
    texts: Sequence[str],
    profile: str,
    *,
    usable: npt.NDArray[np.bool_] | None = None,
    neighbours: bool = False,
) -> Scored:
    """Probabilities, scope and novelty of the texts under a profile.

    Args:
        texts: cleaned texts, as `Paper.text` gives them.
        profile: "fast", "accurate" or "auto".
        usable: (n,) bool, texts worth the encoder's time; all by default.
        neighbours: also look for the nearest labelled papers, which needs the encoder's vectors.
    """
    n, lexical = len(texts), bundle.lexical
    features = lexical.encoder.encode(texts)
    sparse = lexical.heads.logits(features)
    fast = bundle.profiles["fast"]
    scored = Scored(
        probabilities=fast.calibration.probabilities([sparse]),
        accurate=np.zeros(n, dtype=bool),
        in_scope=lexical.heads.scope_logits(features) >= scope_floors(texts, fast.scope_floor),
        novelty=quantile_of(-energy(sparse), fast.novelty),
        truncated=np.zeros(n, dtype=bool),
        neighbours=np.full((n, _NEIGHBOURS), -1, dtype=np.int64),
        similarity=np.zeros((n, _NEIGHBOURS), dtype=np.float32),
    )
    wanted = np.ones(n, dtype=bool) if usable is None else usable.copy()
    wanted &= scored.in_scope
    if profile == "fast" and not neighbours:
        return scored
    encoded = wanted if neighbours or profile == "accurate" else wanted & unsure(scored.probabilities, fast)
    if encoded.any():
        rescored = encoded if profile == "accurate" else wanted & unsure(scored.probabilities, fast)
        _encode(bundle, texts, sparse, scored, encoded, rescored if profile != "fast" else np.zeros(n, dtype=bool))
    return scored


def _encode(
    bundle: ModelBundle,
    texts: Sequence[str],
    sparse: FloatMatrix,
    scored: Scored,
    encoded: npt.NDArray[np.bool_],
    rescored: npt.NDArray[np.bool_],
) -> None:
    """Put the encoder's findings for the `encoded` rows into `scored`, probabilities where `rescored`."""
    dense, accurate = bundle.dense, bundle.profiles["accurate"]
    rows = np.flatnonzero(encoded)
    result = dense.encoder.encode([texts[row] for row in rows.tolist()])
    logits, nearest = accurate_logits(dense, result.vectors, sparse[rows])
    probabilities = accurate.calibration.probabilities(logits)
    chosen = rescored[rows]
    scored.probabilities[rows[chosen]] = probabilities[chosen]
    scored.accurate[rows[chosen]] = True
    scored.truncated[rows] = result.truncated
    if nearest is not None:
        shown = min(_NEIGHBOURS, nearest.positions.shape[1])
        scored.neighbours[rows, :shown] = nearest.positions[:, :shown]
        scored.similarity[rows, :shown] = nearest.similarity[:, :shown]
        scored.novelty[rows] = quantile_of(nearest.distance(), dense.novelty)


def accurate_logits(
    dense: Dense, vectors: FloatMatrix, sparse: FloatMatrix
) -> tuple[list[FloatMatrix], Nearest | None]:
    """The accurate profile's three scorers (encoder heads, n-gram heads, votes), and the nearest labelled papers.

    Args:
        vectors: (n, d) of the texts. sparse: (n, k) logits of the n-gram heads.
    """
    heads = dense.heads.logits(vectors)
    if not len(dense.vectors):
        return [heads, sparse, no_votes(*heads.shape)], None
    nearest = nearest_papers(dense.vectors, vectors)
    return [heads, sparse, nearest.vote_logits(dense.labels, heads.shape[1])], nearest


def energy(logits: FloatMatrix) -> npt.NDArray[np.float32]:
    """(n,) log-sum-exp of the logits: high for texts like the training data (Liu et al. 2020)."""
    highest = logits.max(axis=1)
    return np.asarray(highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1)), dtype=np.float32)


def quantile_of(values: npt.NDArray[np.float32], quantiles: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Share of reference values below each value, in [0, 1], given the reference's quantiles in order."""
    if len(quantiles) < 2:
        return np.zeros(len(values), dtype=np.float32)
    return np.asarray(np.interp(values, quantiles, np.linspace(0.0, 1.0, len(quantiles))), dtype=np.float32)


def expected_errors(probabilities: FloatMatrix, settings: ProfileSettings) -> npt.NDArray[np.float32]:
    """(n,) how many of a paper's decisions are expected to be wrong if the probabilities are right."""
    given = probabilities >= settings.calibration.best[None, :]
    return np.asarray(np.where(given, 1.0 - probabilities, probabilities).sum(axis=1), dtype=np.float32)


def unsure(probabilities: FloatMatrix, settings: ProfileSettings) -> npt.NDArray[np.bool_]:
    """(n,) bool, papers that "auto" hands to the accurate profile."""
    return expected_errors(probabilities, settings) > settings.unsure


@dataclass(frozen=True, slots=True)
class _Rules:
    """The options, resolved against a taxonomy."""

    thresholds: dict[bool, npt.NDArray[np.float32]]
    allowed: npt.NDArray[np.bool_]
    floors: dict[bool, float]
    top: int | None

    @classmethod
    def of(cls, bundle: ModelBundle, options: TagOptions) -> _Rules:
        taxonomy, profiles = bundle.taxonomy, {False: bundle.profiles["fast"], True: bundle.profiles["accurate"]}
        allowed = np.ones(len(taxonomy), dtype=bool)
        for wanted in (options.include, options.under):
            if wanted:
                allowed &= np.isin(np.arange(len(taxonomy)), list(taxonomy.under(wanted)))
        if options.exclude:
            allowed[list(taxonomy.under(options.exclude))] = False
        if options.min_probability is not None:
            flat = np.full(len(taxonomy), options.min_probability, dtype=np.float32)
            return cls({False: flat, True: flat}, allowed, {False: _NO_FLOOR, True: _NO_FLOOR}, options.top)
        thresholds = {accurate: p.calibration.thresholds(options.promise) for accurate, p in profiles.items()}
        # The floor was set on answers from all themes: it says nothing of a choice among few.
        whole = options.promise == "f1" and bool(allowed.all())
        floors = {accurate: p.floor if whole else _NO_FLOOR for accurate, p in profiles.items()}
        return cls(thresholds, allowed, floors, options.top)

    def choose(self, probabilities: npt.NDArray[np.float32], accurate: bool) -> list[tuple[int, float]]:
        """(column, threshold) of the tags given, most probable first."""
        thresholds = self.thresholds[accurate]
        given = np.flatnonzero((probabilities >= thresholds) & self.allowed)
        if not len(given) and self.allowed.any():
            best = int(np.argmax(np.where(self.allowed, probabilities, -1.0)))
            if probabilities[best] >= self.floors[accurate]:
                return [(best, self.floors[accurate])]
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
    accurate = bool(scored.accurate[row])
    probabilities = scored.probabilities[row]
    reason = blocked
    if reason is None and not scored.in_scope[row]:
        reason = "out_of_scope"
    chosen = [] if reason in BLOCKING else rules.choose(probabilities, accurate)
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
        profile="accurate" if accurate else "fast",
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
