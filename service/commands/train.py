"""`paperwire train`: from anybody's labels and themes to a bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.commands.groups import grouped

if TYPE_CHECKING:
    from models.paper import Paper
    from training.encoders import Current
    from training.finetune import TuneOptions
    from training.prepare import Labels
    from training.run import Request

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_LABELS = (
    "Labelled papers: JSON Lines of id, title, abstract, tags (and published, split); or a .tsv of ids and themes, "
    "with --corpus."
)
_DEV = (
    "Labelled papers that set calibration and thresholds, rather later ones. [default: those of the split 'dev', else "
    "half of the newest 15 %]"
)
_TEST = (
    "Labelled papers that only measure. [default: those of the split 'test', else the other half of the newest 15 %; "
    "under 500 papers: cross-validation]"
)
_THEMES = (
    "Taxonomy: YAML, JSON, CSV or TSV. [default: the themes of the bundle in use if most labels are among them, else "
    "the labels themselves]"
)
_ENCODER = (
    "shipped: that of the bundle in use. minilm: all-MiniLM-L6-v2 as published (extra 'train'). Or a directory: a "
    "bundle, or a BERT sentence transformer. [default: shipped for its own themes, else minilm where installed]"
)
_CACHE = "Where vectors and checkpoints are kept, so that a killed or repeated run goes on. [default: OUT.cache]"


@dataclass(frozen=True, slots=True)
class LabelFiles:
    """The options of what to learn from and be measured by."""

    labels: Annotated[Path, typer.Option(metavar="FILE", help=_LABELS, show_default=False)]
    dev: Annotated[Path | None, typer.Option(metavar="FILE", help=_DEV, show_default=False)] = None
    test: Annotated[Path | None, typer.Option(metavar="FILE", help=_TEST, show_default=False)] = None
    corpus: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the texts of a .tsv are: Parquet or JSON Lines.")
    ] = None
    themes: Annotated[Path | None, typer.Option(metavar="FILE", help=_THEMES, show_default=False)] = None


@dataclass(frozen=True, slots=True)
class Learning:
    """The options of how to learn."""

    outside: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Papers of other fields, to learn what is out of scope; any feed format."),
    ] = None
    field_category: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Papers listed under it, such as cs.DC, are always in scope; repeatable."),
    ] = None
    encoder: Annotated[str | None, typer.Option(metavar="NAME|DIR", help=_ENCODER, show_default=False)] = None
    fine_tune: Annotated[
        bool, typer.Option("--fine-tune", help="Train the encoder too (extra 'train'; hours rather than seconds).")
    ] = False
    epochs: Annotated[float, typer.Option(min=0.01, help="Of --fine-tune.")] = 4.0
    distil: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Unlabelled papers to teach the fast profile with, and a fine-tuned encoder; any feed format.",
        ),
    ] = None
    distil_count: Annotated[int, typer.Option(min=1, help="How many of them.")] = 20_000
    student: Annotated[
        bool,
        typer.Option(
            "--student",
            help="Train a small network for the fast profile too (extra 'train'; needs tens of thousands of --distil).",
        ),
    ] = False
    seed: Annotated[int, typer.Option(min=0, help="The same seed and papers give the same bundle.")] = 0


@dataclass(frozen=True, slots=True)
class Product:
    """The options of what comes out, and where."""

    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="The bundle; its report goes to DIR.report.")
    ] = Path("bundle")
    name: Annotated[str, typer.Option(help="Name of the bundle.")] = "themes"
    version: Annotated[str, typer.Option(help="Version of the bundle, told in every answer.")] = "1"
    curve: Annotated[bool, typer.Option("--curve/--no-curve", help="Draw a learning curve.")] = True
    cache: Annotated[Path | None, typer.Option(metavar="DIR", help=_CACHE, show_default=False)] = None


@app.command()
@grouped
def train(
    files: LabelFiles,
    learning: Learning,
    product: Product,
    strict: Annotated[bool, typer.Option("--strict", help="Stop if the labels have an error.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train a bundle on labelled papers, measure it, and write a report and a model card.

    What is wrong with the labels is told first; papers that cannot be used are left out. On standard
    output come the places of bundle and report, its sha256 and its main figures, as JSON.
    """
    from service.commands.stages import Stages
    from training.run import train as run

    request = _request(files, learning, product, strict=strict)
    with Stages(quiet=quiet) as stages:
        outcome = run(request, progress=stages.show, tell=stages.say)
    typer.echo(json.dumps(outcome.to_json(), indent=1, ensure_ascii=False))


def _request(files: LabelFiles, learning: Learning, product: Product, *, strict: bool) -> Request:
    from training.run import Request
    from training.student import StudentOptions

    current = _current()
    return Request(
        labels=_labels(files, current),
        current=current,
        encoder=learning.encoder,
        outside=tuple(_papers(learning.outside)) if learning.outside else (),
        field_categories=tuple(learning.field_category or ()),
        tune=_tuning(learning.epochs) if learning.fine_tune else None,
        unlabelled=partial(_papers, learning.distil) if learning.distil else None,
        count=learning.distil_count,
        student=StudentOptions() if learning.student else None,
        out=product.out,
        cache=product.cache or product.out.with_name(f"{product.out.name}.cache"),
        name=product.name,
        version=product.version,
        seed=learning.seed,
        curve=product.curve,
        strict=strict,
    )


def _labels(files: LabelFiles, current: Current | None) -> Labels:
    from models.themes import load_taxonomy
    from training.dataset import load_labels
    from training.prepare import Labels

    return Labels(
        load_labels(files.labels, corpus=files.corpus),
        load_labels(files.dev, corpus=files.corpus) if files.dev else (),
        load_labels(files.test, corpus=files.corpus) if files.test else (),
        load_taxonomy(files.themes) if files.themes else None,
        current.taxonomy if current else None,
    )


def _current() -> Current | None:
    """The bundle in use; None where a package without a bundle is all there is."""
    from models.bundle import SHIPPED, ModelBundle
    from service.settings import load_settings
    from training.encoders import Current

    directory = load_settings().bundle
    if directory is None and not (SHIPPED / "manifest.json").is_file():
        return None
    bundle = ModelBundle.load(directory or SHIPPED)
    return Current(bundle.directory, bundle.taxonomy, f"{bundle.name.name} {bundle.name.version}")


def _tuning(epochs: float) -> TuneOptions:
    from service.settings import load_settings
    from training.finetune import TuneOptions

    return TuneOptions(epochs=epochs, threads=load_settings().threads)


def _papers(path: Path) -> Iterator[Paper]:
    """The papers of a file in any feed format, one by one; entries that are none are passed over."""
    from models.paper import Paper
    from service.feeds import iter_entries

    with path.open("rb") as stream:
        entries: Iterator[Any] = iter_entries(stream)
        yield from (entry for entry in entries if isinstance(entry, Paper))
