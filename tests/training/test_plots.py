"""Charts: well-formed, within their frame, and safe whatever the names are."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.plots import Axis, Series, Span, interval_chart, line_chart

NS = "{http://www.w3.org/2000/svg}"
UNIT = Axis("x"), Axis("y")


def _points(svg: str, colour: str) -> list[tuple[float, float]]:
    """Places of a series' dots."""
    root = ET.fromstring(svg)
    return [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(f"{NS}circle") if c.get("fill") == colour]


def test_values_land_where_the_axes_say():
    svg = line_chart("t", *UNIT, [Series("a", [0.0, 0.5, 1.0], [0.0, 0.5, 1.0], marks=True)])
    (x0, y0), (x1, y1), (x2, y2) = _points(svg, "#0072b2")
    assert (x0 + x2) / 2 == pytest.approx(x1)
    assert (y0 + y2) / 2 == pytest.approx(y1)
    assert x0 < x2
    assert y0 > y2, "higher values stand higher"


def test_what_is_not_finite_is_left_out_and_one_point_is_a_dot():
    svg = line_chart("t", *UNIT, [Series("a", [0.1, np.nan, 0.3], [0.2, 0.2, np.inf])])
    assert len(_points(svg, "#0072b2")) == 1
    ET.fromstring(line_chart("t", *UNIT, [Series("a", [], [])]))
    ET.fromstring(line_chart("t", *UNIT, []))


def test_thousands_of_points_are_thinned_and_keep_their_ends():
    x = np.linspace(0, 1, 50_000)
    svg = line_chart("t", *UNIT, [Series("a", x, x)])
    (path,) = re.findall(r'd="M([^"]*L[^"]*)"', svg)
    places = path.split("L")
    assert len(places) == 200
    assert (places[0], places[-1]) == ("58.0 352.0", "620.0 16.0")


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_round_few_and_within_the_axis(low, width):
    axis = Axis("x", low, low + width)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 12
    assert ticks == sorted(ticks)
    assert all(axis.low - 1e-6 * width <= tick <= axis.high + 1e-6 * width for tick in ticks)


def test_ticks_of_a_share():
    assert Axis("x").ticks() == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert Axis("x", 0, 6500).ticks() == [0, 2000, 4000, 6000]


@given(st.text(), st.text(), st.text())
@settings(max_examples=50)
def test_any_names_give_well_formed_markup_without_new_elements(title, label, name):
    series = [Series(name, [0.1, 0.2], [0.3, 0.4])]
    for svg in (
        line_chart(title, Axis(label), Axis(label), series, bars=[0.5]),
        interval_chart(title, Axis(label), [Span(name, 0.1, 0.2, 0.3), Span(name, *[float("nan")] * 3)]),
    ):
        tags = {element.tag.removeprefix(NS) for element in ET.fromstring(svg).iter()}
        assert tags <= {"svg", "title", "path", "text", "rect", "circle"}


def test_intervals_stand_one_below_the_other_and_long_names_are_cut():
    svg = interval_chart("t", Axis("F1"), [Span("a" * 60, 0.1, 0.2, 0.3), Span("b", 0.5, 0.6, 0.9)])
    root = ET.fromstring(svg)
    (first, second) = root.findall(f"{NS}circle")
    assert float(first.get("cy")) + 16 == float(second.get("cy"))
    names = [element.text for element in root.findall(f"{NS}text")]
    assert "a" * 31 + "…" in names
