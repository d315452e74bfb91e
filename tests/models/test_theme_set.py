"""Provisional themes in a file: kept as given, refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import NotFoundError, ThemeError
from models.paper import Paper
from models.theme_set import MAX_EXAMPLES, ThemeSet, define

PAPER = Paper("own:1", "Reef sensors", "A network of reef sensors.")
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(WORDS, WORDS, st.lists(WORDS.filter(str.strip), max_size=4))
def test_what_is_saved_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, name: str, text: str, titles: list[str]
) -> None:
    try:
        item = define(name, text, examples=[Paper(f"own:{n}", title) for n, title in enumerate(titles)])
    except ThemeError:
        return
    path = tmp_path_factory.mktemp("set") / "themes.json"
    made = ThemeSet((item,))
    made.save(path)
    assert ThemeSet.load(path) == made
    assert ThemeSet.load(path).digest == made.digest


def test_the_id_is_made_of_the_name() -> None:
    theme = define("  Reef   Sensing; at Sea ", "Sensors on reefs.\n More.").theme
    assert (theme.id, theme.label, theme.scope) == (
        "reef-sensing-at-sea",
        "Reef Sensing; at Sea",
        "Sensors on reefs. More.",
    )


def test_added_and_removed() -> None:
    one, two = define("Reefs", "Of reefs."), define("Tides", "Of tides.")
    both = ThemeSet().added(one).added(two)
    assert [item.theme.id for item in both.themes] == ["reefs", "tides"]
    assert both.removed("reefs") == ThemeSet((two,))
    assert both.gives("tides")
    assert not both.gives("waves")
    assert both.digest != ThemeSet((two,)).digest


def test_what_cannot_be_added_or_removed() -> None:
    known = ThemeSet((define("Reefs", "Of reefs."),))
    with pytest.raises(ThemeError, match="holds a theme 'reefs' already"):
        known.added(define("reefs", "Of other reefs."))
    with pytest.raises(NotFoundError, match="no theme 'tides'; its themes: reefs"):
        known.removed("tides")


@pytest.mark.parametrize(
    ("name", "definition", "examples", "message"),
    [
        ("Reefs", " \n", (), "has no definition"),
        (" ,; ", "Of reefs.", (), "leaves no theme id"),
        ("Reefs", "Of reefs.", (Paper("own:9"),), "example 'own:9'.*neither title nor abstract"),
        ("Reefs", "Of reefs.", (PAPER, PAPER), "example 'own:1'.*given twice"),
        ("Reefs", "Of reefs.", tuple(Paper(f"own:{n}", f"Reef {n}") for n in range(11)), f"at most {MAX_EXAMPLES}"),
    ],
)
def test_what_is_no_theme(name: str, definition: str, examples: tuple[Paper, ...], message: str) -> None:
    with pytest.raises(ThemeError, match=message):
        define(name, definition, examples=examples)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "no theme set of format 1"),
        ('{"format": 2, "themes": []}', "no theme set of format 1"),
        ("{", "not JSON"),
        ('{"format": 1, "themes": [{"id": "reefs"}]}', "lacks 'definition'"),
        ('{"format": 1, "themes": [{"id": "reefs", "definition": 3}]}', "must be strings"),
        ('{"format": 1, "themes": [{"id": "reefs", "definition": "R", "examples": [{}]}]}', "'id' is missing"),
        ('{"format": 1, "themes": [{"id": "a", "definition": "R"}, {"id": "a", "definition": "S"}]}', "occurs 2 times"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(content)
    with pytest.raises(ThemeError, match=message) as caught:
        ThemeSet.load(path)
    assert "odd.json" in str(caught.value)


def test_no_such_file_and_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(ThemeError, match="cannot read"):
        ThemeSet.load(tmp_path / "none.json")
    with pytest.raises(ThemeError, match="cannot write"):
        ThemeSet().save(tmp_path / "nowhere" / "none.json")
