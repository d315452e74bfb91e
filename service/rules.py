"""Rules of people over the model: themes that must or must not be given, papers not to be asked about.

    skip:                                   # before the model: no tags at all
      - {field: primary_category, phrase: "math.*"}
    rules:
      - theme: consensus
        must: [{field: title, phrase: byzantine agreement}]         # given where one of these is found
        never: [{field: text, phrase: opinion dynamics}]            # taken away where one of these is found
        only_if: [{field: text, regex: 'consensus|agreement|quorum'}]  # taken away where none of these is found

What a rule gives has the source "rule" and probability 1: it is a decision, not an estimate. Where one
rule gives what another takes away, the theme is taken away, and the conflict is reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import yaml

from models.errors import InputError
from models.paper import Paper
from models.tagging import ModelName, Tag, Tagging, TagOptions
from models.themes import Taxonomy
from service.patterns import Pattern

Kind = Literal["must", "never", "only_if"]
KINDS: tuple[Kind, ...] = ("must", "never", "only_if")
SKIPPED, REMOVED, CONFLICT = "skipped_by_rule", "removed_by_rule", "rule_conflict"
"""Reasons in an answer: the model was not asked; a tag of it was taken away; two rules disagreed."""
Answer = Callable[[Sequence[Paper]], Sequence[Tagging]]


@dataclass(frozen=True, slots=True)
class ThemeRules:
    """What is said about one theme, by kind."""

    theme: str
    must: tuple[Pattern, ...] = ()
    never: tuple[Pattern, ...] = ()
    only_if: tuple[Pattern, ...] = ()


@dataclass(slots=True)
class Findings:
    """What happened while rules were applied: conflicts by theme, expressions that took too long by themselves."""

    conflicts: Counter[str] = field(default_factory=Counter)
    timeouts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules of one theme say about a paper: `given`, `taken`, both (a conflict), or neither."""

    given: bool
    taken: bool


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules that fit a taxonomy; `skip` are patterns of papers not to be asked about."""

    taxonomy: Taxonomy
    themes: tuple[ThemeRules, ...] = ()
    skip: tuple[Pattern, ...] = ()

    def skips(self, paper: Paper, findings: Findings) -> bool:
        """Whether the model is not to be asked about the paper."""
        return found(self.skip, paper, findings)

    def verdict(self, rules: ThemeRules, paper: Paper, findings: Findings) -> Verdict:
        """What one theme's rules say about a paper."""
        excluded = bool(rules.only_if) and not found(rules.only_if, paper, findings)
        return Verdict(found(rules.must, paper, findings), excluded or found(rules.never, paper, findings))

    def apply(self, paper: Paper, tagging: Tagging, findings: Findings) -> Tagging:
        """The answer as the rules want it; the very same object where they have nothing to say."""
        verdicts = {rules.theme: self.verdict(rules, paper, findings) for rules in self.themes}
        clashing = [theme for theme, verdict in verdicts.items() if verdict.given and verdict.taken]
        findings.conflicts.update(clashing)
        kept = [tag for tag in tagging.tags if tag.theme not in verdicts or not verdicts[tag.theme].taken]
        given = [theme for theme, verdict in verdicts.items() if verdict.given and not verdict.taken]
        removed = len(kept) < len(tagging.tags)
        if not given and not clashing and not removed:
            return tagging
        own = [self._tag(theme) for theme in given]
        tags = (*own, *(tag for tag in kept if tag.theme not in given))
        return replace(tagging, tags=tags, reasons=_reasons(tagging, tags, removed=removed, clashing=clashing))

    def tag(self, papers: Sequence[Paper], answer: Answer, model: ModelName, findings: Findings) -> list[Tagging]:
        """One answer a paper, in order: from the model, except where rules skip, and then as they want it."""
        skipped = [self.skips(paper, findings) for paper in papers]
        asked = [paper for paper, skip in zip(papers, skipped, strict=True) if not skip]
        answers = iter(answer(asked) if asked else ())
        return [
            _unasked(paper, model) if skip else self.apply(paper, next(answers), findings)
            for paper, skip in zip(papers, skipped, strict=True)
        ]

    def within(self, options: TagOptions) -> RuleSet:
        """The rules of the themes that the options let be given."""
        wanted = [self.taxonomy.under(names) for names in (options.include, options.under) if names]
        excluded = self.taxonomy.under(options.exclude)
        allowed = frozenset(range(len(self.taxonomy))).intersection(*wanted) - excluded
        return replace(self, themes=tuple(r for r in self.themes if self.taxonomy.column(r.theme) in allowed))

    def _tag(self, theme: str) -> Tag:
        column = self.taxonomy.column(theme)
        return Tag(theme, self.taxonomy.themes[column].label, self.taxonomy.path(column), 1.0, 0.0, "rule")


def found(patterns: Sequence[Pattern], paper: Paper, findings: Findings) -> bool:
    """Whether one of the patterns is found; one that takes too long is not, and is counted."""
    for pattern in patterns:
        try:
            if pattern.matches(paper):
                return True
        except TimeoutError:
            findings.timeouts[str(pattern)] += 1
    return False


def load_rules(path: Path, taxonomy: Taxonomy) -> RuleSet:
    """The rules of a YAML file.

    Raises:
        InputError: it cannot be read, or does not fit the taxonomy; `details` names every problem.
    """
    try:
        record = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"cannot read the rules {path}: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"cannot read the rules {path}: {' '.join(str(error).split())}") from None
    problems: list[str] = []
    rules = _rule_set(record, taxonomy, problems)
    if problems:
        raise InputError(f"the rules {path} cannot be used: {problems[0]}", details=problems)
    return rules


def _rule_set(record: Any, taxonomy: Taxonomy, problems: list[str]) -> RuleSet:
    if not isinstance(record, dict) or record.keys() - {"rules", "skip"}:
        problems.append("expected a mapping with 'rules', 'skip' or both, and nothing else")
        return RuleSet(taxonomy)
    themes = tuple(_theme_rules(_list(record, "rules", "", problems), taxonomy, problems))
    skip = tuple(_patterns(_list(record, "skip", "", problems), "skip", problems))
    return RuleSet(taxonomy, themes, skip)


def _theme_rules(entries: list[Any], taxonomy: Taxonomy, problems: list[str]) -> Iterator[ThemeRules]:
    seen: set[str] = set()
    for number, entry in enumerate(entries, 1):
        place = f"rules[{number}]"
        if not isinstance(entry, dict) or entry.keys() - {"theme", *KINDS}:
            problems.append(f"{place}: expected a mapping with 'theme' and some of {', '.join(KINDS)}")
            continue
        theme = str(entry.get("theme", ""))
        try:
            taxonomy.column(theme)
        except InputError as error:
            problems.append(f"{place}: {error}")
        if theme in seen:
            problems.append(f"{place}: theme {theme!r} has rules already: put them together")
        seen.add(theme)
        by_kind = {
            kind: tuple(_patterns(_list(entry, kind, place, problems), f"{place}.{kind}", problems)) for kind in KINDS
        }
        yield ThemeRules(theme, **by_kind)


def _list(record: Mapping[str, Any], name: str, place: str, problems: list[str]) -> list[Any]:
    value = record.get(name) or []
    if not isinstance(value, list):
        problems.append(f"{place + '.' if place else ''}{name} is {type(value).__name__}, expected a list")
        return []
    return value


def _patterns(entries: list[Any], place: str, problems: list[str]) -> Iterator[Pattern]:
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or entry.keys() - {"field", "phrase", "regex"}:
            problems.append(f"{place}[{number}]: expected a mapping with 'field' and 'phrase' or 'regex'")
            continue
        try:
            phrase, expression = str(entry.get("phrase") or ""), str(entry.get("regex") or "")
            yield Pattern(str(entry.get("field", "")), phrase, expression)
        except InputError as error:
            problems.append(f"{place}[{number}]: {error}")


def _reasons(tagging: Tagging, tags: Sequence[Tag], *, removed: bool, clashing: Sequence[str]) -> tuple[str, ...]:
    # Reasons of the model say why it gave nothing; they no longer hold where a rule gave something.
    model = () if tags and not tagging.tags else tagging.reasons
    return (*model, *([REMOVED] if removed else []), *([CONFLICT] if clashing else []))


def _unasked(paper: Paper, model: ModelName) -> Tagging:
    nothing = {"tags": (), "reasons": (SKIPPED,), "scores": (), "novelty": 0.0, "truncated": False}
    return Tagging(paper.id, paper.version, paper.title, profile="fast", model=model, **nothing)  # type: ignore[arg-type]
