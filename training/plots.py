"""Charts as inline SVG: lines with ticks, and intervals one below the other.

Colours are those of Okabe & Ito (2008), told apart by colour-blind readers; axes take the colour of
the surrounding text, so that charts suit light and dark pages. All text is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
import numpy.typing as npt

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31")
_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 20, 16, 48
_MAX_POINTS = 200
_ROW = 16
_NAME_WIDTH = 200
_SHOWN_NAME = 32


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from `low` to `high`, both finite and different, with a label."""

    label: str
    low: float = 0.0
    high: float = 1.0

    def share(self, value: float) -> float:
        """Where a value lies, 0 at the low end and 1 at the high end."""
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round values within the axis, about five of them."""
        rough = (self.high - self.low) / 5.0
        power = 10.0 ** np.floor(np.log10(rough))
        step = next(power * m for m in (1.0, 2.0, 5.0, 10.0) if power * m >= rough * 0.999)
        first = int(np.ceil(self.low / step - 1e-9))
        last = int(np.floor(self.high / step + 1e-9))
        return [round(float(n * step), 10) for n in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart.

    Attributes:
        x, y: (m,) values; points that are not finite are left out.
        marks: a dot at every point. dashed: broken line.
    """

    name: str
    x: npt.ArrayLike
    y: npt.ArrayLike
    marks: bool = False
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A value with its interval, one row of `interval_chart`."""

    name: str
    low: float
    value: float
    high: float


def line_chart(
    title: str,
    x: Axis,
    y: Axis,
    series: Sequence[Series],
    *,
    bars: Sequence[float] = (),
    legend: Literal["left", "right"] = "left",
) -> str:
    """SVG of lines over two axes.

    Args:
        bars: heights from 0 to 1 of equal-width bars behind the lines, such as how many points there are.
        legend: the lower corner with the names of the lines.
    """
    parts = [*_bars(bars), *_grid(x, y)]
    for number, one in enumerate(series):
        parts += _line(one, x, y, COLOURS[number % len(COLOURS)])
    parts += _legend(series, _LEFT + 14 if legend == "left" else _WIDTH - 190)
    return _svg(title, _WIDTH, _HEIGHT, parts)


def interval_chart(title: str, axis: Axis, spans: Sequence[Span]) -> str:
    """SVG of values with their intervals, one row each in the order given."""
    height = _TOP + _ROW * len(spans) + _BOTTOM
    parts = []
    for tick in axis.ticks():
        place = _span_x(axis, tick)
        parts.append(_path(f"M{place:.1f} {_TOP}V{height - _BOTTOM}", "currentColor", "0.15"))
        parts.append(_text(place, height - _BOTTOM + 18, _number(tick), "middle"))
    for row, span in enumerate(spans):
        parts += _span(axis, span, _TOP + _ROW * (row + 0.5))
    parts.append(_text((_NAME_WIDTH + _WIDTH) / 2, height - 8, axis.label, "middle"))
    return _svg(title, _WIDTH, height, parts)


def _span(axis: Axis, span: Span, y: float) -> list[str]:
    name = span.name if len(span.name) <= _SHOWN_NAME else span.name[: _SHOWN_NAME - 1] + "…"
    parts = [_text(_NAME_WIDTH - 8, y + 4, name, "end")]
    if np.isfinite([span.low, span.value, span.high]).all():
        low, value, high = (_span_x(axis, v) for v in (span.low, span.value, span.high))
        parts.append(_path(f"M{low:.1f} {y:.1f}H{high:.1f}", COLOURS[0], "0.6", width=2))
        parts.append(f'<circle cx="{value:.1f}" cy="{y:.1f}" r="3.5" fill="{COLOURS[1]}"/>')
    return parts


def _span_x(axis: Axis, value: float) -> float:
    return _NAME_WIDTH + (_WIDTH - _RIGHT - _NAME_WIDTH) * axis.share(value)


def _x(axis: Axis, value: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * axis.share(value)


def _y(axis: Axis, value: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * axis.share(value)


def _grid(x: Axis, y: Axis) -> list[str]:
    floor, parts = _HEIGHT - _BOTTOM, []
    for tick in x.ticks():
        parts.append(_path(f"M{_x(x, tick):.1f} {_TOP}V{floor}", "currentColor", "0.12"))
        parts.append(_text(_x(x, tick), floor + 18, _number(tick), "middle"))
    for tick in y.ticks():
        parts.append(_path(f"M{_LEFT} {_y(y, tick):.1f}H{_WIDTH - _RIGHT}", "currentColor", "0.12"))
        parts.append(_text(_LEFT - 8, _y(y, tick) + 4, _number(tick), "end"))
    parts.append(_path(f"M{_LEFT} {_TOP}V{floor}H{_WIDTH - _RIGHT}", "currentColor", "0.7"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, x.label, "middle"))
    middle = (_TOP + floor) / 2
    parts.append(_text(14, middle, y.label, "middle", f' transform="rotate(-90 14 {middle})"'))
    return parts


def _bars(heights: Sequence[float]) -> list[str]:
    if not heights:
        return []
    width, room = (_WIDTH - _LEFT - _RIGHT) / len(heights), _HEIGHT - _BOTTOM - _TOP
    return [
        f'<rect x="{_LEFT + n * width + 1:.1f}" y="{_HEIGHT - _BOTTOM - h * room:.1f}" width="{width - 2:.1f}" '
        f'height="{h * room:.1f}" fill="currentColor" fill-opacity="0.1"/>'
        for n, h in enumerate(heights)
    ]


def _line(series: Series, x: Axis, y: Axis, colour: str) -> list[str]:
    points = np.stack([np.asarray(series.x, dtype=np.float64), np.asarray(series.y, dtype=np.float64)], axis=1)
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) > _MAX_POINTS:
        points = points[np.unique(np.linspace(0, len(points) - 1, _MAX_POINTS).astype(int))]
    places = [(_x(x, a), _y(y, b)) for a, b in points.tolist()]
    parts = []
    if len(places) > 1:
        dash = ' stroke-dasharray="5 4"' if series.dashed else ""
        parts.append(_path("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in places), colour, "1", width=2, more=dash))
    if series.marks or len(places) == 1:
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" fill="{colour}"/>' for a, b in places]
    return parts


def _legend(series: Sequence[Series], x: float) -> list[str]:
    parts = []
    for number, one in enumerate(series):
        y, colour = _HEIGHT - _BOTTOM - 14 - 18 * (len(series) - 1 - number), COLOURS[number % len(COLOURS)]
        parts.append(_path(f"M{x} {y}h22", colour, "1", width=3))
        parts.append(_text(x + 28, y + 4, one.name, "start"))
    return parts


def _path(d: str, colour: str, opacity: str, *, width: int = 1, more: str = "") -> str:
    return f'<path d="{d}" fill="none" stroke="{colour}" stroke-opacity="{opacity}" stroke-width="{width}"{more}/>'


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="currentColor"{more}>{_safe(text)}</text>'


def _safe(text: str) -> str:
    """The text for XML: escaped, and without characters that XML forbids."""
    return escape("".join(c if c.isprintable() else " " for c in text))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:g}"


def _svg(title: str, width: int, height: int, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12"><title>{_safe(title)}</title>'
    )
    return head + "".join(parts) + "</svg>"
