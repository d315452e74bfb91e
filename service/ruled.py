"""A bundle under rules: wherever a bundle is asked for tags, rules can stand around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from models.bundle import ModelBundle
from models.paper import Paper
from models.parts import Dense, Lexical, ProfileSettings
from models.tagging import Tagging, TagOptions
from models.theme_set import ThemeSet
from models.themes import Taxonomy
from service.rules import Findings, RuleSet, load_rules


class RuledBundle(ModelBundle):
    """A bundle whose answers are as a set of rules wants them.

    What options leave out (`exclude`, `include`, `under`) rules do not bring back.

    Attributes:
        rules: the rules. findings: conflicts and slow expressions since it was made.
    """

    def __init__(self, base: ModelBundle, rules: RuleSet) -> None:
        super().__init__(base.directory, base.manifest, base.name.sha256)
        self.provisional = base.provisional
        self.rules = rules
        self.findings = Findings()
        self._base = base

    def with_themes(self, themes: ThemeSet) -> ModelBundle:
        """A view of the same bundle, under the same rules, that gives these provisional themes too."""
        extended = self._base.with_themes(themes)
        return RuledBundle(extended, replace(self.rules, taxonomy=extended.taxonomy))

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """The themes of the bundle."""
        return self._base.taxonomy

    @cached_property
    def _lexical(self) -> Lexical:
        return self._base.lexical

    @cached_property
    def _dense(self) -> Dense:
        return self._base.dense

    @cached_property
    def profiles(self) -> dict[str, ProfileSettings]:
        """Settings of the bundle's profiles."""
        return self._base.profiles

    def tag(self, papers: Sequence[Paper], options: TagOptions | None = None) -> list[Tagging]:
        """One answer a paper, in order, after the rules; see `ModelBundle.tag` and `RuleSet.tag`."""
        chosen = options or TagOptions()
        rules = self.rules.within(chosen)
        return rules.tag(papers, lambda asked: self._base.tag(asked, chosen), self.name, self.findings)


def under_rules(bundle: ModelBundle, path: Path | None) -> ModelBundle:
    """The bundle under the rules of a file; the bundle itself where there is no file.

    Raises:
        InputError: the rules cannot be read or do not fit the bundle's themes.
    """
    return bundle if path is None else RuledBundle(bundle, load_rules(path, bundle.taxonomy))
