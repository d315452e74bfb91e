"""`paperwire export`: papers of the store for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from models.words import counted
from service.commands.groups import grouped
from service.commands.selection import Selection, context_of, open_bundle
from service.commands.workplace import BundleOption, QuietOption, StoreOption, open_store, settings_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)

FormatName = Literal["jsonl", "csv", "parquet", "bibtex", "ris", "csl-json", "zotero"]


@app.command()
@grouped
def export(
    selection: Selection,
    format: Annotated[  # noqa: A002 (the word for it)
        FormatName | None, typer.Option(help="How to write. [default: as --out ends, else jsonl]", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write to.", dir_okay=False)] = None,
    since: Annotated[str, typer.Option(metavar="WHEN", help="Seen first since then: 7d, 12h, 2026-03-01.")] = "",
    store: StoreOption = None,
    bundle: BundleOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write papers of the store with their tags to a file or standard output.

    Keywords and tags are marked as given automatically where the format has a place for that.
    """
    settings = settings_of(store, bundle)
    context = context_of(open_bundle(settings))
    from service.commands.target import opened
    from service.out.exports import export as write_papers

    name = format or _by_ending(out)
    with open_store(settings) as papers:
        wanted = selection.as_query(papers, context, since)
        with opened(out) as stream:
            count = write_papers(papers, wanted, context.names, name, stream)
    if not quiet:
        typer.echo(f"paperwire: {counted(count, 'paper')} exported as {name}", err=True)


def _by_ending(out: Path | None) -> str:
    from service.out.exports import EXPORTS

    if out is None:
        return "jsonl"
    fitting = [name for name, form in EXPORTS.items() if out.name.lower().endswith(form.ending)]
    if not fitting:
        raise typer.BadParameter(f"{out.name} does not say which format: give --format", param_hint="--out")
    return fitting[0]
