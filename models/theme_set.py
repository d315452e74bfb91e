"""Provisional themes as people give them: a name, a definition, up to ten example papers, in one file.

    {"format": 1, "themes": [{"id", "label", "group", "definition", "examples": [paper, ...]}]}

The file holds no vectors, so it outlives the bundle it was made beside: what a theme weighs is worked
out anew from the definition and the examples by whatever bundle is given the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from models.errors import InputError, NotFoundError, ThemeError
from models.paper import Paper
from models.themes import Theme

FORMAT = 1
MAX_EXAMPLES = 10
"""More examples than this are a training set: `paperwire train` makes better use of them."""

_NOT_IN_IDS = re.compile(r"[\s,;|]+")


@dataclass(frozen=True, slots=True)
class ProvisionalTheme:
    """A theme known by its definition, and by examples where there are any.

    Attributes:
        theme: id, label, group and, as scope, the definition.
        examples: papers of the theme, each with a text, at most ten.

    Raises:
        ThemeError: no definition, an example without text or given twice, or too many of them.
    """

    theme: Theme
    examples: tuple[Paper, ...] = ()

    def __post_init__(self) -> None:
        name = self.theme.id
        if not self.theme.scope.strip():
            raise ThemeError(f"the provisional theme {name!r} has no definition: say in a sentence or two what belongs")
        if len(self.examples) > MAX_EXAMPLES:
            raise ThemeError(
                f"the provisional theme {name!r} has {len(self.examples)} examples, at most {MAX_EXAMPLES} are used: "
                "give the most typical ones, or train with `paperwire train`"
            )
        texts = [paper.text for paper in self.examples]
        for paper, text in zip(self.examples, texts, strict=True):
            if not text or texts.count(text) > 1:
                what = "is given twice" if text else "has neither title nor abstract"
                raise ThemeError(f"example {paper.id!r} of the provisional theme {name!r} {what}: leave it out")

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict that `from_json` reads back."""
        theme = self.theme
        head = {"id": theme.id, "label": theme.label, "group": theme.group, "definition": theme.scope}
        return {**head, "examples": [paper.to_json() for paper in self.examples]}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> ProvisionalTheme:
        """The theme of a `to_json` dict.

        Raises:
            ThemeError: a field is missing or of the wrong kind.
        """
        try:
            name = record["id"]
            theme = Theme(name, record.get("label") or name, record.get("group") or "", record["definition"])
            if not all(isinstance(v, str) for v in (theme.id, theme.label, theme.group, theme.scope)):
                raise ThemeError(f"theme {name!r}: id, label, group and definition must be strings")
            return cls(theme, tuple(Paper.from_json(paper) for paper in record.get("examples") or ()))
        except (KeyError, TypeError, AttributeError) as error:
            raise ThemeError(f"a provisional theme lacks {error}: each needs an id and a definition") from None


@dataclass(frozen=True)
class ThemeSet:
    """Provisional themes in order, told apart by id.

    Raises:
        ThemeError: two themes share an id.
    """

    themes: tuple[ProvisionalTheme, ...] = ()

    def __post_init__(self) -> None:
        ids = [item.theme.id for item in self.themes]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ThemeError(f"the provisional theme {twice[0]!r} occurs {ids.count(twice[0])} times: keep one of them")

    @cached_property
    def digest(self) -> str:
        """sha256 (hex) over names, definitions and examples: any change shows."""
        canonical = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def gives(self, theme_id: str) -> bool:
        """Whether a theme is one of the set."""
        return theme_id in self._ids

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(item.theme.id for item in self.themes)

    def added(self, item: ProvisionalTheme) -> ThemeSet:
        """The set with one more theme.

        Raises:
            ThemeError: it holds a theme of that id.
        """
        if any(known.theme.id == item.theme.id for known in self.themes):
            raise ThemeError(
                f"the set holds a theme {item.theme.id!r} already: remove it first, or choose another name"
            )
        return ThemeSet((*self.themes, item))

    def removed(self, theme_id: str) -> ThemeSet:
        """The set without a theme.

        Raises:
            NotFoundError: it holds none of that id.
        """
        rest = tuple(item for item in self.themes if item.theme.id != theme_id)
        if len(rest) == len(self.themes):
            known = ", ".join(item.theme.id for item in self.themes) or "none"
            raise NotFoundError(f"the set holds no theme {theme_id!r}; its themes: {known}")
        return ThemeSet(rest)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict, the content of the file."""
        return {"format": FORMAT, "themes": [item.to_json() for item in self.themes]}

    @classmethod
    def load(cls, path: Path) -> ThemeSet:
        """The set in a file.

        Raises:
            ThemeError: unreadable, not such a file, or of a newer format; the file is named.
        """
        try:
            record = json.loads(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise ThemeError(f"cannot read the theme set {path}: {error.strerror}") from None
        except ValueError as error:
            raise ThemeError(f"the theme set {path} is not JSON: {error}") from None
        if not isinstance(record, dict) or record.get("format") != FORMAT or not isinstance(record.get("themes"), list):
            raise ThemeError(
                f"{path} is no theme set of format {FORMAT}: expected a file that `paperwire themes add` wrote"
            )
        try:
            return cls(tuple(ProvisionalTheme.from_json(item) for item in record["themes"]))
        except InputError as error:
            raise ThemeError(f"the theme set {path}: {error}") from None

    def save(self, path: Path) -> None:
        """Write the file beside its place and rename it, so that a reader sees all of it or none.

        Raises:
            ThemeError: it cannot be written.
        """
        staging = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            staging.write_text(json.dumps(self.to_json(), indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
            staging.replace(path)
        except OSError as error:
            staging.unlink(missing_ok=True)
            raise ThemeError(f"cannot write the theme set {path}: {error.strerror}") from None


def define(name: str, definition: str, *, group: str = "", examples: Sequence[Paper] = ()) -> ProvisionalTheme:
    """A provisional theme out of what people say: the label is the name, the id its lower-case form with hyphens.

    Raises:
        ThemeError: an empty name or definition, or examples that cannot be used.
    """
    label = " ".join(name.split())
    theme_id = _NOT_IN_IDS.sub("-", label.lower()).strip("-")
    if not theme_id:
        raise ThemeError(f"the name {name!r} leaves no theme id: use letters or digits")
    return ProvisionalTheme(Theme(theme_id, label, group, " ".join(definition.split())), tuple(examples))
