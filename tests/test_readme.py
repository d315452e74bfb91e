"""Every command that the documentation shows is one that exists, with options that exist."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from service.cli import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
_SHELL = re.compile(r"^```(?:sh|console|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(?:\.venv/bin/)?paperwire ([a-z][^`|]*)`")
_LINE = re.compile(r"^\$? ?(?:\.venv/bin/)?paperwire ([^|&<>#\n]+)", re.MULTILINE)
_LINK = re.compile(r"`((?:docs|data|models|training|service|tests)/[\w./]+\w)`")


def commands(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    found = ((file.name, text) for file in DOCUMENTS for text in [file.read_text(encoding="utf-8")])
    return sorted({(name, line.strip()) for name, text in found for line in shown(text, pattern)})


def shown(text: str, pattern: re.Pattern[str]) -> list[str]:
    if pattern is _INLINE:
        return pattern.findall(text)
    return [line for block in _SHELL.findall(text) for line in pattern.findall(block.replace("\\\n", " "))]


def called(line: str) -> tuple[Any, list[str]]:
    """The command that a line calls, and the arguments it gives."""
    command, arguments = typer.main.get_command(app), shlex.split(line)
    while isinstance(command, TyperGroup) and arguments:
        _, command, arguments = command.resolve_command(typer.Context(command), arguments)
    return command, arguments


def parse(line: str) -> None:
    """Raises if the command line would be refused before anything is done."""
    command, arguments = called(line)
    command.make_context("paperwire", arguments)


@pytest.mark.parametrize(("document", "line"), commands(_LINE))
def test_commands_to_type_are_accepted(document, line, monkeypatch):
    monkeypatch.chdir(ROOT)
    parse(line)


@pytest.mark.parametrize(("document", "line"), commands(_INLINE))
def test_commands_in_prose_exist_with_the_options_they_name(document, line):
    command, arguments = called(line)
    known = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}
    assert {part.partition("=")[0] for part in arguments if part.startswith("--")} <= known | {"--help"}


def test_the_readme_shows_commands():
    assert len([line for document, line in commands(_LINE) if document == "README.md"]) >= 7


def test_a_wrong_command_would_be_noticed():
    for line in ("tga x", "tag x --nonsense", "train --label x"):
        with pytest.raises(typer.TyperException):
            parse(line)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_files_named_exist(document):
    names = set(_LINK.findall(document.read_text(encoding="utf-8")))
    assert not [name for name in names if not (ROOT / name).exists()]
