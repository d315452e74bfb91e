import os
import subprocess
import sys
from importlib import import_module

import pytest

from models import errors
from service.cli import COMMANDS, EXIT_CODES, run

PAPERWIRE = [sys.executable, "-c", "from service.cli import main; main()"]


def test_help_lists_every_command_with_its_line(capsys):
    assert run(["--help"]) == 0
    told = capsys.readouterr().out
    for name, (_, summary) in COMMANDS.items():
        assert name in told
        assert summary.split(":")[0][:30] in " ".join(told.split())


def test_help_loads_no_command_and_nothing_heavy():
    script = (
        "import sys\nfrom service.cli import COMMANDS, run\nrun(['--help'])\n"
        "heavy = {'numpy', 'scipy', 'sklearn', 'rich', 'openvino', 'tokenizers', 'fastapi', 'sqlalchemy', 'pyarrow'}\n"
        "found = [name for name in sys.modules if name.startswith('service.commands.')]\n"
        "for name in COMMANDS:\n"
        "    run([name, '--help'])\n"
        "    found += [f'{name}: {one}' for one in sorted(heavy & set(sys.modules))]\n"
        "print(found)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("asked", "most_s"), [([], 0.4), (["tag"], 0.8), (["serve"], 0.8)], ids=["all", "tag", "serve"]
)
def test_help_answers_at_once(asked, most_s):
    """Processor time of the quickest of five: a busy machine stretches the clock's time, but hardly this one.

    0.07 s for all commands and 0.17 s for one, on the machine where this was written.
    """

    def once() -> float:
        process = subprocess.Popen([*PAPERWIRE, *asked, "--help"], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_utime + usage.ru_stime

    assert min(once() for _ in range(5)) < most_s


def test_tagging_loads_only_what_it_needs(tiny_bundle):
    """Neither the network's, the server's nor the trainer's libraries, nor tables of data."""
    script = (
        "import sys\nfrom service.cli import run\n"
        f"run(['tag', 'data/sample_feed.atom', '--bundle', {str(tiny_bundle)!r}, '--output', 'jsonl'])\n"
        "heavy = {'sklearn', 'pandas', 'pyarrow', 'torch', 'fastapi', 'sqlalchemy', 'httpcore2', 'py3langid',\n"
        "         'scipy.optimize', 'feedparser', 'rich', 'training'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name, capsys):
    assert run([name, "--help"]) == 0
    assert "Usage: paperwire" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_a_module_with_an_app(name):
    assert import_module(COMMANDS[name][0]).app


def test_the_version_is_told(capsys):
    from importlib.metadata import version

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"paperwire {version('paperwire')}\n"


def test_nothing_asked_is_help_and_code_2(capsys):
    assert run([]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_a_typing_error_is_code_2_with_a_suggestion(capsys):
    assert run(["tga"]) == 2
    assert capsys.readouterr().err == "paperwire: No such command 'tga'. Did you mean 'tag'?\n"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["--detail", "all"], "Invalid value for '--detail': 'all' is not one of 'ids', 'scores', 'full'."),
        (["--top", "0"], "Invalid value for '--top': '0' should be greater than or equal to 1"),
        (["--workers", "x"], "Invalid value for '--workers': 'x' should be a valid integer, "),
        (["--profle", "fast"], "No such option: --profle (Possible options: --profile, "),
    ],
)
def test_a_wrong_option_is_told_with_its_value_in_one_line(typed, told, capsys):
    assert run(["tag", "-", *typed]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"paperwire: {told}")


def test_every_deliberate_error_has_an_exit_code():
    def below(kind: type) -> list[type]:
        return [kind, *(deeper for child in kind.__subclasses__() for deeper in below(child))]

    kinds = [kind for kind in below(errors.PaperwireError) if kind.__module__ == "models.errors"]
    covered = tuple(kind for kind, _ in EXIT_CODES)
    assert [kind for kind in kinds if not issubclass(kind, covered)] == [errors.PaperwireError]


def test_details_of_an_error_get_a_line_each(monkeypatch, capsys, tmp_path):
    settings = tmp_path / "paperwire.toml"
    settings.write_text("port = -1\nworkers = 0\n")
    monkeypatch.setenv("PAPERWIRE_CONFIG", str(settings))
    assert run(["themes"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert told[0].startswith("paperwire: the settings cannot be used: 'port' in ")
    assert "'workers' in " in told[1]


def test_debug_shows_where_an_error_came_from(capsys, tmp_path):
    assert run(["--debug", "themes", "--bundle", str(tmp_path)]) == 4
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert told.splitlines()[-1].startswith("paperwire: no bundle at ")


def test_themes_lists_groups_with_their_themes(tiny_bundle, capsys):
    assert run(["themes", "--bundle", str(tiny_bundle)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "learning: Learning systems"
    assert lines[1].split()[0] == "moe-training"
    assert run(["themes", "--bundle", str(tiny_bundle), "--json"]) == 0
    assert '"consensus"' in capsys.readouterr().out


def test_bundle_shows_and_verifies(tiny_bundle, tmp_path, capsys):
    assert run(["bundle", "show", str(tiny_bundle)]) == 0
    assert '"taxonomy"' in capsys.readouterr().out
    assert run(["bundle", "verify", str(tiny_bundle)]) == 0
    assert "is whole" in capsys.readouterr().out
    for file in tiny_bundle.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "themes.json").write_text("{}")
    assert run(["bundle", "verify", str(tmp_path)]) == 4
    assert "themes.json is damaged" in capsys.readouterr().err
