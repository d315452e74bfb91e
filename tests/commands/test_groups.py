"""Options declared in groups are options like any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from service.commands.groups import grouped, split

SEEN: list[object] = []


@dataclass(frozen=True)
class Source:
    places: Annotated[list[str], typer.Argument()]
    limit: Annotated[int, typer.Option(min=1)] = 5


@dataclass(frozen=True)
class Form:
    wide: Annotated[bool, typer.Option("--wide")] = False


app = typer.Typer(add_completion=False)


@app.command()
@grouped
def listing(source: Source, form: Form, name: Annotated[str, typer.Option()] = "none") -> None:
    """List places."""
    SEEN.append((source, form, name))


def test_groups_get_what_was_typed():
    outcome = CliRunner().invoke(app, ["here", "there", "--wide", "--name", "x", "--limit", "7"])
    assert outcome.exit_code == 0, outcome.output
    assert SEEN.pop() == (Source(["here", "there"], 7), Form(wide=True), "x")


def test_what_is_not_typed_has_the_default_of_its_field():
    assert CliRunner().invoke(app, ["here"]).exit_code == 0
    assert SEEN.pop() == (Source(["here"]), Form(), "none")


@pytest.mark.parametrize(("typed", "told"), [([], "Missing argument"), (["here", "--limit", "0"], "limit")])
def test_mistakes_are_named(typed, told):
    outcome = CliRunner().invoke(app, typed)
    assert outcome.exit_code == 2
    assert told in outcome.output
    assert not SEEN


def test_help_is_that_of_the_command_and_of_every_field():
    told = CliRunner().invoke(app, ["--help"]).output
    assert "List places." in told
    assert all(option in told for option in ("--limit", "--wide", "--name"))


def test_lists_are_repeated_or_separated_by_commas():
    assert split(["a, b", "c", " ,"]) == ("a", "b", "c")
    assert split(None) == ()
