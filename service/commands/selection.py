"""Options that choose papers of the store, the same for every command that gives some out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.bundle import ModelBundle
    from service.out.conditions import Context
    from service.out.names import ThemeNames
    from service.settings import Settings
    from service.store import Query, Store

ThemesOption = Annotated[
    list[str] | None, typer.Option("--theme", metavar="IDS", help="With one of these themes; commas, or several times.")
]
GroupsOption = Annotated[
    list[str] | None, typer.Option("--group", metavar="IDS", help="With a theme of one of these groups.")
]
CategoriesOption = Annotated[
    list[str] | None, typer.Option("--category", metavar="NAMES", help="In one of these, such as cs.DC or cs.*.")
]
TextOption = Annotated[
    str, typer.Option("--text", metavar="WORDS", help="With these words in title, abstract or names.")
]
UntilOption = Annotated[str, typer.Option("--until", metavar="WHEN", help="Seen first before then.")]
ProbabilityOption = Annotated[
    float | None, typer.Option("--min-probability", min=0.0, max=1.0, help="The theme is at least so probable.")
]
QueryOption = Annotated[str, typer.Option("--query", metavar="NAME", help="Papers of this saved query.")]
WhereOption = Annotated[
    str, typer.Option("--where", metavar="EXPRESSION", help="Such as 'theme:consensus NOT text:survey p>=0.8'.")
]


@dataclass(frozen=True, slots=True)
class Selection:
    """What the options say, as typed."""

    themes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    text: str = ""
    since: str = ""
    until: str = ""
    min_probability: float | None = None
    query: str = ""
    where: str = ""
    by: str = "first_seen"

    def wanted_themes(self, names: ThemeNames) -> tuple[str, ...]:
        """The themes asked for, those of groups too; none for all.

        Raises:
            ThemeError: an unknown theme or group.
        """
        named = {names.theme(theme) for theme in self.themes}
        named |= {theme for group in self.groups for theme in names.under_group(group)}
        return tuple(sorted(named, key=names.place))

    def as_query(self, store: Store, context: Context) -> Query:
        """The store's query that asks for all that was said.

        Raises:
            InputError: a value that cannot be read. NotFoundError: there is no such saved query.
        """
        from service.out.language import read_expression, together
        from service.store import PaperFilter

        saved = read_expression(store.queries.get(self.query).expression, context) if self.query else PaperFilter()
        own = PaperFilter(
            any_of=self.wanted_themes(context.names),
            min_probability=self.min_probability,
            categories=self.categories,
            text=self.text,
            **{  # type: ignore[arg-type]
                f"{self.by}_from": self.moment(self.since, context),
                f"{self.by}_before": self.moment(self.until, context),
            },
        )
        return together([own, saved, read_expression(self.where, context)])

    def moment(self, words: str, context: Context) -> datetime | None:
        """The beginning of what the words stand for, None for none.

        Raises:
            InputError: no date.
        """
        from service.out.moments import period

        return period(words, context.now).start if words else None


def split(values: list[str] | None) -> tuple[str, ...]:
    """What was given in several options or with commas."""
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())


def open_bundle(settings: Settings) -> ModelBundle:
    """The bundle that the settings name, for its themes; its files are not checked."""
    from models.bundle import SHIPPED, ModelBundle

    return ModelBundle.load(settings.bundle or SHIPPED, verify=False, threads=settings.threads)


def context_of(bundle: ModelBundle) -> Context:
    """What queries are read against: the bundle's themes, and the present."""
    from service.out.conditions import Context
    from service.out.names import ThemeNames
    from service.store.database import now

    return Context(ThemeNames(bundle.taxonomy), now())
