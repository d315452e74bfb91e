"""How probable each theme is for each text, by one scorer after the other.

    fast      the n-gram heads, and the network over words where a bundle has one
    opening   the encoder on a text's first word pieces and the votes of its neighbours, with the former
    accurate  the encoder on all that it reads and the votes of its neighbours, with the former

These are the stages a paper's probabilities can come from. The profiles "fast" and "accurate" are
one stage for all papers; "auto" goes on to the next stage only for papers that the last one left in
doubt. Each stage has a calibration and thresholds of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.gates import scope_floors
from models.neighbours import Nearest, no_votes
from models.scores import FloatMatrix

if TYPE_CHECKING:
    from models.bundle import ModelBundle
    from models.parts import Dense, LexicalLogits, ProfileSettings

FAST, OPENING, ACCURATE = "fast", "opening", "accurate"
STAGES = (FAST, OPENING, ACCURATE)

NEIGHBOURS = 3
"""Nearest labelled papers shown with an answer."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scored:
    """What the scorers say of a batch of n texts.

    Attributes:
        probabilities: (n, k) float32. stage: (n,) int8, the place in `STAGES` of what gave them.
        in_scope: (n,) bool, within the taxonomy's field.
        novelty: (n,) float32 in [0, 1]. truncated: (n,) bool, longer than the encoder ever reads.
        neighbours: (n, 3) positions of the nearest labelled papers, -1 where not looked for.
        similarity: (n, 3) float32 their cosines.
    """

    probabilities: FloatMatrix
    stage: npt.NDArray[np.int8]
    in_scope: Mask
    novelty: npt.NDArray[np.float32]
    truncated: Mask
    neighbours: npt.NDArray[np.int64]
    similarity: FloatMatrix


def score_texts(
    bundle: ModelBundle,
    texts: Sequence[str],
    profile: str,
    *,
    usable: Mask | None = None,
    of_field: Mask | None = None,
    neighbours: bool = False,
) -> Scored:
    """Probabilities, scope and novelty of the texts under a profile, or by one stage alone.

    Args:
        texts: cleaned texts, as `Paper.text` gives them.
        profile: "auto", or a stage that scores all of the texts.
        usable: (n,) bool, texts worth the encoder's time; all by default.
        of_field: (n,) bool, texts known to be in scope, whatever they say; none by default.
        neighbours: also look for the nearest labelled papers, which needs the encoder's vectors. It
            changes no probability.
    """
    batch = _Batch.of(bundle, texts, neighbours=neighbours)
    if of_field is not None:
        np.logical_or(batch.scored.in_scope, of_field, out=batch.scored.in_scope)
    wanted = batch.scored.in_scope if usable is None else batch.scored.in_scope & usable
    nobody = np.zeros(len(texts), dtype=bool)
    if profile == "auto":
        batch.ask_in_turn(wanted)
    elif profile != FAST:
        batch.read(profile, wanted, rescored=wanted)
    elif neighbours:
        batch.read(ACCURATE, wanted, rescored=nobody)
    return batch.scored


@dataclass(frozen=True, slots=True)
class _Batch:
    """Texts with what is known of them so far."""

    bundle: ModelBundle
    texts: Sequence[str]
    lexical: LexicalLogits
    scored: Scored
    neighbours: bool

    @classmethod
    def of(cls, bundle: ModelBundle, texts: Sequence[str], *, neighbours: bool) -> _Batch:
        """The texts after the fast stage."""
        n, lexical, fast = len(texts), bundle.lexical, bundle.profiles[FAST]
        features, logits = lexical.read(texts)
        scored = Scored(
            probabilities=fast.calibration.probabilities(logits.all),
            stage=np.full(n, STAGES.index(FAST), dtype=np.int8),
            in_scope=lexical.heads.scope_logits(features) >= scope_floors(texts, fast.scope_floor),
            novelty=quantile_of(-energy(logits.ngrams), fast.novelty),
            truncated=np.zeros(n, dtype=bool),
            neighbours=np.full((n, NEIGHBOURS), -1, dtype=np.int64),
            similarity=np.zeros((n, NEIGHBOURS), dtype=np.float32),
        )
        return cls(bundle, texts, logits, scored, neighbours)

    def ask_in_turn(self, wanted: Mask) -> None:
        """Leave each of the `wanted` texts with the first stage that is sure of it."""
        profiles, probabilities = self.bundle.profiles, self.scored.probabilities
        doubtful = wanted & unsure(probabilities, profiles[FAST])
        first = OPENING if OPENING in profiles else ACCURATE
        cut = self.read(first, wanted if self.neighbours else doubtful, rescored=doubtful)
        if first == OPENING:
            still = doubtful & cut & unsure(probabilities, profiles[OPENING])
            self.read(ACCURATE, still, rescored=still)

    def read(self, stage: str, rows: Mask, *, rescored: Mask) -> Mask:
        """Let the encoder read some of the texts; (n,) bool of those that it read only in part.

        Args:
            stage: "opening" or "accurate". rows: (n,) bool, texts to read.
            rescored: (n,) bool, those of them whose probabilities are to be the stage's.
        """
        cut, scored = np.zeros(len(self.texts), dtype=bool), self.scored
        places = np.flatnonzero(rows)
        if not len(places):
            return cut
        dense = self.bundle.dense
        limit = dense.opening if stage == OPENING else dense.encoder.max_tokens
        found = dense.encoder.encode([self.texts[place] for place in places.tolist()], limit=limit)
        logits, nearest = accurate_logits(dense, found.vectors, self.lexical.of(places))
        chosen = rescored[places]
        probabilities = self.bundle.profiles[stage].calibration.probabilities(logits)
        scored.probabilities[places[chosen]] = probabilities[chosen]
        scored.stage[places[chosen]] = STAGES.index(stage)
        scored.truncated[places] = found.truncated
        self._place(places, nearest, stage)
        cut[places] = found.tokens >= limit
        return cut

    def _place(self, places: npt.NDArray[np.int64], nearest: Nearest | None, stage: str) -> None:
        """Put the nearest labelled papers, and how far they are, into what was scored."""
        if nearest is None:
            return
        scored, dense, shown = self.scored, self.bundle.dense, min(NEIGHBOURS, nearest.positions.shape[1])
        scored.neighbours[places, :shown] = nearest.positions[:, :shown]
        scored.similarity[places, :shown] = nearest.similarity[:, :shown]
        usual = self.bundle.profiles[OPENING].novelty if stage == OPENING else dense.novelty
        scored.novelty[places] = quantile_of(nearest.distance(), usual)


def accurate_logits(
    dense: Dense, vectors: FloatMatrix, lexical: LexicalLogits
) -> tuple[list[FloatMatrix], Nearest | None]:
    """Logits of the scorers of stages with an encoder, and the nearest labelled papers.

    The scorers are its heads, the n-gram heads, votes, and the network where there is one.

    Args:
        vectors: (n, d) of the texts. lexical: of the same texts.
    """
    heads = dense.heads.logits(vectors)
    if not len(dense.papers):
        return lexical.beside(heads, no_votes(*heads.shape)), None
    nearest = dense.papers.nearest(vectors)
    return lexical.beside(heads, nearest.vote_logits(dense.labels, heads.shape[1])), nearest


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
    """(n,) bool, papers that "auto" hands from one stage to the next."""
    return expected_errors(probabilities, settings) > settings.unsure
