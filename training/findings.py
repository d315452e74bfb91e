"""What to do about the mistakes: the worst ones, themes taken for one another, themes that need labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.words import counted
from training.breakdown import ThemeFigures
from training.intervals import rounded
from training.predictions import Predictions

FEW_LABELS = 50
FEW_MEASURED = 5
WIDE = 0.4
LOW_F1 = 0.6
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Mistake:
    """A paper the model is most wrong about.

    Attributes:
        id: of the paper; row: its row.
        wrong: (theme, probability) of tags that people did not give, most confident first.
        missed: (theme, probability) of themes that the model did not give, least probable first.
        weight: how sure the model was of what is wrong, summed: p of a wrong tag, 1 - p of a missed one.
    """

    id: str
    row: int
    wrong: tuple[tuple[str, float], ...]
    missed: tuple[tuple[str, float], ...]
    weight: float

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict, without any text of the paper."""
        return {"id": self.id, "wrong": _listed(self.wrong), "missed": _listed(self.missed)}


def _listed(pairs: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"theme": theme, "probability": rounded(probability)} for theme, probability in pairs]


def worst_mistakes(predictions: Predictions, limit: int = 25) -> list[Mistake]:
    """The papers with the most confident mistakes, worst first; papers without a mistake are left out."""
    truth, given, p = predictions.truth, predictions.given, predictions.probabilities.astype(np.float64)
    weights = np.where(given & ~truth, p, np.where(truth & ~given, 1.0 - p, 0.0)).sum(axis=1)
    wrong_rows = np.flatnonzero((given != truth).any(axis=1))
    order = wrong_rows[np.argsort(-weights[wrong_rows], kind="stable")][:limit]
    return [_mistake(predictions, int(row), float(weights[row])) for row in order]


def _mistake(predictions: Predictions, row: int, weight: float) -> Mistake:
    truth, given, p = predictions.truth[row], predictions.given[row], predictions.probabilities[row]
    pairs = [(theme, float(p[column])) for column, theme in enumerate(predictions.taxonomy.ids)]
    wrong = sorted((pairs[c] for c in np.flatnonzero(given & ~truth)), key=lambda pair: -pair[1])
    missed = sorted((pairs[c] for c in np.flatnonzero(truth & ~given)), key=lambda pair: pair[1])
    return Mistake(predictions.ids[row], row, tuple(wrong), tuple(missed), weight)


@dataclass(frozen=True, slots=True)
class Confusion:
    """Papers on which one theme was missed and another wrongly given.

    Attributes:
        missed, given: theme ids. papers: how many. examples: ids of up to three of them.
    """

    missed: str
    given: str
    papers: int
    examples: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict."""
        return {"missed": self.missed, "given": self.given, "papers": self.papers, "examples": list(self.examples)}


def confusions(predictions: Predictions, limit: int = 15) -> list[Confusion]:
    """The pairs of themes most often taken for one another, most frequent first."""
    missed = predictions.truth & ~predictions.given
    wrong = predictions.given & ~predictions.truth
    counts = missed.T.astype(np.int64) @ wrong.astype(np.int64)
    order = np.argsort(-counts, axis=None, kind="stable")[:limit]
    ids, out = predictions.taxonomy.ids, []
    for a, b in zip(*(part.tolist() for part in np.unravel_index(order, counts.shape)), strict=True):
        if counts[a, b]:
            rows = np.flatnonzero(missed[:, a] & wrong[:, b])[:_EXAMPLES]
            out.append(Confusion(ids[a], ids[b], int(counts[a, b]), tuple(predictions.ids[row] for row in rows)))
    return out


@dataclass(frozen=True, slots=True)
class Advice:
    """A theme that more labels would help.

    Attributes:
        theme: its id. reasons: what is wrong with it, in words. action: what to label.
    """

    theme: str
    reasons: tuple[str, ...]
    action: str


def advise(themes: Sequence[ThemeFigures], pairs: Sequence[Confusion]) -> list[Advice]:
    """Themes that need labels, those with most to win first."""
    rival: dict[str, str] = {}
    for pair in pairs:
        rival.setdefault(pair.missed, pair.given)
        rival.setdefault(pair.given, pair.missed)
    found = [(theme, reasons) for theme in themes if (reasons := _reasons(theme))]
    found.sort(key=lambda item: (-len(item[1]), -_headroom(item[0]), item[0].theme))
    return [Advice(theme.theme, tuple(reasons), _action(theme, rival.get(theme.theme))) for theme, reasons in found]


def _headroom(theme: ThemeFigures) -> float:
    return 1.0 if np.isnan(theme.f1.value) else 1.0 - theme.f1.value


def _reasons(theme: ThemeFigures) -> list[str]:
    reasons = []
    if theme.trained_on is not None and theme.trained_on < FEW_LABELS:
        reasons.append(f"trained on {counted(theme.trained_on, 'paper')}")
    if theme.support < FEW_MEASURED:
        papers = {0: "no paper", 1: "one paper"}.get(theme.support, f"only {theme.support} papers")
        reasons.append(f"{papers} here to measure it on")
    if theme.f1.value < LOW_F1:
        reasons.append(f"F1 of {theme.f1.value:.2f}")
    if theme.f1.width > WIDE:
        reasons.append(f"F1 known only within {theme.f1.low:.2f} to {theme.f1.high:.2f}")
    return reasons


def _action(theme: ThemeFigures, rival: str | None) -> str:
    if theme.support == 0:
        return "label some recent papers of it to measure on"
    beside = f", those near {rival} above all" if rival else ""
    if theme.f1.value < LOW_F1 and theme.precision < theme.recall:
        return f"label papers that only look like it{beside}"
    if theme.f1.value < LOW_F1:
        return f"label more papers of it{beside}"
    if theme.trained_on is not None and theme.trained_on < FEW_LABELS:
        return f"label at least {FEW_LABELS - theme.trained_on} more to train on"
    return "label more recent papers of it to measure on"
