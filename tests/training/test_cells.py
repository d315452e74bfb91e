"""Figures in words: the same cells for reports and the terminal."""

from __future__ import annotations

import math

import pytest

from training.cells import FIGURE_NAMES, comparison_rows, estimate_cells, number
from training.intervals import Comparison, Difference, Estimate

UNKNOWN = Estimate(math.nan, math.nan, math.nan)


@pytest.mark.parametrize(
    ("value", "sign", "expected"),
    [(0.5, False, "0.500"), (0.5, True, "+0.500"), (math.nan, True, "-")],
)
def test_numbers_have_three_decimals(value, sign, expected):
    assert number(value, sign=sign) == expected


def test_an_interval_that_is_not_defined_is_a_dash():
    assert estimate_cells(UNKNOWN) == ("-", "-")
    assert estimate_cells(Estimate(0.1, -0.1, 0.3), sign=True) == ("+0.100", "-0.100 to +0.300")


def test_a_comparison_has_a_row_a_figure():
    clear = Difference(0.7, 0.8, Estimate(0.1, 0.05, 0.15), 0.001)
    unclear = Difference(math.nan, 0.8, UNKNOWN, math.nan)
    found = Comparison("old 1", "new 2", 40, {"micro_f1": clear, "ece": unclear}, {})
    assert comparison_rows(found) == [
        ("micro-F1", "0.700", "0.800", "+0.100", "+0.050 to +0.150", "0.001", "yes"),
        (FIGURE_NAMES["ece"], "-", "0.800", "-", "-", "-", "no"),
    ]
