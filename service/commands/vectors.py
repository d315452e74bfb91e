"""`paperwire vectors`: what similar papers are found by."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from models.words import counted
from service.commands.workplace import BundleOption, QuietOption, StoreOption, open_bundle, open_store, settings_of

if TYPE_CHECKING:
    from service.ingest import Filled, TextVectors
    from service.store import Store

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Vectors that similar papers are found by: list, fill in what is missing, drop those of older models.",
)
_INTERRUPTED = 130
_KINDS = "ngrams: milliseconds for a hundred papers. encoder: tens of milliseconds a paper, nearer in meaning."


@app.command("list")
def list_(store: StoreOption = None, bundle: BundleOption = None) -> None:
    """List the vectors by name, with how many texts have one; * marks those of the present model."""
    from models.vectors import encoder_id, ngrams_id

    settings = settings_of(store, bundle)
    model = open_bundle(settings, verify=False)
    own = (encoder_id(model), ngrams_id(model))
    with open_store(settings) as opened:
        counts, papers = opened.vectors.counts(), opened.listing.count()
    for name in dict.fromkeys((*own, *counts)):
        typer.echo(f"{'*' if name in own else ' '} {name}\t{counted(counts.get(name, 0), 'text')}")
    typer.echo(f"{counted(papers, 'paper')} in the store", err=True)


@app.command()
def fill(
    kind: Annotated[Literal["all", "ngrams", "encoder"], typer.Option(help=_KINDS)] = "all",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many papers of each kind.")] = None,
    store: StoreOption = None,
    bundle: BundleOption = None,
    quiet: QuietOption = False,
) -> None:
    """Work out the vectors of the present model that stored papers lack.

    It may be stopped or killed at any point: run again, it goes on where it stopped.
    """
    from service.ingest import TextVectors

    settings = settings_of(store, bundle)
    with open_store(settings) as opened:
        vectors = TextVectors(open_bundle(settings))
        kinds = {"ngrams": vectors.ngrams, "encoder": vectors.encoder}
        names = [name for word, name in kinds.items() if kind in ("all", word)]
        raise typer.Exit(_fill(opened, vectors, names, limit, quiet=quiet))


@app.command()
def drop(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `list` shows it.", show_default=False)],
    store: StoreOption = None,
) -> None:
    """Forget all vectors of a name, such as those of a model that is used no longer."""
    with open_store(settings_of(store)) as opened:
        opened.vectors.drop(name)


def _fill(store: Store, vectors: TextVectors, names: list[str], limit: int | None, *, quiet: bool) -> int:
    from service.commands.voice import Voice
    from service.ingest import Filled, fill_vectors
    from service.pipeline import Counts, Interrupts, Progress

    far = Filled()

    def progress(now: Filled) -> None:
        nonlocal far
        far = now
        voice.show(Progress(answered=now.papers), Counts())

    with Interrupts() as interrupts, Voice([], bar=sys.stderr.isatty() and not quiet) as voice:
        try:
            far = fill_vectors(store, vectors, names, limit=limit, progress=progress, held=interrupts.held)
        except KeyboardInterrupt:
            voice.say(f"stopped after {far.papers:,} of {far.total:,} vectors; run the same command again to go on")
            return _INTERRUPTED
        if not quiet:
            voice.say(f"{far.papers:,} vectors added")
    return 0
