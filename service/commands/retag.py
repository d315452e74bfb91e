"""`paperwire retag`: what an older bundle tagged, tagged anew."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from models.words import counted
from service.commands.workplace import (
    BundleOption,
    ProfileOption,
    QuietOption,
    StoreOption,
    VectorsOption,
    open_store,
    open_tagger,
    settings_of,
)

if TYPE_CHECKING:
    from service.ingest import Retagged
    from service.ingest.answers import Tagger
    from service.store import Store

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_INTERRUPTED = 130


@app.command()
def retag(
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would change; save nothing.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many papers. [default: all]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The change as one JSON object.")] = False,
    store: StoreOption = None,
    bundle: BundleOption = None,
    profile: ProfileOption = None,
    vectors: VectorsOption = "spare",
    quiet: QuietOption = False,
) -> None:
    """Tag anew the papers that another bundle than the present one tagged.

    Prints the tags added and removed by theme, with example ids. It may be stopped or killed at
    any point: run again, it goes on where it stopped. Earlier answers stay in the store's history.
    """
    settings = settings_of(store, bundle, profile)
    with open_store(settings) as opened:
        raise typer.Exit(
            _run(
                opened,
                open_tagger(settings, "none" if preview else vectors),
                preview=preview,
                limit=limit,
                as_json=as_json,
                quiet=quiet,
            )
        )


def _run(store: Store, tagger: Tagger, *, preview: bool, limit: int | None, as_json: bool, quiet: bool) -> int:
    from service import ingest
    from service.commands.voice import Voice
    from service.pipeline import Counts, Interrupts, Progress

    far = ingest.Retagged()

    def progress(now: Retagged) -> None:
        nonlocal far
        far = now
        voice.show(Progress(answered=now.papers), Counts())

    with Interrupts() as interrupts, Voice([], bar=sys.stderr.isatty() and not quiet) as voice:
        try:
            if preview:
                far = ingest.preview(store, tagger, limit=limit, progress=progress)
            else:
                far = ingest.retag(store, tagger, limit=limit, progress=progress, held=interrupts.held)
        except KeyboardInterrupt:
            voice.say(
                f"stopped after {far.papers:,} of {counted(far.total, 'paper')}; run the same command again to go on"
            )
            return _INTERRUPTED
    _print(far, tagger.bundle, as_json=as_json, preview=preview)
    return 0


def _print(done: Retagged, bundle: str, *, as_json: bool, preview: bool) -> None:
    if as_json:
        themes = {theme: gain._asdict() for theme, gain in done.changes.themes.items()}
        counts = {"papers": done.papers, "changed": done.changes.changed, "unchanged": done.changes.unchanged}
        typer.echo(json.dumps({"bundle": bundle, "preview": preview, **counts, "themes": themes}, ensure_ascii=False))
        return
    for theme, gain in done.changes.themes.items():
        typer.echo(f"{theme}: +{gain.added:,} -{gain.removed:,}")
        for sign, ids in (("+", gain.added_examples), ("-", gain.removed_examples)):
            if ids:
                typer.echo(f"  {sign} {', '.join(ids)}")
    would = "would get" if preview else "got"
    typer.echo(
        f"{counted(done.papers, 'paper')} of older bundles: {done.changes.changed:,} {would} other tags from {bundle}, "
        f"{done.changes.unchanged:,} keep theirs",
        err=True,
    )
