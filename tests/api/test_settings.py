"""Settings: one name everywhere, all problems at once, nothing secret printed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import SettingsError
from service.settings import Settings, is_loopback, load_settings, setting_rows


def test_nothing_given_is_loopback_without_keys() -> None:
    plain = load_settings(None, {}, {})
    assert plain.on_loopback
    assert not plain.keys_required
    assert plain.bundle is None


def test_later_places_win(tmp_path: Path) -> None:
    file = tmp_path / "paperwire.toml"
    file.write_text('port = 1\nbatch_texts = 7\nprotocols = ["annif"]\n')
    found = load_settings(file, {"PAPERWIRE_PORT": "2", "PAPERWIRE_BATCH_WAIT_MS": "2.5"}, {"port": 3, "host": None})
    assert (found.port, found.batch_texts, found.batch_wait_ms, found.protocols) == (3, 7, 2.5, ("annif",))


def test_environment_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "paperwire.toml"
    file.write_text("threads = 2\n")
    assert load_settings(environ={"PAPERWIRE_CONFIG": str(file)}).threads == 2


def test_all_problems_at_once(tmp_path: Path) -> None:
    file = tmp_path / "paperwire.toml"
    file.write_text("prot = 1\nbatch_texts = 0\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(file, {"PAPERWIRE_PORT": "many", "PAPERWIRE_ACCESS_LOG": "perhaps"}, {"tls_key": tmp_path / "no"})
    details = "\n".join(caught.value.details)
    assert len(caught.value.details) == 6
    assert "did you mean 'port'?" in details
    assert "PAPERWIRE_PORT is 'many': expected a whole number" in details
    assert "'batch_texts' in " in details
    assert "PAPERWIRE_ACCESS_LOG is 'perhaps': expected true or false" in details
    assert "tls_certificate and tls_key belong together" in details
    assert "there is no such file" in details


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"host": "0.0.0.0", "keys": "off"}, "leave keys at auto"),
        ({"host": "192.0.2.7"}, "keys_file is missing"),
        ({"papers_per_request": 10, "queue_texts": 5}, "raise queue_texts"),
        ({"cors_origins": ("example.org",)}, "cors_origins holds 'example.org'"),
        ({"cors_origins": ("https://example.org/path",)}, "cors_origins holds"),
        ({"jobs_paths": ("dumps",)}, "name a folder by its full path"),
        ({"jobs_paths": ("/",)}, "jobs_paths holds '/'"),
        ({"jobs_paths": ("/srv",), "store": "/srv/papers.db"}, "set jobs_folder to a place outside"),
        ({"jobs_paths": ("/srv/in", "/srv/jobs/"), "jobs_folder": "/srv/jobs"}, "'/srv/jobs': set jobs_folder"),
    ],
)
def test_contradictions_name_the_remedy(overrides: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings(None, {}, overrides)


def test_a_file_that_is_missing_or_no_toml(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("port == 1")
    for path, words in ((bad, "no TOML"), (tmp_path / "none.toml", "cannot read")):
        with pytest.raises(SettingsError, match=words):
            load_settings(path, {})


def test_every_setting_is_described_and_effective_is_plain() -> None:
    names = [name for name, _, description in setting_rows() if description]
    assert names == list(Settings.__struct_fields__)
    assert set(load_settings(None, {}).effective()) == set(names)


@pytest.mark.parametrize(
    ("host", "loopback"), [("127.8.9.1", True), ("::1", True), ("[::1]", True), ("localhost", True), ("0.0.0.0", False)]
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(Settings.__struct_fields__), st.text(max_size=12), max_size=5))
def test_any_environment_gives_settings_or_one_clear_error(values: dict[str, str]) -> None:
    environ = {f"PAPERWIRE_{name.upper()}": value for name, value in values.items()}
    try:
        load_settings(None, environ)
    except SettingsError as error:
        assert error.details
        assert "\n" not in str(error)


def test_jobs_lie_beside_the_store(tmp_path: Path) -> None:
    def place(**given: object) -> Path:
        return load_settings(None, {}, given).jobs_place

    assert place(store=str(tmp_path / "papers.db")) == tmp_path / "jobs"
    assert place(jobs_folder=tmp_path / "own", store="postgresql://u@h/n") == tmp_path / "own"
    assert place(store="postgresql://u@h/n") == place() == place(store=":memory:")
    assert place().name == "jobs"
