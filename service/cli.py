"""The command `paperwire`: a table of commands, and what every error means for the exit code.

    0  done
    1  done, but entries were skipped and --strict was given
    2  the command line or the configuration is wrong
    3  bad input: papers, labels, feeds or addresses
    4  broken environment: no usable bundle, store or disk, or a bug
    130  interrupted

Errors are one line on stderr, with a line each for further details.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from models.errors import (
    BundleError,
    ConflictError,
    FetchError,
    InputError,
    NotFoundError,
    PaperwireError,
    SettingsError,
    StoreError,
    UnavailableError,
)

COMMANDS: dict[str, tuple[str, str]] = {
    "tag": ("service.commands.tag", "Tag papers: files, folders, standard input or addresses."),
    "serve": ("service.commands.serve", "Answer over HTTP."),
    "train": ("service.commands.train", "Train a bundle on labelled papers."),
    "evaluate": ("service.commands.evaluate", "Measure a bundle on labelled papers, or compare two."),
    "bench": ("service.commands.bench", "Papers a second and F1 of each profile, beside sentence-transformers."),
    "feeds": ("service.commands.feeds", "Watch feeds: add, list, remove, status, import, export, run."),
    "sync": ("service.commands.sync", "Fetch all watched feeds now, and tag what is new."),
    "ingest": ("service.commands.ingest", "Take files and dumps into the paper store, tagged."),
    "retag": ("service.commands.retag", "Tag anew what an older bundle tagged; --preview shows the change first."),
    "export": (
        "service.commands.export",
        "Papers of the store as CSV, Parquet, BibTeX, RIS, CSL-JSON, Zotero, JSON Lines.",
    ),
    "labels": ("service.commands.labels", "What people said about stored papers, as labels to train on."),
    "digest": ("service.commands.digest", "What came in, by theme, as Markdown, HTML or text."),
    "queries": ("service.commands.queries", "Keep queries under a name: list, save, show, remove; each is a feed."),
    "vectors": ("service.commands.vectors", "Vectors that similar papers are found by: list, fill in, drop."),
    "rules": ("service.commands.rules", "Rules over the model: check a file, try it on labelled papers."),
    "themes": ("service.commands.themes", "List the themes that a bundle gives; add themes by definition."),
    "bundle": ("service.commands.bundle", "Show, verify, list, promote and roll back bundles; what was live when."),
    "keys": ("service.commands.keys", "Make, list and revoke API keys of a server."),
    "config": ("service.commands.config", "Show the settings in effect."),
}
"""Name, module and one line of every command; a module is imported when its command is called."""

EXIT_CODES: tuple[tuple[type[PaperwireError], int], ...] = (
    (SettingsError, 2),
    (InputError, 3),
    (FetchError, 3),
    (NotFoundError, 3),
    (ConflictError, 3),
    (BundleError, 4),
    (StoreError, 4),
    (UnavailableError, 4),
)
INTERRUPTED = 130
BROKEN = 4


class _LazyGroup(TyperGroup):
    """Commands that are listed from the table and loaded when called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, (_, summary) in COMMANDS.items():
            self.add_command(TyperCommand(name, help=summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, _loaded(name) if name in COMMANDS else command, rest


app = typer.Typer(
    name="paperwire",
    cls=_LazyGroup,
    help="Tags research papers with themes: calibrated, explained, offline.",
    epilog="`paperwire COMMAND --help` explains one command.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"paperwire {version('paperwire')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line of this process and exit with its code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code of one command line; errors are told on stderr."""
    try:
        outcome = typer.main.get_command(app).main(list(arguments), prog_name="paperwire", standalone_mode=False)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 (the outermost loop: people get a reason, never a traceback)
        if "--debug" in arguments[:1]:
            import traceback

            traceback.print_exc()
        return _told(error)
    return outcome if isinstance(outcome, int) else 0


def _loaded(name: str) -> Any:
    module, summary = COMMANDS[name]
    command = typer.main.get_command(import_module(module).app)
    command.name = name
    command.short_help = summary
    return command


def _told(error: Exception) -> int:
    if isinstance(error, typer.TyperException):
        message = _usage(error)  # of several lines only where it is the help, asked for by saying nothing
        _say(message if "\n" in message else f"paperwire: {message}")
        return 2
    if isinstance(error, PaperwireError):
        _say(f"paperwire: {error}")
        for detail in error.details[1:] if len(error.details) > 1 else ():
            _say(f"  also: {detail}")
        return next(code for kind, code in EXIT_CODES if isinstance(error, kind))
    if isinstance(error, OSError):
        _say(f"paperwire: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        return BROKEN
    _say(f"paperwire: internal error, please report it (`paperwire --debug ...` shows where): {error!r}")
    return BROKEN


def _usage(error: typer.TyperException) -> str:
    """What is wrong with an option; where pydantic checked it, with the value typed and without its prefix."""
    from pydantic import ValidationError

    message, cause = error.format_message(), error.__cause__
    if isinstance(cause, ValidationError):
        typed = cause.errors(include_url=False)[0]["input"]
        message = message.replace("Value error, ", "", 1).replace("Input should", f"{str(typed)!r} should", 1)
    return message


def _say(line: str) -> None:
    typer.echo(line, err=True)
