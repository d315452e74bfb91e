"""What rules do on labelled papers, before anybody relies on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.paper import Paper
from service.rules import KINDS, SKIPPED, Findings, Kind, RuleSet, ThemeRules, found

Labelled = tuple[Paper, frozenset[str]]
"""A paper, and the ids of the themes that people gave it."""


@dataclass(slots=True)
class Score:
    """How one rule did.

    Attributes:
        rule: what it says: theme and kind, or `skip`; and the pattern, "" for the patterns of `only_if`
            together, which act where none of them is found.
        hits: papers it acted on. right: those where the labels agree: `must` gave a theme that people
            gave; `never` and `only_if` took away one they did not give; `skip` left out a paper without themes.
        wrong: ids of the first few where they do not.
    """

    theme: str
    kind: Kind | str
    pattern: str
    hits: int = 0
    right: int = 0
    wrong: tuple[str, ...] = ()

    @property
    def precision(self) -> float | None:
        """Share of the hits that the labels agree with, None without hits."""
        return self.right / self.hits if self.hits else None

    def count(self, paper: Paper, right: bool) -> None:
        """Count one paper it acted on."""
        self.hits += 1
        self.right += right
        if not right and len(self.wrong) < 5:
            self.wrong = (*self.wrong, paper.id)


@dataclass(frozen=True, slots=True)
class RuleReport:
    """Scores of all rules in the order of the file, papers seen, and what went wrong on the way."""

    papers: int
    scores: tuple[Score, ...]
    findings: Findings


def try_rules(rules: RuleSet, labelled: Iterable[Labelled]) -> RuleReport:
    """How each rule does on the papers, by itself; conflicts are counted by theme."""
    findings, papers = Findings(), 0
    skips = [(Score("", SKIPPED, str(pattern)), pattern) for pattern in rules.skip]
    acts = [(one, _scores(one)) for one in rules.themes]
    for papers, (paper, themes) in enumerate(labelled, 1):  # noqa: B007 (the count is wanted afterwards)
        for score, pattern in skips:
            if found((pattern,), paper, findings):
                score.count(paper, not themes)
        for one, scores in acts:
            _try(one, scores, paper, themes, findings)
            verdict = rules.verdict(one, paper, findings)
            findings.conflicts.update([one.theme] if verdict.given and verdict.taken else [])
    every = [score for score, _ in skips] + [score for _, scores in acts for score in scores.values()]
    return RuleReport(papers, tuple(every), findings)


def _scores(rules: ThemeRules) -> dict[tuple[Kind, str], Score]:
    scores: dict[tuple[Kind, str], Score] = {}
    for kind in KINDS:
        patterns = getattr(rules, kind)
        for name in [""] if kind == "only_if" and patterns else map(str, patterns):
            scores[kind, name] = Score(rules.theme, kind, name)
    return scores


def _try(
    rules: ThemeRules, scores: dict[tuple[Kind, str], Score], paper: Paper, themes: frozenset[str], findings: Findings
) -> None:
    has = rules.theme in themes
    for kind, right in (("must", has), ("never", not has)):
        for pattern in getattr(rules, kind):
            if found((pattern,), paper, findings):
                scores[kind, str(pattern)].count(paper, right)  # type: ignore[index]
    if rules.only_if and not found(rules.only_if, paper, findings):
        scores["only_if", ""].count(paper, not has)
