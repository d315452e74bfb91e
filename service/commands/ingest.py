"""`paperwire ingest`: files, folders and dumps into the store, tagged."""

from __future__ import annotations

from typing import Annotated

import typer

from service.commands.workplace import BundleOption, ProfileOption, QuietOption, StoreOption, VectorsOption

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_INPUTS = "Files, folders (read recursively, in order), http(s) addresses, or '-' for standard input."


@app.command()
def ingest(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT", help=_INPUTS, show_default=False)],
    format: Annotated[  # noqa: A002 (the word for it)
        str | None, typer.Option(metavar="NAME", help="Format of the inputs; found out if not given.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if an entry was skipped.")] = False,
    store: StoreOption = None,
    bundle: BundleOption = None,
    profile: ProfileOption = None,
    vectors: VectorsOption = "spare",
    quiet: QuietOption = False,
) -> None:
    """Take papers of any known format into the store, each once, and tag them.

    Known papers are updated, and tagged again where their text changed. It may be stopped or
    killed at any point: run again, it takes in what is missing.
    """
    from service.commands.dumps import DumpRequest, run_dumps
    from service.feeds.registry import FORMATS

    if format is not None and format not in FORMATS:
        raise typer.BadParameter(f"{format!r} is none of {', '.join(FORMATS)}", param_hint="--format")
    request = DumpRequest(tuple(inputs), format, store, bundle, profile, quiet, vectors)
    raise typer.Exit(run_dumps(request, strict=strict))
