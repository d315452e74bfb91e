"""Label Studio's labelling configurations: which control carries themes, and what its choices are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

import defusedxml
from defusedxml.ElementTree import fromstring

from models.themes import Taxonomy
from service.api.body import invalid
from service.api.errors import Fault


@dataclass(frozen=True, slots=True)
class Config:
    """What a labelling configuration asks for.

    Attributes:
        kind: "choices" or "taxonomy". from_name, to_name: of its tags. variable: field of the task with the text.
        paths: by lower-case name of a choice, the names that lead to it; empty for any theme.
        several: more than one theme can be chosen for a paper.
    """

    kind: str = "choices"
    from_name: str = "themes"
    to_name: str = "text"
    variable: str = "text"
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    several: bool = False

    def path(self, theme: str, label: str, place: tuple[str, ...]) -> tuple[str, ...] | None:
        """The choice that stands for a theme, None where there is none; `place` is the theme's path."""
        if not self.paths:
            return place if self.kind == "taxonomy" else (label,)
        return self.paths.get(theme.lower()) or self.paths.get(label.lower())

    def themes(self, taxonomy: Taxonomy) -> dict[tuple[str, ...], str]:
        """Theme ids by the choices that stand for them."""
        found = ((self.path(t.id, t.label, taxonomy.path(c)), t.id) for c, t in enumerate(taxonomy.themes))
        return {path: theme for path, theme in found if path}


def read_config(xml: str | None) -> Config:
    """What a labelling configuration asks for; the defaults where there is none.

    Raises:
        RefusalError: 422, no XML, or neither Choices nor Taxonomy in it.
    """
    if not xml or not xml.strip():
        return Config()
    try:
        root = fromstring(xml)
    except (ParseError, defusedxml.DefusedXmlException, ValueError) as error:
        raise invalid([Fault("label_config", f"is no XML that is safe to read: {error}")]) from None
    control = next((tag for tag in root.iter() if tag.tag in ("Choices", "Taxonomy")), None)
    if control is None:
        raise invalid([Fault("label_config", "has neither Choices nor Taxonomy: add one for the themes")])
    to_name = control.get("toName", "text").split(",")[0]
    shown = next((tag for tag in root.iter() if tag.get("name") == to_name), None)
    variable = (shown.get("value", "") if shown is not None else "").lstrip("$")
    several = control.tag == "Taxonomy" or control.get("choice") == "multiple"
    names = (control.tag.lower(), control.get("name", "themes"), to_name, variable or "text")
    return Config(*names, dict(_paths(control, ())), several)


def chosen(regions: Sequence[Mapping[str, object]], config: Config) -> list[tuple[str, ...]]:
    """The choices that an annotation holds for the configuration's control, each once; other regions do not count."""
    values = (region.get("value") for region in regions if region.get("from_name") == config.from_name)
    found = (value.get(config.kind) for value in values if isinstance(value, dict))
    choices = (choice for listed in found if isinstance(listed, list) for choice in listed)
    paths = ((choice,) if isinstance(choice, str) else _strings(choice) for choice in choices)
    return list(dict.fromkeys(_whole(path, config) for path in paths if path))


def _whole(path: tuple[str, ...], config: Config) -> tuple[str, ...]:
    # An annotation may hold a choice's alias, and of nested `Choices` the last name alone.
    return path if path in config.paths.values() else config.paths.get(path[-1].lower(), path)


def _strings(choice: object) -> tuple[str, ...]:
    return tuple(name for name in choice if isinstance(name, str)) if isinstance(choice, list) else ()


def _paths(tag: Element, above: tuple[str, ...]) -> Iterable[tuple[str, tuple[str, ...]]]:
    for choice in tag.findall("Choice"):
        value = choice.get("value", "")
        path = (*above, value)
        for name in (value, choice.get("alias", "")):
            if name:
                yield name.lower(), path
        yield from _paths(choice, path)
