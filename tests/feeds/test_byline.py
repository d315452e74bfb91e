"""Bylines: affiliations out, suffixes kept, collaborations whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.feeds.byline import names_in


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("Ada Ode", ("Ada Ode",)),
        ("Ada Ode, Bo Poe", ("Ada Ode", "Bo Poe")),
        ("A. Ode, B. Poe and C. Roe", ("A. Ode", "B. Poe", "C. Roe")),
        ("A. Ode, B. Poe, and C. Roe", ("A. Ode", "B. Poe", "C. Roe")),
        ("A. Ode (1), B. Poe (1 and 2) ((1) Lab, One, (2) Lab Two)", ("A. Ode", "B. Poe")),
        ("Bo Poe, Jr., Cy Roe III", ("Bo Poe, Jr.", "Cy Roe III")),
        ("Ada Ode (for the ORE and PIT Collaborations)", ("Ada Ode",)),
        ("The ORE and PIT Collaborations: Ada Ode", ("The ORE and PIT Collaborations: Ada Ode",)),
        ("Ada Ode (never closed, Lab", ("Ada Ode",)),
        (" ,, and ", ()),
        ("", ()),
    ],
)
def test_names(byline, names):
    assert names_in(byline) == names


@given(st.lists(st.from_regex(r"\A[A-Z][a-z]{1,8} [A-Z][a-z]{2,8}\Z"), max_size=6))
def test_joined_names_come_apart_again(names):
    assert names_in(", ".join(names)) == tuple(name for name in names)


@given(st.text(max_size=60))
def test_any_text_is_a_byline(text):
    assert all(name.strip() for name in names_in(text))
