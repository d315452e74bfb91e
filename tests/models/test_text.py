from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gates import scope_floors, text_reason
from models.text import clean


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("plain words stay", "plain words stay"),
        ("two\n  lines", "two lines"),
        ("$O(\\log n)$ rounds", "O( log n) rounds"),
        ("\\emph{very} fast", "very fast"),
        ("as shown \\cite{foo,bar} before", "as shown before"),
        ('5\\% of G\\"odel and Erd\\H{o}s', "5% of Gödel and Erdős"),
        ("$\\cup$ and $\\rho$ are no accents", "cup and rho are no accents"),
        ("x &lt; y &amp; z", "x < y & z"),
        ("<jats:p>Hello <i>there</i></jats:p>", "Hello there"),
        ("a < b and c > d", "a < b and c > d"),
        ("zero\u200bwidth\x00and\u202ebidi", "zerowidthandbidi"),
        ("{Braces} and $math$", "Braces and math"),
        ("", ""),
    ],
)
def test_markup_goes_and_words_stay(markup: str, plain: str) -> None:
    assert clean(markup) == plain


@given(st.text(max_size=400))
def test_clean_never_raises_and_leaves_one_line(text: str) -> None:
    plain = clean(text)
    assert plain == " ".join(plain.split())
    assert "\x00" not in plain


@pytest.mark.parametrize("piece", ["\\", "{", "$", "<a ", "&lt;", "\\cite{", "\\'", "<p", "\\begin{", "[", "\\cite[["])
def test_hostile_text_costs_time_in_proportion(piece: str) -> None:
    """Ten times the text may cost some ten times as long: no pattern backtracks."""

    def cost(count: int) -> float:
        text = piece * count
        best = float("inf")
        for _ in range(3):
            begin = time.process_time()
            clean(text)
            best = min(best, time.process_time() - begin)
        return best

    assert cost(40_000) < 0.05 + 60 * cost(4_000)


def test_english_passes_and_short_titles_are_not_judged() -> None:
    assert text_reason("Fast Quorum Leases") is None
    assert text_reason("We present a system that trains models over slow networks of volunteers.") is None
    assert text_reason("GPU kernels CUDA Triton HIP GEMM attention fusion tiling warp shuffle") is None


def test_french_is_not_english() -> None:
    text = (
        "Nous proposons un protocole de consensus qui reste rapide lorsque le réseau ralentit et que des nœuds tombent."
    )
    assert text_reason(text) == "not_english"


def test_a_short_text_need_not_look_as_much_of_the_field() -> None:
    floors = scope_floors(["", "word " * 26, "word " * 130, "word " * 400], 2.0)
    assert floors.tolist() == [0.0, pytest.approx(0.4), 2.0, 2.0]
    assert scope_floors(["short"], -3.0).tolist() == [-3.0]
