import json

import pytest

from service.cli import run
from tests.tiny import tiny_version


@pytest.fixture
def shelf(tiny_bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("PAPERWIRE_BUNDLE", str(tiny_bundle))
    monkeypatch.setenv("PAPERWIRE_MODELS", str(tmp_path))
    return tiny_version(tiny_bundle, tmp_path / "second", "2").parent


def test_promote_list_history_and_rollback(shelf, capsys):
    assert run(["bundle", "promote", "2"]) == 0
    assert run(["bundle", "promote", "2"]) == 0
    assert [line.split("themes ")[-1] for line in capsys.readouterr().err.splitlines()] == [
        "2 is live now",
        "2 was live already",
    ]
    assert run(["bundle", "list"]) == 0
    starred = [line for line in capsys.readouterr().out.splitlines() if line.startswith("*")]
    assert len(starred) == 1 and str(shelf / "second") in starred[0]
    assert run(["bundle", "history"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert (json.loads(line)["version"], json.loads(line)["previous"]["version"]) == ("2", "1")
    assert run(["bundle", "history", "--at", "2020-01-01"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == "1"
    assert run(["bundle", "rollback", "2"]) == 0
    assert "1 is live now" in capsys.readouterr().err


def test_wrong_wishes_have_their_codes(shelf, capsys):
    assert run(["bundle", "promote", "9"]) == 3
    assert run(["bundle", "rollback", "2"]) == 3
    assert run(["bundle", "history", "--at", "soon"]) == 3
    (shelf / "second" / "words.json").write_text("{}")
    assert run(["bundle", "promote", "2"]) == 4
    assert "words.json is damaged" in capsys.readouterr().err
    assert not (shelf / "live.json").exists()
