"""The charts of a report: reliability, precision and recall, the themes side by side, the learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.words import counted
from training import metrics
from training.breakdown import ThemeFigures
from training.document import Figure
from training.plots import Axis, Series, Span, interval_chart, line_chart
from training.predictions import Predictions

WORST = 5
_ROWS = 60
_STEPS = 200
_SOME = 3
"""A curve through fewer papers is all chance."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Quality after training on some of the papers."""

    papers: int
    micro_f1: float
    macro_f1: float


def reliability_figure(predictions: Predictions) -> Figure:
    """How often each probability comes true, over all paper-theme pairs."""
    found = metrics.reliability(predictions.probabilities, predictions.truth)
    sizes = np.log1p(found.count)
    lines = [
        Series("predictions", found.predicted, found.observed, marks=True),
        Series("perfectly calibrated", [0.0, 1.0], [0.0, 1.0], dashed=True),
    ]
    caption = (
        f"Reliability: of the pairs with a probability, the share that is true. Expected calibration error "
        f"{found.error:.4f}. Bars: number of pairs, on a logarithmic scale."
    )
    bars = (sizes / max(float(sizes.max()), 1e-9) * 0.95).tolist()
    axes = Axis("probability"), Axis("share that is true")
    return Figure("reliability", line_chart("Reliability diagram", *axes, lines, bars=bars, legend="right"), caption)


def precision_recall_figure(predictions: Predictions, themes: Sequence[ThemeFigures]) -> Figure:
    """All pairs together, and the themes of least average precision."""
    p, truth = predictions.probabilities, predictions.truth
    together = metrics.precision_recall_curve(p, truth)
    lines = [_curve(f"all themes ({together.area:.2f})", together)]
    known = [(theme.average_precision, column) for column, theme in enumerate(themes) if theme.support >= _SOME]
    for area, column in sorted(known)[:WORST]:
        curve = metrics.precision_recall_curve(p[:, column], truth[:, column])
        lines.append(_curve(f"{themes[column].theme} ({area:.2f})", curve))
    caption = f"Precision by recall of all themes together and of the {len(lines) - 1} worst; in brackets the area."
    axes = Axis("recall"), Axis("precision")
    return Figure("precision-recall", line_chart("Precision-recall curves", *axes, lines), caption)


def _curve(name: str, curve: metrics.Curve) -> Series:
    """The curve at steps of recall, for thousands of its points would lie on one another."""
    steps = np.round(curve.recall * _STEPS)
    kept = np.flatnonzero(np.append(np.diff(steps) != 0, True)) if len(steps) else np.zeros(0, dtype=np.int64)
    return Series(name, curve.recall[kept], curve.precision[kept])


def themes_figure(themes: Sequence[ThemeFigures]) -> Figure:
    """F1 of the themes with their intervals, worst first."""
    known = sorted((t for t in themes if not np.isnan(t.f1.value)), key=lambda t: (t.f1.value, t.theme))[:_ROWS]
    spans = [Span(t.theme, t.f1.low, t.f1.value, t.f1.high) for t in known]
    caption = f"F1 and its 95 % interval of {counted(len(spans), 'theme')}, worst first."
    return Figure("themes", interval_chart("F1 by theme", Axis("F1"), spans), caption)


def learning_figure(points: Sequence[CurvePoint]) -> Figure:
    """Quality by number of training papers."""
    papers = [point.papers for point in points]
    lines = [
        Series("micro-F1", papers, [point.micro_f1 for point in points], marks=True),
        Series("macro-F1", papers, [point.macro_f1 for point in points], marks=True),
    ]
    axes = Axis("training papers", 0.0, float(max(papers, default=1)) or 1.0), Axis("F1")
    caption = "Learning curve: if the lines still rise at the right, more labels will help."
    return Figure("learning-curve", line_chart("Learning curve", *axes, lines, legend="right"), caption)
