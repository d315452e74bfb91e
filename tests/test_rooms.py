"""What import-linter cannot see of the rules by which the rooms are kept apart."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(file for room in ("models", "service", "training") for file in (ROOT / room).rglob("*.py"))
UNWANTED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "core", "misc"}


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


def imported(nodes: list[ast.AST]) -> set[str]:
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_commands_load_training_only_when_they_run():
    script = (
        "import sys\nfrom importlib import import_module\nfrom service.cli import COMMANDS\n"
        "for module, _ in COMMANDS.values(): import_module(module)\n"
        "print(sorted({'training', 'torch', 'sklearn', 'openvino', 'fastapi'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("file", MODULES, ids=named)
def test_nothing_is_pickled_and_nothing_asserted(file):
    nodes = list(ast.walk(tree(file)))
    assert not imported(nodes) & {"pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}
    assert not [node.lineno for node in nodes if isinstance(node, ast.Assert)]


@pytest.mark.parametrize("file", [f for f in MODULES if named(f) != "service/settings.py"], ids=named)
def test_only_the_settings_read_the_environment(file):
    reads = [n for n in ast.walk(tree(file)) if isinstance(n, ast.Attribute) and n.attr in ("environ", "getenv")]
    assert not [node.lineno for node in reads]


def test_modules_are_named_for_what_they_are():
    assert not [named(file) for file in MODULES if file.stem in UNWANTED_NAMES]


def test_rooms_are_at_most_two_folders_deep():
    assert not [named(file) for file in MODULES if len(file.relative_to(ROOT).parts) > 3]


def test_every_folder_is_a_package():
    assert not [named(file) for file in MODULES if not (file.parent / "__init__.py").exists()]
