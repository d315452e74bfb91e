"""The taxonomy: themes in order, grouped, with the definitions that annotators follow."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from models.errors import ThemeError

_ID = re.compile(r"^[^\s,;|]{1,200}$")


@dataclass(frozen=True, slots=True)
class Theme:
    """One class of the taxonomy.

    Attributes:
        id: stable key, never renamed or reused, without white space.
        label: what people read.
        group: id of the parent group, "" where the taxonomy is flat.
        scope: what belongs to the theme; exclusion: what only looks alike.
    """

    id: str
    label: str
    group: str = ""
    scope: str = ""
    exclusion: str = ""

    @property
    def definition(self) -> str:
        """Label and scope as one text, the form that encoders are given."""
        return f"{self.label}. {self.scope}" if self.scope else self.label


@dataclass(frozen=True, slots=True)
class Group:
    """A parent of themes."""

    id: str
    label: str


@dataclass(frozen=True)
class Taxonomy:
    """Ordered themes: a theme's position is its column in every score matrix.

    Raises:
        ThemeError: two themes share an id, an id holds white space or a separator, or there is
            no theme; `details` lists every problem.
    """

    themes: tuple[Theme, ...]
    groups: tuple[Group, ...] = ()

    def __post_init__(self) -> None:
        problems = _problems(self.themes, self.groups)
        if problems:
            raise ThemeError(f"the taxonomy cannot be used: {problems[0]}", details=problems)

    def __len__(self) -> int:
        return len(self.themes)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Theme ids in column order."""
        return tuple(theme.id for theme in self.themes)

    @cached_property
    def columns(self) -> dict[str, int]:
        """Column of every theme id."""
        return {theme.id: column for column, theme in enumerate(self.themes)}

    @cached_property
    def fingerprint(self) -> str:
        """sha256 (hex) over ids, groups, labels and definitions in order: any change shows."""
        canonical = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def column(self, theme_id: str) -> int:
        """Column of one theme.

        Raises:
            ThemeError: unknown id; the message offers the nearest known ones.
        """
        try:
            return self.columns[theme_id]
        except KeyError:
            raise ThemeError(f"unknown theme {theme_id!r}{_suggestion(theme_id, self.ids)}") from None

    def under(self, ids: Iterable[str]) -> frozenset[int]:
        """Columns of the named themes and of every theme below the named groups.

        Raises:
            ThemeError: an id that is neither a theme nor a group.
        """
        groups = {group.id for group in self.groups}
        columns: set[int] = set()
        for name in ids:
            if name in groups and name not in self.columns:
                columns.update(c for c, theme in enumerate(self.themes) if theme.group == name)
            else:
                columns.add(self.column(name))
        return frozenset(columns)

    def path(self, column: int) -> tuple[str, ...]:
        """Group and theme id of a column, outermost first."""
        theme = self.themes[column]
        return (theme.group, theme.id) if theme.group else (theme.id,)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict that `from_json` reads back."""
        return {"groups": [asdict(g) for g in self.groups], "themes": [asdict(t) for t in self.themes]}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Taxonomy:
        """The taxonomy of a `to_json` dict, or of the nested form of `themes.yaml`."""
        try:
            groups = tuple(Group(str(g["id"]), str(g.get("label", g["id"]))) for g in record.get("groups") or ())
            nested = [(t, str(g["id"])) for g in record.get("groups") or () for t in g.get("themes") or ()]
            flat = [(t, str(t.get("group") or "")) for t in record.get("themes") or ()]
            return cls(tuple(_theme(t, group) for t, group in nested + flat), groups)
        except (KeyError, TypeError, AttributeError) as error:
            raise ThemeError(f"a group or theme of the taxonomy lacks {error}: each needs at least an id") from None


def load_taxonomy(path: Path) -> Taxonomy:
    """The taxonomy in a YAML, JSON, CSV or TSV file.

    YAML and JSON: `groups: [{id, label, themes: [{id, label, scope, not}]}]` or a flat `themes`
    list. CSV and TSV: a header with `id` (or `uri`, `notation`), `label`, and optionally `group`
    and `scope`; a TSV without header is read as Annif's `<uri>TABlabel`. `definition` will do
    for `scope`.

    Raises:
        ThemeError: unreadable or unusable, with the file named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() in (".csv", ".tsv"):
            return Taxonomy(tuple(_table_themes(text, "\t" if path.suffix.lower() == ".tsv" else ",")))
        record = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ThemeError(f"cannot read the taxonomy {path}: {_reason(error)}") from None
    if not isinstance(record, dict):
        raise ThemeError(f"the taxonomy {path} is no mapping: put its themes under the key 'themes' or 'groups'")
    return Taxonomy.from_json(record)


def _reason(error: Exception) -> str:
    """Why a file cannot be read, in one line, with the place where there is one."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"


def _theme(record: Mapping[str, Any], group: str) -> Theme:
    label = str(record.get("label") or record["id"])
    scope = str(record.get("scope") or record.get("definition") or "")
    exclusion = str(record.get("exclusion") or record.get("not") or "")
    return Theme(str(record["id"]), label, group, scope, exclusion)


def _table_themes(text: str, delimiter: str) -> list[Theme]:
    import csv  # only tables need it, and start-up time counts

    rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if any(row)]
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    names = {"uri": "id", "notation": "id", "label_en": "label", "preflabel": "label"}
    if not {"id", "uri", "notation"} & set(header):
        return [Theme(row[0].strip("<> "), (row[1] if len(row) > 1 else row[0]).strip()) for row in rows]
    keys = [names.get(name, name) for name in header]
    return [
        _theme(dict(zip(keys, row, strict=False)), dict(zip(keys, row, strict=False)).get("group", ""))
        for row in rows[1:]
    ]


def _problems(themes: Sequence[Theme], groups: Sequence[Group]) -> list[str]:
    problems = [] if themes else ["it has no themes"]
    problems += [
        f"theme id {t.id!r} is empty, too long or holds white space or , ; |" for t in themes if not _ID.match(t.id)
    ]
    for what, items in (
        ("theme id", [t.id for t in themes]),
        ("theme label", [t.label for t in themes]),
        ("group id", [g.id for g in groups]),
    ):
        problems += [f"{what} {item!r} occurs {count} times" for item, count in Counter(items).items() if count > 1]
    known = {g.id for g in groups}
    problems += [
        f"theme {t.id!r} names the unknown group {t.group!r}"
        for t in themes
        if known and t.group and t.group not in known
    ]
    return problems


def _suggestion(wrong: str, known: Sequence[str]) -> str:
    import difflib  # only errors need it

    near = difflib.get_close_matches(wrong, known, n=3, cutoff=0.5)
    return (
        f"; did you mean {', '.join(near)}?"
        if near
        else f"; known are {', '.join(known[:5])}, ... ({len(known)} themes)"
    )
