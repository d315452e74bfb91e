from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.errors import ThemeError
from models.scores import Scores
from models.themes import Group, Taxonomy, Theme, load_taxonomy
from tests.tiny import tiny_taxonomy

SHIPPED = Path(__file__).parents[2] / "data" / "themes.yaml"


def test_the_shipped_taxonomy_has_sixty_defined_themes() -> None:
    taxonomy = load_taxonomy(SHIPPED)
    assert (len(taxonomy), len(taxonomy.groups)) == (60, 12)
    assert all(theme.scope and theme.group for theme in taxonomy.themes)
    assert {"moe-training", "federated-learning", "consensus", "gpu-kernels"} <= set(taxonomy.ids)


def test_a_taxonomy_survives_its_json() -> None:
    taxonomy = load_taxonomy(SHIPPED)
    again = Taxonomy.from_json(json.loads(json.dumps(taxonomy.to_json())))
    assert again == taxonomy
    assert again.fingerprint == taxonomy.fingerprint


def test_any_change_shows_in_the_fingerprint() -> None:
    base = tiny_taxonomy()
    swapped = Taxonomy(base.themes[::-1], base.groups)
    reworded = Taxonomy((*base.themes[:-1], Theme("serverless", "Serverless", "systems", "Other words")), base.groups)
    assert len({base.fingerprint, swapped.fingerprint, reworded.fingerprint}) == 3


@pytest.mark.parametrize(
    ("themes", "groups", "message"),
    [
        ((), (), "no themes"),
        ((Theme("a", "A"), Theme("a", "B")), (), "theme id 'a' occurs 2 times"),
        ((Theme("a", "A"), Theme("b", "A")), (), "theme label 'A' occurs 2 times"),
        ((Theme("a b", "A"),), (), "white space"),
        ((Theme("a", "A", "x"),), (Group("y", "Y"),), "unknown group 'x'"),
    ],
)
def test_an_unusable_taxonomy_is_refused(themes: tuple[Theme, ...], groups: tuple[Group, ...], message: str) -> None:
    with pytest.raises(ThemeError, match=message):
        Taxonomy(themes, groups)


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(ThemeError) as caught:
        Taxonomy((Theme("a", "A"), Theme("a", "A"), Theme("b c", "B")))
    assert len(caught.value.details) == 3


def test_tables_are_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,label,group\nraft,Raft,agreement\npaxos,Paxos,agreement\n")
    assert load_taxonomy(tmp_path / "t.csv").ids == ("raft", "paxos")
    (tmp_path / "t.tsv").write_text("<http://example.org/raft>\tRaft\n<http://example.org/paxos>\tPaxos\n")
    assert load_taxonomy(tmp_path / "t.tsv").ids == ("http://example.org/raft", "http://example.org/paxos")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.yaml", "themes: [{id: raft, definition: Leaders}]"),
        ("t.json", '{"themes": [{"id": "raft", "scope": "Leaders", "definition": "Elections"}]}'),
        ("t.csv", "id,prefLabel,definition\nraft,raft,Leaders\n"),
    ],
)
def test_a_definition_is_the_scope(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert load_taxonomy(tmp_path / name).themes == (Theme("raft", "raft", scope="Leaders"),)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.yaml", "groups: [", "line 1, column 10: "),
        ("t.yaml", "themes:\n- id: raft\n  scope: Leaders: all\n", "line 3, column 17: mapping values are not allowed"),
        ("t.json", "{", "line 1 column 2"),
        ("t.yaml", "- a", "is no mapping: put its themes under the key 'themes'"),
        ("t.json", '{"themes": [{"label": "x"}]}', "lacks 'id'"),
        ("t.csv", None, "t.csv: No such file or directory$"),
    ],
)
def test_an_unreadable_taxonomy_is_refused(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ThemeError, match=message):
        load_taxonomy(tmp_path / name)


def test_groups_stand_for_their_themes() -> None:
    taxonomy = tiny_taxonomy()
    assert taxonomy.under(["learning"]) == {taxonomy.column("moe-training"), taxonomy.column("federated-learning")}
    assert taxonomy.path(taxonomy.column("consensus")) == ("systems", "consensus")


def test_group_probabilities_follow_the_best_theme() -> None:
    import numpy as np

    values = np.array([[0.1, 0.7, 0.2, 0.0, 0.3]], dtype=np.float32)
    assert Scores(values, tiny_taxonomy()).groups().tolist() == [[pytest.approx(0.7), pytest.approx(0.3)]]
