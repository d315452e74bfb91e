"""`paperwire feeds`: the feeds a curator watches."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.speech import plain
from service.commands.workplace import (
    BundleOption,
    ProfileOption,
    QuietOption,
    StoreOption,
    VectorsOption,
    open_store,
    settings_of,
)

if TYPE_CHECKING:
    from service.ingest import SourceStatus
    from service.store import Source

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Watch feeds: their papers are fetched, folded, tagged and stored.",
)

_SOURCE = (
    "An http(s) address, a file, arxiv:QUERY (arxiv:cs.DC, arxiv:cat:cs.DC AND ti:consensus), "
    "oai:SET (oai:cs:cs:DC, arXiv's), or the address of an OAI-PMH ListRecords."
)
_EVERY = "How often to fetch it: 30m, 1h, 1d. [default: 1d]"
_SINCE = "For arxiv: and oai: sources: how far back to begin, a date or 'all'. [default: 30 days]"
Name = Annotated[str, typer.Argument(metavar="FEED", help="Its address or title.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a feed, for programs.")]


@app.command()
def add(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=_SOURCE, show_default=False)],
    title: Annotated[str, typer.Option(help="What people call it.")] = "",
    format: Annotated[str, typer.Option(metavar="NAME", help="Its format; found out if not given.")] = "",  # noqa: A002
    every: Annotated[str, typer.Option(metavar="TIME", help=_EVERY, show_default=False)] = "1d",
    since: Annotated[str, typer.Option(metavar="DATE", help=_SINCE, show_default=False)] = "",
    store: StoreOption = None,
) -> None:
    """Watch a feed from now on; `paperwire feeds run` fetches it."""
    from service.feeds.registry import FORMATS
    from service.ingest import duration_s, parse_spec
    from service.ingest.harvest import first_cursor
    from service.store import Source
    from service.store.database import now

    if format and format not in FORMATS:
        raise typer.BadParameter(f"{format!r} is none of {', '.join(FORMATS)}", param_hint="--format")
    spec = parse_spec(source)
    cursor = first_cursor(spec, since, now().date()) if since else ""
    with open_store(settings_of(store)) as opened:
        added = opened.sources.add(Source(spec.url, title, format, interval_s=duration_s(every), cursor=cursor))
    typer.echo(f"{added.url} is watched; fetch it with: paperwire feeds run")


@app.command(name="list")
def list_(store: StoreOption = None, as_json: Json = False) -> None:
    """List the watched feeds: how often each is fetched, when it was last and will be next."""
    with open_store(settings_of(store)) as opened:
        sources = opened.sources.all()
    if as_json:
        for source in sources:
            typer.echo(json.dumps(_record(source), ensure_ascii=False))
    elif sources:
        _print_list(sources)
    else:
        typer.echo("no feeds are watched: add one with `paperwire feeds add URL`", err=True)


@app.command()
def remove(name: Name, store: StoreOption = None) -> None:
    """Watch a feed no longer; its papers stay."""
    from service.commands.rounds import find_source

    with open_store(settings_of(store)) as opened:
        source = find_source(opened, name)
        opened.sources.remove(source.url)
    typer.echo(f"{source.url} is watched no longer; its papers stay")


@app.command()
def status(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[FEED]...", help="Only these.", show_default=False)
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if a feed needs a look.")] = False,
    store: StoreOption = None,
    as_json: Json = False,
) -> None:
    """Say how the feeds are doing: failures, stale batches, empty days, gaps, wrong links."""
    from service.commands.rounds import find_source
    from service.ingest import source_status
    from service.store.database import now

    with open_store(settings_of(store)) as opened:
        chosen = [find_source(opened, name) for name in names] if names else opened.sources.all()
        found = [source_status(opened, source, now()) for source in chosen]
    for item in found:
        typer.echo(json.dumps(_status_record(item), ensure_ascii=False) if as_json else _told(item))
    raise typer.Exit(int(strict and any(item.needs_a_look for item in found)))


@app.command(name="import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An OPML file, its address, or '-'.", show_default=False)],
    every: Annotated[
        str, typer.Option(metavar="TIME", help="How often to fetch feeds that do not say it. [default: 1d]")
    ] = "1d",
    store: StoreOption = None,
) -> None:
    """Watch all feeds of an OPML list; those already watched stay as they are."""
    from models.errors import ConflictError
    from service.ingest import duration_s, read_opml
    from service.store import Source

    settings, interval_s = settings_of(store), duration_s(every)
    listed = read_opml(_read(file, store))
    added = known = 0
    with open_store(settings) as opened:
        for one in listed.outlines:
            source = Source(one.url, one.title, one.format, interval_s=one.interval_s or interval_s)
            try:
                opened.sources.add(source)
                added += 1
            except ConflictError:
                known += 1
    for skipped in listed.skipped:
        line = f"paperwire: skipped: outline {skipped.position}: {skipped.reason} ({skipped.id})"
        typer.echo(plain(line), err=True)
    typer.echo(f"{added} added, {known} watched already, {len(listed.skipped)} outlines skipped", err=True)


@app.command()
def export(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The OPML file. [default: standard output]")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Write the watched feeds as OPML, which feed readers take."""
    from service.ingest import write_opml

    with open_store(settings_of(store)) as opened:
        document = write_opml(opened.sources.all(), "Paperwire: watched feeds")
    if file is None:
        sys.stdout.buffer.write(document)
        sys.stdout.buffer.flush()
    else:
        file.write_bytes(document)


@app.command()
def run(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FEED]...", help="Only these, due or not. [default: all that are due]"),
    ] = None,
    every: Annotated[
        str | None, typer.Option(metavar="TIME", help="Go on until interrupted, a round every 30m, 1h, ...")
    ] = None,
    store: StoreOption = None,
    bundle: BundleOption = None,
    profile: ProfileOption = None,
    vectors: VectorsOption = "all",
    quiet: QuietOption = False,
) -> None:
    """Fetch the feeds that are due, and tag what is new or changed.

    A feed that fails is reported and tried again later, after ever longer pauses; it costs no
    other. Exits with 3 if all of them failed.
    """
    from service.commands.rounds import RoundRequest, run_rounds
    from service.ingest import duration_s

    every_s = duration_s(every) if every else None
    request = RoundRequest(tuple(names or ()), False, every_s, store, bundle, profile, quiet, vectors)
    raise typer.Exit(run_rounds(request))


def _read(place: str, store: str | None) -> bytes:
    from service.commands.workplace import make_fetcher

    if place == "-":
        return sys.stdin.buffer.read()
    if place.lower().startswith(("http://", "https://")):
        return make_fetcher(settings_of(store)).fetch(place).body
    return Path(place).read_bytes()


def _record(source: Source) -> dict[str, object]:
    from dataclasses import asdict

    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in asdict(source).items()}


def _status_record(found: SourceStatus) -> dict[str, object]:
    return {"url": found.source.url, "state": found.state, "sentences": list(found.sentences)} | {
        name: value
        for name, value in _record(found.source).items()
        if name in ("title", "last_ok", "last_tried", "next_due", "failures", "last_error")
    }


def _told(found: SourceStatus) -> str:
    name = found.source.title or found.source.url
    address = f" ({found.source.url})" if found.source.title else ""
    return "\n  ".join(map(plain, [f"{found.state.upper():<8} {name}{address}", *found.sentences]))


def _print_list(sources: tuple[Source, ...]) -> None:
    from service.ingest import duration_text

    rows = [("every", "last fetched (UTC)", "next", "feed")]
    for source in sources:
        last = f"{source.last_ok:%Y-%m-%d %H:%M}" if source.last_ok else "never"
        following = "off" if not source.active else f"{source.next_due:%Y-%m-%d %H:%M}" if source.next_due else "now"
        title = f"{source.title}: " if source.title else ""
        rows.append((duration_text(source.interval_s), last, following, title + source.url))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row[:3], widths, strict=True))
        typer.echo(plain("  ".join([*cells, row[3]])))
