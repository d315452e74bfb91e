"""`paperwire rules`: rules over the model, checked and tried on labelled papers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.words import counted
from service.commands.selection import open_bundle
from service.commands.workplace import BundleOption, settings_of

if TYPE_CHECKING:
    from service.rule_tests import RuleReport, Score
    from service.rules import RuleSet

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Rules over the model: check a file, try it on labelled papers.",
)
RulesFile = Annotated[Path, typer.Argument(metavar="FILE", help="The rules, in YAML.", show_default=False)]


@app.command()
def check(file: RulesFile, bundle: BundleOption = None) -> None:
    """Read a rules file against a bundle's themes; exit with 3 and every problem where it does not fit."""
    rules = _load(file, bundle)
    typer.echo(
        f"{file}: rules for {counted(len(rules.themes), 'theme')}, {counted(len(rules.skip), 'pattern')} to skip by"
    )


@app.command("test")
def try_out(
    file: RulesFile,
    labels: Annotated[Path, typer.Option(metavar="FILE", help="Labelled papers, as for `paperwire evaluate`.")],
    corpus: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Text for labels that only hold ids.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as one JSON object.")] = False,
    bundle: BundleOption = None,
) -> None:
    """Count the hits of every rule on labelled papers, and how often the labels agree with what it did."""
    from service.rule_tests import try_rules
    from training.dataset import load_labels

    rules = _load(file, bundle)
    labelled = ((one.paper, frozenset(one.themes)) for one in load_labels(labels, corpus=corpus))
    report = try_rules(rules, labelled)
    if as_json:
        typer.echo(json.dumps(_record(report), ensure_ascii=False))
    else:
        _print(report)


def _load(file: Path, bundle: Path | None) -> RuleSet:
    from service.rules import load_rules

    return load_rules(file, open_bundle(settings_of(None, bundle)).taxonomy)


def _print(report: RuleReport) -> None:
    typer.echo(f"{'hits':>7} {'right':>7} {'precision':>9}  rule")
    for score in report.scores:
        precision = "-" if score.precision is None else f"{score.precision:.3f}"
        wrong = f"   not so: {', '.join(score.wrong)}" if score.wrong else ""
        typer.echo(f"{score.hits:>7,} {score.right:>7,} {precision:>9}  {_told(score)}{wrong}")
    for theme, number in report.findings.conflicts.most_common():
        typer.echo(f"conflict: {theme}: given and taken away on {counted(number, 'paper')}; it is taken away")
    for pattern, number in report.findings.timeouts.most_common():
        typer.echo(f"too slow: {pattern}: given up on {counted(number, 'time')}; make it simpler")
    typer.echo(f"paperwire: tried on {counted(report.papers, 'paper')}", err=True)


def _told(score: Score) -> str:
    what = "none of its patterns" if score.kind == "only_if" else score.pattern
    return f"{score.theme} {score.kind} {what}".strip()


def _record(report: RuleReport) -> dict[str, object]:
    rules = [
        {
            "theme": score.theme,
            "kind": score.kind,
            "pattern": score.pattern,
            "hits": score.hits,
            "right": score.right,
            "precision": score.precision,
            "wrong": list(score.wrong),
        }
        for score in report.scores
    ]
    conflicts, timeouts = dict(report.findings.conflicts), dict(report.findings.timeouts)
    return {"papers": report.papers, "rules": rules, "conflicts": conflicts, "timeouts": timeouts}
