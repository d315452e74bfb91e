"""`paperwire train`: from labelled papers to a bundle, without torch."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import LabelError

if TYPE_CHECKING:
    from models.paper import Paper
    from models.themes import Taxonomy
    from training.dataset import LabelledPaper
    from training.job import EncoderSource
    from training.problems import LabelReport

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_LABELS = "Labelled papers: JSON Lines of id, title, abstract, tags; or a .tsv of ids and themes with --corpus."


@app.command()
def train(
    labels: Annotated[Path, typer.Option(metavar="FILE", help=_LABELS, exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where the bundle goes.")],
    dev: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Labelled papers to calibrate on, rather later ones. [default: those of the split dev in --labels]",
            show_default=False,
        ),
    ] = None,
    themes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Taxonomy: YAML, JSON, CSV or TSV. [default: that of the bundle in use]"),
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the texts of a .tsv are: Parquet or JSON Lines.")
    ] = None,
    outside: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Papers of other fields, which teach what is out of scope; any feed format."),
    ] = None,
    encoder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Bundle whose encoder is used. [default: the bundle in use]"),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep vectors here, so that the next run takes seconds.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the bundle.")] = "themes",
    version: Annotated[str, typer.Option(help="Version of the bundle, told in every answer.")] = "1",
    seed: Annotated[int, typer.Option(min=0, help="The same seed and papers give the same bundle.")] = 0,
    strict: Annotated[bool, typer.Option("--strict", help="Stop if a label has an error.")] = False,
) -> None:
    """Train a bundle on labelled papers: n-grams and heads anew, on an encoder that is kept.

    What is wrong with the labels is told first; papers that cannot be used are left out. The vectors
    of papers take longest, and --cache keeps them from run to run.
    """
    from training.fit import fit_bundle
    from training.job import FitOptions, Job

    source, taxonomy = _encoder(encoder), _taxonomy(themes)
    train_papers, dev_papers = _splits(labels, dev, corpus)
    train_papers, dev_papers = _checked(train_papers, dev_papers, taxonomy, strict=strict)
    job = Job(
        taxonomy,
        source,
        train_papers,
        dev_papers,
        outside=_outside(outside),
        name=name,
        version=version,
        options=FitOptions(seed=seed),
    )
    digest = fit_bundle(job, out, cache=cache, progress=_Progress().tell)
    metrics = json.loads((out / "manifest.json").read_bytes())["metrics"]
    typer.echo(json.dumps({"bundle": str(out), "sha256": digest, "metrics": metrics}, indent=1))


def _splits(
    labels: Path, dev: Path | None, corpus: Path | None
) -> tuple[Sequence[LabelledPaper], Sequence[LabelledPaper]]:
    from training.dataset import load_labels

    papers = load_labels(labels, corpus=corpus)
    if dev is not None:
        return papers, load_labels(dev, corpus=corpus)
    chosen = [item for item in papers if item.split in ("", "train")]
    if not chosen:
        raise LabelError(f"{labels} has no paper of the split 'train' or of none: there is nothing to learn from")
    return chosen, [item for item in papers if item.split == "dev"]


def _checked(
    train_papers: Sequence[LabelledPaper], dev_papers: Sequence[LabelledPaper], taxonomy: Taxonomy, *, strict: bool
) -> tuple[list[LabelledPaper], list[LabelledPaper]]:
    from training.validate import usable, validate

    report: LabelReport = validate(train_papers, dev_papers, taxonomy)
    for line in [*report.lines(), report.summary()]:
        _say(line)
    return usable(report, train_papers, dev_papers, strict=strict)


def _taxonomy(path: Path | None) -> Taxonomy:
    from models.bundle import ModelBundle
    from models.themes import load_taxonomy

    return load_taxonomy(path) if path else ModelBundle.load(_in_use(), verify=False).taxonomy


def _encoder(directory: Path | None) -> EncoderSource:
    from models.bundle import ModelBundle
    from training.job import EncoderSource

    bundle = ModelBundle.load(directory or _in_use())
    return EncoderSource(bundle.directory, f"encoder of {bundle.name.name} {bundle.name.version}")


def _in_use() -> Path:
    from models.bundle import SHIPPED
    from service.settings import load_settings

    return load_settings().bundle or SHIPPED


def _outside(path: Path | None) -> list[Paper]:
    if path is None:
        return []
    from models.paper import Paper
    from service.feeds import iter_entries

    with path.open("rb") as stream:
        return [entry for entry in iter_entries(stream) if isinstance(entry, Paper)]


class _Progress:
    """One line a stage where stderr is a file, a line that is written over on a terminal."""

    def __init__(self) -> None:
        self._stage = ""

    def tell(self, what: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            typer.echo(f"\r\x1b[Kpaperwire: {what} {done:,}/{total:,}", err=True, nl=done == total)
        elif what != self._stage:
            _say(what)
        self._stage = what


def _say(line: str) -> None:
    typer.echo("".join(c if c.isprintable() else " " for c in f"paperwire: {line}"), err=True)
