import json
from pathlib import Path

import pytest

from service.api.keys import list_keys
from service.cli import run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def keys(file: Path, *arguments: str) -> int:
    return run(["keys", *arguments, "--file", str(file)])


def test_a_key_is_printed_once_listed_and_revoked(file, capsys):
    assert keys(file, "create", "newsroom", "--scope", "review", "--scope", "tag", "--days", "30") == 0
    made = capsys.readouterr()
    text = made.out.strip()
    assert text.startswith("pw_")
    assert text not in file.read_text()
    assert text not in made.err
    assert keys(file, "list") == 0
    assert "newsroom  tag,review" in capsys.readouterr().out
    assert keys(file, "revoke", "newsroom") == 0
    assert list_keys(file) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("create", "x", "--scope", "everything"), 3),
        (("create", " "), 3),
        (("revoke", "nobody"), 3),
        (("create", "x", "--days", "0"), 2),
    ],
)
def test_errors_have_their_codes(file, capsys, arguments, code):
    assert keys(file, *arguments) == code
    assert capsys.readouterr().err.count("\n") == 1


def test_the_file_comes_from_the_settings(file, monkeypatch, capsys):
    assert run(["keys", "list"]) == 2
    monkeypatch.setenv("PAPERWIRE_KEYS_FILE", str(file))
    assert run(["keys", "create", "desk"]) == 0
    assert [key.name for key in list_keys(file)] == ["desk"]


def test_config_shows_what_is_in_effect_and_explains(file, monkeypatch, capsys):
    monkeypatch.setenv("PAPERWIRE_PORT", "8123")
    assert run(["config"]) == 0
    assert json.loads(capsys.readouterr().out)["port"] == 8123
    assert run(["config", "--explain"]) == 0
    assert "port = 8000" in capsys.readouterr().out
    monkeypatch.setenv("PAPERWIRE_PORT", "many")
    assert run(["config"]) == 2
    assert "PAPERWIRE_PORT" in capsys.readouterr().err
