"""`paperwire evaluate`: how good a bundle is on labelled papers, with intervals, and against another."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import InputError, LabelError
from service.commands.speech import plain

if TYPE_CHECKING:
    from models.bundle import ModelBundle
    from models.tagging import Profile
    from training.dataset import LabelledPaper
    from training.evaluate import Evaluation, Options
    from training.intervals import Comparison
    from training.predictions import Predictions
    from training.problems import LabelReport
    from training.vectors import Progress

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def evaluate(
    labels: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Labelled papers: JSON Lines, or a .tsv of ids and themes with --corpus."),
    ],
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The model. [default: the one in use]", show_default=False)
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Another model, or a score file, to test the difference to.", show_default=False
        ),
    ] = None,
    profile: Annotated[str, typer.Option(help="fast, accurate or auto.")] = "auto",
    against_profile: Annotated[
        str | None,
        typer.Option(help="Profile to compare with. [default: that of --profile]", show_default=False),
    ] = None,
    promise: Annotated[str, typer.Option(help="f1, precision=0.9 or recall=0.95.")] = "f1",
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON; - for standard output.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write report.html and report.md with charts.")
    ] = None,
    texts: Annotated[
        bool, typer.Option("--texts", help="Show titles and abstracts of mistakes in the report, for your eyes only.")
    ] = False,
    save_scores: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the scores (.safetensors) to compare with later.")
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the texts of a .tsv of labels are.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only papers of this split of the label file.")] = None,
    resamples: Annotated[int, typer.Option(min=100, max=100_000, help="Resamples of the bootstrap.")] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples.")] = 0,
) -> None:
    """Measure a bundle on labelled papers: F1, ranking, calibration, promises, with 95 % intervals.

    --against tests the difference to another bundle, to a saved score file, or, with
    --against-profile alone, to another profile of the same bundle.
    """
    from service.commands.evaluate_tables import show
    from service.commands.stages import Stages
    from training.evaluate import evaluate as measure
    from training.predictions import save_predictions
    from training.report import write_report
    from training.sections import Extras

    options = _options(profile, promise, resamples, seed)
    second_profile = _profile(against_profile or profile)
    loaded = _load(bundle)
    second = _second(loaded, against, wanted=against_profile is not None)
    papers, problems = _labelled(labels, corpus, split, loaded)
    with Stages(quiet=not sys.stderr.isatty()) as stages:
        found = measure(loaded, papers, options, progress=stages.show)
        compared = _compared(second, second_profile, found, papers, stages.show)
    if save_scores:
        save_predictions(found.predictions, save_scores)
    if report:
        shown = {item.paper.id: item.paper for item in papers} if texts else None
        page = write_report(found, report, Extras(comparison=compared, labels=problems, texts=shown))
        typer.echo(f"paperwire: report written to {page}", err=True)
    if json_file:
        _write_json(found.to_json(compared) | {"labels": problems.to_json()}, json_file)
    if json_file != Path("-"):
        show(found, compared)


def _options(profile: str, promise: str, resamples: int, seed: int) -> Options:
    from models.calibration import parse_promise
    from training.evaluate import Options

    parse_promise(promise)
    return Options(_profile(profile), promise, resamples, seed)


def _profile(name: str) -> Profile:
    from models.tagging import PROFILES

    for known in PROFILES:
        if name == known:
            return known
    raise InputError(f"profile {name!r} is unknown: use {', '.join(PROFILES)}")


def _load(directory: Path | None) -> ModelBundle:
    from models.bundle import SHIPPED, ModelBundle
    from service.settings import load_settings

    settings = load_settings(overrides={"bundle": directory})
    return ModelBundle.load(settings.bundle or SHIPPED, threads=settings.threads)


def _labelled(
    path: Path, corpus: Path | None, split: str | None, bundle: ModelBundle
) -> tuple[list[LabelledPaper], LabelReport]:
    """The papers that can be used, and what is wrong with the others, which is told on stderr."""
    from training.dataset import load_labels
    from training.validate import usable, validate

    papers = load_labels(path, corpus=corpus)
    if split is not None:
        splits = sorted({item.split or "(none)" for item in papers})
        papers = [item for item in papers if item.split == split]
        if not papers:
            raise LabelError(f"{path} has no paper of the split {split!r}: it has {', '.join(splits)}")
    problems = validate([], papers, bundle.taxonomy)
    for line in problems.lines():
        typer.echo(f"paperwire: {plain(line)}", err=True)
    _, kept = usable(problems, [], papers)
    return kept, problems


def _second(bundle: ModelBundle, against: Path | None, *, wanted: bool) -> ModelBundle | Predictions | None:
    """What to compare with, loaded before any time is spent on scoring; None for nothing."""
    from training.predictions import load_predictions

    if against is None:
        return bundle if wanted else None
    return load_predictions(against) if against.is_file() else _load(against)


def _compared(
    second: ModelBundle | Predictions | None,
    profile: Profile,
    found: Evaluation,
    papers: Sequence[LabelledPaper],
    progress: Progress,
) -> Comparison | None:
    """The test of the difference: the second model comes first, as what was there before."""
    from training.intervals import compare
    from training.predictions import Predictions, predict

    if second is None:
        return None
    options = found.options
    if not isinstance(second, Predictions):
        second = predict(second, papers, profile, (options.promise,), progress=progress)[0]
    return compare(second, found.predictions, times=options.resamples, seed=options.seed)


def _write_json(record: dict[str, Any], path: Path) -> None:
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    if path == Path("-"):
        sys.stdout.write(text)
    else:
        path.write_text(text, encoding="utf-8")
