"""Which stretches of a paper carried a tag, measured by deleting them.

Candidates are cheap: the windows whose n-grams weigh most for the theme, and whole sentences. Each
is then deleted for real and the paper scored again, so a weight is the fall of the probability
itself, whatever the profile (occlusion, Zeiler & Fergus 2014).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.encoders.ngrams import MAX_CHARACTERS, ngram_keys
from models.gates import listed
from models.paper import Paper
from models.scoring import score_texts
from models.tagging import Evidence

if TYPE_CHECKING:
    from models.bundle import ModelBundle
    from models.parts import Lexical

_WINDOW = 12
_WINDOWS = 5
_SENTENCES = 8
_KEPT = 3
_MIN_WEIGHT = 0.005
_SENTENCE = re.compile(r"[^.!?]+(?:[.!?](?!\s|$)[^.!?]*)*[.!?]?")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a field: character offsets, end exclusive."""

    field: str
    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        """Whether two stretches share a character."""
        return self.field == other.field and self.start < other.end and other.start < self.end


def find_evidence(
    bundle: ModelBundle, paper: Paper, columns: Sequence[int], profile: str
) -> list[tuple[Evidence, ...]]:
    """At most three stretches a theme, heaviest first; none where nothing lowers the probability.

    Args:
        columns: theme columns to explain.
        profile: the stage that gave the tags, a name of `models.scoring.STAGES`.
    """
    by_theme = [_candidates(bundle.lexical, paper, column) for column in columns]
    spans = list(dict.fromkeys(span for spans in by_theme for span in spans))
    texts = [paper.text] + [without(paper, span).text for span in spans]
    of_field = np.repeat(listed([paper], bundle.field_categories), len(texts))
    probabilities = score_texts(bundle, texts, profile, of_field=of_field).probabilities
    falls = {span: probabilities[0] - probabilities[row + 1] for row, span in enumerate(spans)}
    return [_heaviest(paper, spans, falls, column) for spans, column in zip(by_theme, columns, strict=True)]


def without(paper: Paper, span: Span) -> Paper:
    """The paper with a stretch of its title or abstract deleted."""
    text: str = getattr(paper, span.field)
    rest = text[: span.start] + " " + text[span.end :]
    return replace(paper, title=rest) if span.field == "title" else replace(paper, abstract=rest)


def _heaviest(
    paper: Paper, spans: Sequence[Span], falls: dict[Span, npt.NDArray[np.float32]], column: int
) -> tuple[Evidence, ...]:
    kept: list[Span] = []
    # A short stretch says more than a long one with the same fall: the root keeps both in play.
    for span in sorted(spans, key=lambda s: -float(falls[s][column]) / (s.end - s.start) ** 0.5):
        fits = falls[span][column] >= _MIN_WEIGHT and not any(span.overlaps(other) for other in kept)
        if fits and len(kept) < _KEPT:
            kept.append(span)
    kept.sort(key=lambda s: -float(falls[s][column]))
    return tuple(
        Evidence(s.field, s.start, s.end, getattr(paper, s.field)[s.start : s.end], float(falls[s][column]))
        for s in kept
    )


def _candidates(lexical: Lexical, paper: Paper, column: int) -> list[Span]:
    spans: list[tuple[float, Span]] = []
    sentences: list[tuple[float, Span]] = []
    for field in ("title", "abstract"):
        text: str = getattr(paper, field)[:MAX_CHARACTERS]
        weights, offsets = _word_weights(lexical, text, column)
        spans += _windows(field, weights, offsets)
        sentences += [(_weight_within(weights, offsets, s), s) for s in _sentences(field, text)]
    best = sorted(spans, key=lambda item: -item[0])[:_WINDOWS]
    whole = sorted(sentences, key=lambda item: -item[0])[:_SENTENCES]
    return list(dict.fromkeys(span for _, span in best + whole))


def _word_weights(lexical: Lexical, text: str, column: int) -> tuple[npt.NDArray[np.float64], list[tuple[int, int]]]:
    """What each word adds to the theme's logit; an n-gram's share is split among its words."""
    encoder = lexical.encoder
    encoded = encoder.tokenizer.encode(text, add_special_tokens=False)
    words = np.array(encoded.ids, dtype=np.int64)
    weights = np.zeros(len(words))
    for n in range(1, encoder.order + 1):
        for start in range(len(words) - n + 1):
            piece = words[start : start + n]
            if (piece > 0).all():
                keys, _ = ngram_keys(piece, np.zeros(n, dtype=np.int64), n)
                weights[start : start + n] += _key_weight(lexical, keys[-1], column) / n
    return weights, list(encoded.offsets)


def _key_weight(lexical: Lexical, key: np.uint64, column: int) -> float:
    position = int(np.searchsorted(lexical.encoder.keys, key))
    if position == len(lexical.encoder.keys) or lexical.encoder.keys[position] != key:
        return 0.0
    return float(lexical.encoder.idf[position]) * lexical.heads.weight(position, column)


def _windows(field: str, weights: npt.NDArray[np.float64], offsets: list[tuple[int, int]]) -> list[tuple[float, Span]]:
    """The heaviest stretches of up to twelve words, each beginning and ending in a word that counts."""
    out = []
    rest = np.maximum(weights, 0.0)
    for _ in range(_WINDOWS):
        if not len(rest) or rest.max() <= 0.0:
            break
        peak = int(rest.argmax())
        low, high = max(0, peak - _WINDOW // 2), min(len(rest), peak + _WINDOW // 2)
        counted = low + np.flatnonzero(rest[low:high] > 0.25 * rest[peak])
        first, last = int(counted[0]), int(counted[-1])
        out.append((float(rest[first : last + 1].sum()), Span(field, offsets[first][0], offsets[last][1])))
        rest[first : last + 1] = 0.0
    return out


def _sentences(field: str, text: str) -> list[Span]:
    found = []
    for match in _SENTENCE.finditer(text):
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        if match.end() - start > 20 and field == "abstract":
            found.append(Span(field, start, match.end()))
    return found


def _weight_within(weights: npt.NDArray[np.float64], offsets: list[tuple[int, int]], span: Span) -> float:
    return float(sum(w for w, (a, b) in zip(weights, offsets, strict=True) if a >= span.start and b <= span.end))
