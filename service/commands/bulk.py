"""What `paperwire tag` does once its command line is understood."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from models.bundle import SHIPPED, ModelBundle
from models.calibration import parse_promise
from models.errors import InputError
from models.tagging import TagOptions
from models.theme_set import ThemeSet
from models.words import counted
from service.commands.voice import Voice
from service.pipeline import (
    BATCH,
    FileOutput,
    Interrupts,
    Output,
    PaperStream,
    Progress,
    Renderer,
    StreamOutput,
    Work,
    answering,
    answering_in,
    find_sources,
    record_path,
    settings_of_run,
    tag_all,
)
from service.pipeline.run import Answer
from service.ruled import under_rules
from service.spawning import cores

if TYPE_CHECKING:
    from service.commands.tag import OutputName

_INTERRUPTED = 130
_BROKEN_PIPE = 141
_MOST_WORKERS = 16  # beyond that one process cannot read as fast as they tag


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line.

    Attributes:
        inputs, format: what to read, and how; format None finds out.
        options: what to give. bundle: directory of the model.
        threads: cores of the encoder, 0 for all.
        out: file to write; None for standard output. output: how to write; None decides by `out`.
        resume: go on with `out`. quiet: only say what went wrong.
        workers: processes beside this one; None decides by the profile.
        themes_set: file of provisional themes to give too.
        rules: file of rules over the model; None for none.
    """

    inputs: tuple[str, ...]
    format: str | None
    options: TagOptions
    bundle: Path
    threads: int
    out: Path | None
    output: OutputName | None
    resume: bool
    quiet: bool
    workers: int | None
    themes_set: Path | None = None
    rules: Path | None = None

    @property
    def chosen_output(self) -> OutputName:
        """The way to write, decided."""
        if self.output is not None:
            return self.output
        if self.out is not None:
            return "csv" if self.out.suffix.lower() == ".csv" else "jsonl"
        return "table" if sys.stdout.isatty() else "jsonl"


def run_bulk(request: Request, *, strict: bool) -> int:
    """The exit code of a bulk run; answers, remarks and a summary are written on the way."""
    written = [request.out, record_path(request.out)] if request.out else []
    sources = find_sources(request.inputs, _fetch, sys.stdin.buffer, without=written)
    bundle = _bundle(request)
    _check(request.options, bundle)
    renderer = _renderer(request)
    visible = sys.stderr.isatty() and not request.quiet and (request.out is not None or not sys.stdout.isatty())
    with Interrupts() as interrupts, Voice(sources, bar=visible) as voice:
        papers = PaperStream(sources, request.format, report=voice.report)
        progress = Progress()
        try:
            tag_all(
                papers,
                _answer(request, bundle, renderer),
                renderer.header,
                _output(request, bundle),
                batch_size=BATCH[request.options.profile],
                held=interrupts.held,
                progress=progress,
                report=lambda now: voice.show(now, papers.counts),
            )
        except KeyboardInterrupt:
            return _stopped(request, progress, voice)
        except BrokenPipeError:
            return _unheard()
    if not request.quiet:
        voice.summarise(progress, papers.counts)
        if request.bundle != SHIPPED:
            voice.say(f"by {bundle.name.name}@{bundle.name.version} in {request.bundle}")
    if papers.counts.unreadable_named or papers.counts.unreadable == len(sources):
        return 3
    return int(strict and bool(papers.counts.skipped or papers.counts.unreadable))


def _bundle(request: Request) -> ModelBundle:
    bundle = ModelBundle.load(request.bundle, threads=request.threads)
    extended = bundle.with_themes(ThemeSet.load(request.themes_set)) if request.themes_set else bundle
    return under_rules(extended, request.rules)


def _fetch(address: str) -> bytes:
    from service.commands.workplace import make_fetcher
    from service.settings import load_settings

    return make_fetcher(load_settings()).fetch(address).body


def _check(options: TagOptions, bundle: ModelBundle) -> None:
    try:
        parse_promise(options.promise)
        bundle.taxonomy.under(options.include + options.exclude + options.under)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None


def _answer(request: Request, bundle: ModelBundle, renderer: Renderer) -> Answer:
    count = _workers(request)
    if count:
        return answering_in(count, Work(bundle.directory, bundle.name.sha256, request.options, renderer), bundle)
    return answering(lambda batch: bundle.tag(batch, request.options), renderer)


def _workers(request: Request) -> int:
    if request.themes_set is not None or request.rules is not None:
        return 0  # other processes load the bundle alone, without themes that came later and without rules
    if request.workers is not None:
        return request.workers
    # With the encoder one process keeps all cores busy.
    worthwhile = request.options.profile == "fast"
    return min(cores(), _MOST_WORKERS) if worthwhile and cores() > 1 else 0


def _renderer(request: Request) -> Renderer:
    from service.render import Csv, JsonLines, PaperTable

    if request.chosen_output == "jsonl":
        return JsonLines(request.options.detail)
    if request.chosen_output == "csv":
        return Csv(request.options.detail)
    on_terminal = request.out is None and sys.stdout.isatty()
    return PaperTable(_width(), colour=on_terminal)


def _width() -> int:
    from rich.console import Console

    return Console(file=sys.stdout).width if sys.stdout.isatty() else 100


def _output(request: Request, bundle: ModelBundle) -> Output:
    if request.out is None:
        return StreamOutput(sys.stdout.buffer)
    settings = settings_of_run(bundle.name, request.options, request.chosen_output, request.format, request.rules)
    if bundle.provisional:
        settings["provisional"] = bundle.provisional.digest
    return FileOutput(request.out, settings, resume=request.resume)


def _stopped(request: Request, progress: Progress, voice: Voice) -> int:
    done = counted(progress.resumed + progress.answered, "paper")
    if request.out is None:
        voice.say(f"stopped after {done}")
    else:
        arguments = [part for part in sys.argv[1:] if part != "--resume"]
        again = shlex.join(["paperwire", *arguments, "--resume"])
        voice.say(f"stopped after {done}, all in {request.out}; go on with: {again}")
    return _INTERRUPTED


def _unheard() -> int:
    # The reader of a pipe went away, as `head` does; Python would complain when it flushes at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _BROKEN_PIPE
