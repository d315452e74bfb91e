"""`paperwire themes add|list|remove` and tagging with what they wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.bundle import ModelBundle
from models.paper import Paper
from models.theme_set import ThemeSet
from service.cli import run
from service.store import Store

DEFINITION = "Leader election in replicas, quorum certificates, and atomic broadcast under cold starts."
PAPERS = [
    Paper(
        "new:1", "Quorum certificates for leader election", "We revisit atomic broadcast, leader election in replicas."
    ),
    Paper("new:2", "Shared-memory tiling in a cluster", "We present warp-level reductions and CUDA occupancy."),
]


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    path = tmp_path / "papers.jsonl"
    path.write_text("".join(json.dumps(paper.to_json()) + "\n" for paper in PAPERS))
    return path


def add(bundle: Path, themes: Path, *more: str) -> int:
    return run(
        [
            "themes",
            "add",
            "Replica elections",
            "--definition",
            DEFINITION,
            "--set",
            str(themes),
            "--bundle",
            str(bundle),
            *more,
        ]
    )


def test_a_theme_is_added_and_given(tiny_bundle, papers, tmp_path, capsys):
    themes = tmp_path / "mine.json"
    assert add(tiny_bundle, themes, "--group", "systems") == 0
    assert capsys.readouterr().out == f"replica-elections: added to {themes} with 0 examples\n"
    tag = ["tag", str(papers), "--bundle", str(tiny_bundle), "--themes-set", str(themes), "--profile", "fast", "-q"]
    assert run(tag) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert [t["source"] for t in first["tags"] if t["theme"] == "replica-elections"] == ["definition"]
    assert first["provisional"] == second["provisional"] == {"sha256": ThemeSet.load(themes).digest}
    assert first["model"] == ModelBundle.load(tiny_bundle).name.to_json()
    assert "replica-elections" not in [t["theme"] for t in second["tags"]]


def test_provisional_themes_are_listed_and_marked(tiny_bundle, tmp_path, capsys):
    themes = tmp_path / "mine.json"
    add(tiny_bundle, themes, "--group", "systems")
    capsys.readouterr()
    assert run(["themes", "list", "--bundle", str(tiny_bundle), "--set", str(themes)]) == 0
    marked = [line for line in capsys.readouterr().out.splitlines() if line.endswith("(provisional)")]
    assert [line.split()[0] for line in marked] == ["replica-elections"]
    assert run(["themes", "list", "--bundle", str(tiny_bundle), "--set", str(themes), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["provisional"][0]["definition"] == DEFINITION


def test_examples_come_from_files_and_from_the_store(tiny_bundle, papers, tmp_path, capsys, monkeypatch):
    place = tmp_path / "papers.db"
    with Store.open(place) as store:
        store.papers.upsert([Paper("arxiv:2601.00001", "Elections among many replicas", "Quorums.")], source="test")
    monkeypatch.setenv("PAPERWIRE_STORE", str(place))
    themes = tmp_path / "mine.json"
    assert add(tiny_bundle, themes, "--example", str(papers), "--example", "2601.00001v2") == 0
    assert "with 3 examples" in capsys.readouterr().out
    assert [p.id for p in ThemeSet.load(themes).themes[0].examples] == ["new:1", "new:2", "arxiv:2601.00001"]


def test_an_example_that_is_nothing(tiny_bundle, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PAPERWIRE_STORE", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    themes = tmp_path / "mine.json"
    assert add(tiny_bundle, themes, "--example", "nothing-of-the-sort") == 3
    assert "'nothing-of-the-sort' is neither a file nor the id" in capsys.readouterr().err
    assert not themes.exists()
    assert not (tmp_path / "paperwire").exists()


def test_a_clash_with_the_bundle_leaves_the_file_alone(tiny_bundle, tmp_path, capsys):
    themes = tmp_path / "mine.json"
    command = ["themes", "add", "Consensus", "--definition", "x", "--set", str(themes), "--bundle", str(tiny_bundle)]
    assert run(command) == 3
    assert "the bundle has a theme 'consensus' already" in capsys.readouterr().err
    assert not themes.exists()


def test_a_theme_is_removed(tiny_bundle, tmp_path, capsys):
    themes = tmp_path / "mine.json"
    add(tiny_bundle, themes)
    assert run(["themes", "remove", "replica-elections", "--set", str(themes)]) == 0
    assert ThemeSet.load(themes) == ThemeSet()
    assert run(["themes", "remove", "replica-elections", "--set", str(themes)]) == 3
    assert "holds no theme 'replica-elections'" in capsys.readouterr().err
