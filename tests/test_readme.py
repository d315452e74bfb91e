"""Every command that the documentation shows is one that exists, with options that exist."""

import re
import shlex
from pathlib import Path

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


def shown(document: Path) -> list[str]:
    text = document.read_text(encoding="utf-8")
    blocks = [block.replace("\\\n", " ") for block in _SHELL.findall(text)]
    return [line for block in blocks for line in _LINE.findall(block)] + _INLINE.findall(text)


COMMANDS = sorted({(file.name, line.strip()) for file in DOCUMENTS for line in shown(file)})


def parse(line: str) -> None:
    """Raises if the command line would be refused before anything is done."""
    command, arguments = typer.main.get_command(app), shlex.split(line)
    while isinstance(command, TyperGroup):
        _, command, arguments = command.resolve_command(typer.Context(command), arguments)
        if not arguments:
            return  # the name of a command alone, as prose mentions it
    command.make_context("paperwire", arguments)


@pytest.mark.parametrize(("document", "line"), COMMANDS)
def test_commands_shown_exist(document, line, monkeypatch):
    monkeypatch.chdir(ROOT)
    if "..." in line or re.search(r"\b[A-Z]{2,}\b", line):
        line = line.split()[0]  # a pattern with places to fill in
    try:
        parse(line)
    except typer.TyperException:
        parse(f"{line} 1")  # prose names an option and leaves out its value


def test_the_readme_shows_commands():
    assert len([line for document, line in COMMANDS if document == "README.md"]) >= 8


def test_a_wrong_command_would_be_noticed():
    for line in ("tga x", "tag x --nonsense", "train --label x"):
        with pytest.raises(typer.TyperException):
            parse(line)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_files_named_exist(document):
    names = set(_LINK.findall(document.read_text(encoding="utf-8")))
    assert not [name for name in names if not (ROOT / name).exists()]
