"""Text inside the braces of a BibTeX field."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.out.latex import latex, verbatim


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Plain words", "Plain words"),
        ("R&D at 100% of C#_x", r"R\&D at 100\% of C\#\_x"),
        (r"On $\alpha_1$-stable laws & more", r"On $\alpha_1$-stable laws \& more"),
        (r"Erd\H{o}s \& R\'enyi", r"Erd\H{o}s \& R\'enyi"),
        ("costs $5 or so", r"costs \$5 or so"),
        ("from $5 to $6_a", "from $5 to $6\\_a"),
        ("an { open brace", r"an \textbraceleft{} open brace"),
        ("a } b { c", r"a \textbraceright{} b \textbraceleft{} c"),
        (r"$\{x$", r"\$\textbackslash{}\textbraceleft{}x\$"),
        ("ends in \\", r"ends in \textbackslash{}"),
        ("~10x and x^2", r"\textasciitilde{}10x and x\textasciicircum{}2"),
        (r"see \(a_b\) and a_b", r"see \(a_b\) and a\_b"),
    ],
)
def test_what_is_kept_and_what_is_escaped(text: str, written: str) -> None:
    assert latex(text) == written


@given(st.text(alphabet=st.sampled_from("{}\\$&%#_^~ ab()\n"), max_size=30))
def test_braces_always_pair(text: str) -> None:
    for braces in (re.findall(r"[{}]", latex(text)), re.findall(r"(?<!\\)[{}]", latex(text).replace("\\\\", ""))):
        depth = 0
        for brace in braces:
            depth += 1 if brace == "{" else -1
            assert depth >= 0
        assert depth == 0
    assert not re.search(r"[{}\\\n]", verbatim(text))


@given(st.text(alphabet=st.sampled_from("{}\\$&%#_^ ab"), max_size=30))
def test_signs_outside_formulas_are_escaped(text: str) -> None:
    outside = re.sub(r"\\\(.*?\\\)|\\.|\$\$[^$]*\$\$|\$[^$]*\$", "", latex(text))
    assert not re.search(r"[&%#_]", outside)
