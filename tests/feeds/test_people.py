import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.feeds.people import names, person, split_names, turned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada Vane; Bo Lund", ["Ada Vane", "Bo Lund"]),
        ("Vane, Ada; Lund, Bo", ["Ada Vane", "Bo Lund"]),
        ("Ada Vane, Bo Lund, and Chidi Okafor", ["Ada Vane", "Bo Lund", "Chidi Okafor"]),
        ("Ada Vane, Bo Lund & Chidi Okafor", ["Ada Vane", "Bo Lund", "Chidi Okafor"]),
        ("Vane, Ada and Lund, Bo", ["Ada Vane", "Bo Lund"]),
        ("van der Vane, Ada Maria", ["Ada Maria van der Vane"]),
        ("Silva Lund, B. C.", ["B. C. Silva Lund"]),
        ("Ada Vane, Bo Lund", ["Ada Vane", "Bo Lund"]),
        ("Ada Vane|Bo Lund", ["Ada Vane", "Bo Lund"]),
        ("Ada Vane", ["Ada Vane"]),
        ("Vane, Lund, Okafor, Ito", ["Vane, Lund, Okafor, Ito"]),
    ],
)
def test_one_text_of_several_people_is_taken_apart(text, expected):
    assert split_names(text) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Vane, Ada", "Ada Vane"),
        ("Lund, Jr., Bo", "Bo Lund Jr."),
        ("Lund, Bo, III", "Bo Lund III"),
        ("Ada Vane", "Ada Vane"),
        ("Vane,", "Vane"),
    ],
)
def test_surnames_first_are_turned_around(name, expected):
    assert turned(name) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"given": "Ada", "family": "Vane"}, "Ada Vane"),
        ({"name": "Vane, Ada", "givenName": "Ada", "familyName": "Vane"}, "Ada Vane"),
        ({"author": {"display_name": "Ada Vane"}, "institutions": []}, "Ada Vane"),
        ({"person_or_org": {"name": "Vane, A", "family_name": "Vane", "given_name": "Ada"}}, "Ada Vane"),
        ({"literal": "The Log Group"}, "The Log Group"),
        ({"authorId": "17", "name": None}, ""),
        ({"family": 5, "given": ["Ada"]}, ""),
    ],
)
def test_a_person_is_found_in_whatever_parts_there_are(record, expected):
    assert person(record) == expected


def test_lists_may_mix_texts_and_objects():
    assert names(["Ada Vane", {"family": "Lund"}, None, 3]) == ["Ada Vane", "Lund", "", ""]
    assert names(None) == names(17) == []


@given(st.text(max_size=200))
def test_no_text_is_too_odd(text):
    assert all(isinstance(name, str) for name in split_names(text))
