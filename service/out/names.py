"""Names of themes and groups, also of themes that the taxonomy in use does not have (any more)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from models.errors import ThemeError
from models.themes import Taxonomy


class ThemeNames:
    """Labels and places of theme ids.

    A store holds tags of older bundles too, so a label is asked for without raising; a filter is not.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy

    @cached_property
    def groups(self) -> dict[str, str]:
        """Labels of the groups by id, in order."""
        return {group.id: group.label for group in self.taxonomy.groups}

    def label(self, theme: str) -> str:
        """What people read for a theme; its id where it is unknown."""
        column = self.taxonomy.columns.get(theme)
        return theme if column is None else self.taxonomy.themes[column].label

    def path(self, theme: str) -> tuple[str, ...]:
        """Group and theme id, outermost first; the id alone where it is unknown or has no group."""
        column = self.taxonomy.columns.get(theme)
        return (theme,) if column is None else self.taxonomy.path(column)

    def place(self, theme: str) -> tuple[int, str]:
        """A sort key: the order of the taxonomy, unknown themes after it by id."""
        return self.taxonomy.columns.get(theme, len(self.taxonomy)), theme

    def theme(self, name: str) -> str:
        """The theme id itself.

        Raises:
            ThemeError: there is no such theme.
        """
        self.taxonomy.column(name)
        return name

    def under(self, names: Iterable[str]) -> tuple[str, ...]:
        """Ids of the named themes and of every theme below the named groups, in order.

        Raises:
            ThemeError: a name that is neither.
        """
        return tuple(self.taxonomy.ids[column] for column in sorted(self.taxonomy.under(names)))

    def under_group(self, group: str) -> tuple[str, ...]:
        """Ids of the themes of a group, in order.

        Raises:
            ThemeError: there is no such group.
        """
        if group not in self.groups:
            import difflib  # only errors need it

            near = difflib.get_close_matches(group, self.groups, n=3, cutoff=0.5) or list(self.groups)[:5]
            raise ThemeError(f"unknown group {group[:80]!r}; did you mean {', '.join(near) or 'a theme'}?")
        return tuple(theme.id for theme in self.taxonomy.themes if theme.group == group)
