"""`paperwire bench`: how fast and how good each profile is here, beside sentence-transformers on torch."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import InputError
from models.words import counted

if TYPE_CHECKING:
    from rich.table import Table

    from models.bundle import ModelBundle
    from training.benchmark import Plan, Report
    from training.dataset import LabelledPaper
    from training.vectors import Progress

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def bench(
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Labelled papers to tag. [default: invented papers, speed only]"),
    ] = None,
    train: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Labelled papers for contestants that learn from texts.")
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the texts of a .tsv of labels are.")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The model. [default: the one in use]", show_default=False)
    ] = None,
    papers: Annotated[int, typer.Option(min=1, help="At most so many papers.")] = 500,
    runs: Annotated[int, typer.Option(min=1, max=100, help="Runs of each contestant; medians are told.")] = 3,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON; - for standard output.")
    ] = None,
) -> None:
    """Measure papers a second, from text to tags, and micro-F1 of each profile.

    Beside them runs sentence-transformers on torch with the bundle's own encoder weights and logistic
    regression, if the `train` extra is installed; what cannot run is named.
    """
    from training.benchmark import run_benchmark

    loaded, threads = _load(bundle)
    plan = _plan(loaded, labels, train, corpus, papers, runs, threads)
    report = run_benchmark(loaded, plan, progress=_progress())
    if json_file != Path("-"):
        _show(report)
    if json_file is not None:
        _write(json.dumps(report.to_json(), indent=1, ensure_ascii=False), json_file)


def _load(directory: Path | None) -> tuple[ModelBundle, int]:
    from models.bundle import SHIPPED, ModelBundle
    from service.settings import load_settings

    settings = load_settings(overrides={"bundle": directory})
    return ModelBundle.load(settings.bundle or SHIPPED, threads=settings.threads), settings.threads


def _plan(
    bundle: ModelBundle,
    labels: Path | None,
    train: Path | None,
    corpus: Path | None,
    papers: int,
    runs: int,
    threads: int,
) -> Plan:
    from training.benchmark import Plan, invented_papers

    learn = _labelled(train, corpus) if train else []
    if labels is None:
        return Plan(invented_papers(bundle.taxonomy, papers), False, learn, runs, threads)
    return Plan(_labelled(labels, corpus)[:papers], True, learn, runs, threads)


def _labelled(path: Path, corpus: Path | None) -> list[LabelledPaper]:
    from training.dataset import load_labels

    return load_labels(path, corpus=corpus)


def _progress() -> Progress:
    """Plain lines: a bar would draw itself from a thread of its own while speed is measured."""

    def tell(what: str, done: int, total: int) -> None:
        typer.echo(f"\r{what} {done}/{total} ", err=True, nl=done == total and what == "measuring")

    def silent(what: str, done: int, total: int) -> None:
        """Nobody reads along."""

    return tell if sys.stderr.isatty() else silent


def _show(report: Report) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    console.print(_table(report))
    facts = report.machine
    instructions = ", ".join(facts["instructions"]) or "no known instruction sets"
    typer.echo(
        f"{counted(report.data['papers'], 'paper')}, medians, runs: {len(report.rows[0].seconds)}; "
        f"{facts['processor']}, {counted(facts['cores'], 'core')} ({instructions})"
    )
    for remark in report.remarks:
        typer.echo(remark)


def _table(report: Report) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for name in ("papers/s", "times torch", "micro-F1"):
        table.add_column(name, justify="right")
    for row in report.rows:
        told = row.to_json(report.yardstick)
        ratio = "-" if told["ratio"] is None else f"{told['ratio']:.2f}"
        score = "-" if told["micro_f1"] is None else f"{told['micro_f1']:.3f}"
        table.add_row(row.name, f"{told['papers_per_s']:,.1f}", ratio, score)
    return table


def _write(text: str, path: Path) -> None:
    if path == Path("-"):
        typer.echo(text)
        return
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None
