"""`paperwire evaluate`: how good a bundle is on labelled papers, with intervals, and against another."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import InputError, LabelError
from service.commands.groups import grouped
from service.commands.speech import plain

if TYPE_CHECKING:
    from models.bundle import ModelBundle
    from models.tagging import Profile
    from training.dataset import LabelledPaper
    from training.evaluate import Evaluation, Options
    from training.intervals import Comparison
    from training.predictions import Predictions
    from training.problems import LabelReport
    from training.sections import Extras
    from training.vectors import Progress

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True, slots=True)
class Labelled:
    """The options of which labelled papers to measure on."""

    labels: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Labelled papers: JSON Lines, or a .tsv of ids and themes with --corpus."),
    ]
    corpus: Annotated[Path | None, typer.Option(metavar="FILE", help="Where the texts of a .tsv of labels are.")] = None
    split: Annotated[str | None, typer.Option(help="Only papers of this split of the label file.")] = None


@dataclass(frozen=True, slots=True)
class Measuring:
    """The options of what to measure, and how closely."""

    profile: Annotated[str, typer.Option(help="fast, accurate or auto.")] = "auto"
    promise: Annotated[str, typer.Option(help="f1, precision=0.9 or recall=0.95.")] = "f1"
    resamples: Annotated[int, typer.Option(min=100, max=100_000, help="Resamples of the bootstrap.")] = 1_000
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples.")] = 0


@dataclass(frozen=True, slots=True)
class Rival:
    """The options of what to compare with."""

    against: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Another model, or a score file, to test the difference to.", show_default=False
        ),
    ] = None
    against_profile: Annotated[
        str | None,
        typer.Option(help="Profile to compare with. [default: that of --profile]", show_default=False),
    ] = None


@dataclass(frozen=True, slots=True)
class Written:
    """The options of what to write besides tables on standard output."""

    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON; - for standard output.")
    ] = None
    report: Annotated[Path | None, typer.Option(metavar="DIR", help="Write report.html and report.md with charts.")] = (
        None
    )
    texts: Annotated[
        bool, typer.Option("--texts", help="Show titles and abstracts of mistakes in the report, for your eyes only.")
    ] = False
    save_scores: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the scores (.safetensors) to compare with later.")
    ] = None


@app.command()
@grouped
def evaluate(
    labelled: Labelled,
    measuring: Measuring,
    rival: Rival,
    written: Written,
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The model. [default: the one in use]", show_default=False)
    ] = None,
) -> None:
    """Measure a bundle on labelled papers: F1, ranking, calibration, promises, with 95 % intervals.

    --against tests the difference to another bundle, to a saved score file, or, with
    --against-profile alone, to another profile of the same bundle.
    """
    from service.commands.stages import Stages
    from training.evaluate import evaluate as measure
    from training.sections import Extras

    options = _options(measuring)
    rival_profile = _profile(rival.against_profile or measuring.profile)
    loaded = _load(bundle)
    second = _second(loaded, rival)
    papers, problems = _labelled(labelled, loaded)
    with Stages(quiet=not sys.stderr.isatty()) as stages:
        found = measure(loaded, papers, options, progress=stages.show)
        compared = _compared(second, rival_profile, found, papers, stages.show)
    if compared and second and compared.first == compared.second:
        compared = _told_apart(compared, _mark(second, rival), _mark(loaded, rival))
    shown = {item.paper.id: item.paper for item in papers} if written.texts else None
    _write(found, written, Extras(comparison=compared, labels=problems, texts=shown))


def _options(asked: Measuring) -> Options:
    from models.calibration import parse_promise
    from training.evaluate import Options

    parse_promise(asked.promise)
    return Options(_profile(asked.profile), asked.promise, asked.resamples, asked.seed)


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


def _labelled(asked: Labelled, bundle: ModelBundle) -> tuple[list[LabelledPaper], LabelReport]:
    """The papers that can be used, and what is wrong with the others, which is told on stderr."""
    from training.dataset import load_labels
    from training.validate import usable, validate

    papers = load_labels(asked.labels, corpus=asked.corpus)
    if asked.split is not None:
        splits = sorted({item.split or "(none)" for item in papers})
        papers = [item for item in papers if item.split == asked.split]
        if not papers:
            message = f"{asked.labels} has no paper of the split {asked.split!r}: it has {', '.join(splits)}"
            raise LabelError(message)
    problems = validate([], papers, bundle.taxonomy)
    for line in problems.lines():
        typer.echo(f"paperwire: {plain(line)}", err=True)
    _, kept = usable(problems, [], papers)
    return kept, problems


def _second(bundle: ModelBundle, rival: Rival) -> ModelBundle | Predictions | None:
    """What to compare with, loaded and checked before any time is spent on scoring; None for nothing."""
    from training.predictions import check_same_themes, load_predictions

    if rival.against is None:
        return bundle if rival.against_profile is not None else None
    second = load_predictions(rival.against) if rival.against.is_file() else _load(rival.against)
    check_same_themes(bundle.taxonomy, second.taxonomy)
    return second


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


def _told_apart(comparison: Comparison, first: str, second: str) -> Comparison:
    """The comparison of two models of one name, with what tells them apart behind it."""
    return replace(comparison, first=f"{comparison.first}, {first}", second=f"{comparison.second}, {second}")


def _mark(model: ModelBundle | Predictions, rival: Rival) -> str:
    from training.predictions import Predictions

    if isinstance(model, Predictions):
        return f"scores in {plain(str(rival.against))}"
    return f"sha256 {model.name.sha256[:12]}"


def _write(found: Evaluation, written: Written, extras: Extras) -> None:
    from service.commands.evaluate_tables import show
    from training.predictions import save_predictions
    from training.report import write_report

    if written.save_scores:
        save_predictions(found.predictions, written.save_scores)
    if written.report:
        page = write_report(found, written.report, extras)
        typer.echo(f"paperwire: report written to {page}", err=True)
    if written.json_file:
        problems = {"labels": extras.labels.to_json()} if extras.labels else {}
        _write_json(found.to_json(extras.comparison) | problems, written.json_file)
    if written.json_file != Path("-"):
        show(found, extras.comparison)


def _write_json(record: dict[str, Any], path: Path) -> None:
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    if path == Path("-"):
        sys.stdout.write(text)
    else:
        path.write_text(text, encoding="utf-8")
