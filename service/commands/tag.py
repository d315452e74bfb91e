"""`paperwire tag`: papers in any known format in, tags out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from models.errors import InputError
from models.tagging import Detail, Profile, TagOptions
from service.commands.groups import grouped, split

app = typer.Typer(rich_markup_mode=None, add_completion=False)

OutputName = Literal["jsonl", "csv", "table"]

_INPUTS = "Files, folders (read recursively, in order), http(s) addresses, or '-' for standard input."
_FORMAT = "Format of the inputs; found out from their content if not given. `paperwire tag --formats` lists them."
_OUTPUT = "How to write answers. [default: table on a terminal, csv for --out *.csv, else jsonl]"


def _show_formats(wanted: bool) -> None:
    if wanted:
        from service.feeds.registry import FORMATS

        width = max(map(len, FORMATS))
        for name, form in FORMATS.items():
            typer.echo(f"{name:<{width}}  {form.description}")
        raise typer.Exit


def _known_format(name: str | None) -> str | None:
    from service.feeds.registry import FORMATS

    if name is not None and name not in FORMATS:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(FORMATS)}")
    return name


@dataclass(frozen=True, slots=True)
class Inputs:
    """The options of what to read."""

    inputs: Annotated[list[str], typer.Argument(metavar="INPUT", help=_INPUTS, show_default=False)]
    format: Annotated[str | None, typer.Option(metavar="NAME", help=_FORMAT, callback=_known_format)] = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The options of which tags to give, and how much to say."""

    profile: Annotated[
        Profile | None,
        typer.Option(
            help="fast: by words. accurate: with the encoder. auto: the encoder where fast is unsure; "
            "answers say which stage spoke."
        ),
    ] = None
    detail: Annotated[Detail, typer.Option(help="How much to say; full adds evidence and nearest papers.")] = "scores"
    top: Annotated[int | None, typer.Option(min=1, help="At most so many tags a paper.")] = None
    min_probability: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="One threshold for all themes instead of the bundle's own.")
    ] = None
    promise: Annotated[
        str, typer.Option(metavar="PROMISE", help="What thresholds keep: f1, precision=0.9, recall=0.95.")
    ] = "f1"
    include: Annotated[
        list[str] | None, typer.Option(metavar="IDS", help="Only these themes or groups; commas, or several times.")
    ] = None
    exclude: Annotated[list[str] | None, typer.Option(metavar="IDS", help="None of these themes or groups.")] = None
    under: Annotated[list[str] | None, typer.Option(metavar="IDS", help="Only themes under these groups.")] = None


@dataclass(frozen=True, slots=True)
class Model:
    """The options of which model answers."""

    bundle: Annotated[Path | None, typer.Option(metavar="DIR", help="The model. [default: the one in the package]")] = (
        None
    )
    themes_set: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Provisional themes to give too; see `paperwire themes add`.")
    ] = None


@dataclass(frozen=True, slots=True)
class Writing:
    """The options of where answers go, and in which form."""

    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write to.", dir_okay=False)] = None
    output: Annotated[OutputName | None, typer.Option(help=_OUTPUT, show_default=False)] = None
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what --out holds already.")] = False


@app.command()
@grouped
def tag(
    inputs: Inputs,
    choice: Choice,
    model: Model,
    writing: Writing,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if an entry was skipped.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=0, max=256, help="Processes to tag in beside this one. [default: as worthwhile]")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
    formats: Annotated[  # noqa: ARG001 (acts in its callback)
        bool, typer.Option("--formats", callback=_show_formats, is_eager=True, help="List the input formats and exit.")
    ] = False,
) -> None:
    """Tag papers with themes.

    Answers are written in the order of the papers, each paper once however many inputs hold it.
    Entries that cannot be read are reported on stderr and passed over.
    """
    if writing.resume and writing.out is None:
        raise typer.BadParameter("there is nothing to resume without --out", param_hint="--resume")
    from service.commands.bulk import Request, run_bulk  # heavy: usage errors should not wait for it
    from service.commands.workplace import settings_of
    from service.releases import bundle_in_use

    settings = settings_of(None, model.bundle, choice.profile)
    request = Request(
        inputs=tuple(inputs.inputs),
        format=inputs.format,
        options=_options(choice, settings.profile),
        bundle=bundle_in_use(settings),
        threads=settings.threads,
        out=writing.out,
        output=writing.output,
        resume=writing.resume,
        quiet=quiet,
        workers=workers,
        themes_set=model.themes_set,
        rules=settings.rules,
    )
    raise typer.Exit(run_bulk(request, strict=strict))


def _options(choice: Choice, profile: Profile) -> TagOptions:
    try:
        return TagOptions(
            profile,
            choice.detail,
            choice.top,
            choice.min_probability,
            choice.promise,
            include=split(choice.include),
            exclude=split(choice.exclude),
            under=split(choice.under),
        )
    except InputError as error:
        raise typer.BadParameter(str(error)) from None
