"""Options that choose papers of the store, the same for every command that gives some out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.groups import split

if TYPE_CHECKING:
    from models.bundle import ModelBundle
    from service.out.conditions import Context
    from service.out.names import ThemeNames
    from service.settings import Settings
    from service.store import Query, Store


@dataclass(frozen=True, slots=True)
class Selection:
    """The options that choose papers, as typed; `grouped` makes options of the fields."""

    theme: Annotated[
        list[str] | None, typer.Option(metavar="IDS", help="With one of these themes; commas, or several times.")
    ] = None
    group: Annotated[list[str] | None, typer.Option(metavar="IDS", help="With a theme of one of these groups.")] = None
    category: Annotated[
        list[str] | None, typer.Option(metavar="NAMES", help="In one of these, such as cs.DC or cs.*.")
    ] = None
    text: Annotated[str, typer.Option(metavar="WORDS", help="With these words in title, abstract or names.")] = ""
    until: Annotated[str, typer.Option(metavar="WHEN", help="Seen first before then.")] = ""
    min_probability: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="The theme is at least so probable.")
    ] = None
    query: Annotated[str, typer.Option(metavar="NAME", help="Papers of this saved query.")] = ""
    where: Annotated[
        str, typer.Option(metavar="EXPRESSION", help="Such as 'theme:consensus NOT text:survey p>=0.8'.")
    ] = ""

    def wanted_themes(self, names: ThemeNames) -> tuple[str, ...]:
        """The themes asked for, those of groups too; none for all.

        Raises:
            ThemeError: an unknown theme or group.
        """
        named = {names.theme(theme) for theme in split(self.theme)}
        named |= {theme for group in split(self.group) for theme in names.under_group(group)}
        return tuple(sorted(named, key=names.place))

    def as_query(self, store: Store, context: Context, since: str = "", by: str = "first_seen") -> Query:
        """The store's query that asks for all that was said; `by` is the date that `since` and `until` mean.

        Raises:
            InputError: a value that cannot be read. NotFoundError: there is no such saved query.
        """
        from service.out.language import read_expression, together
        from service.store import PaperFilter

        saved = read_expression(store.queries.get(self.query).expression, context) if self.query else PaperFilter()
        own = PaperFilter(
            any_of=self.wanted_themes(context.names),
            min_probability=self.min_probability,
            categories=split(self.category),
            text=self.text,
            **{  # type: ignore[arg-type]
                f"{by}_from": moment(since, context),
                f"{by}_before": moment(self.until, context),
            },
        )
        return together([own, saved, read_expression(self.where, context)])


def moment(words: str, context: Context) -> datetime | None:
    """The beginning of what the words stand for, None for none.

    Raises:
        InputError: no date.
    """
    from service.out.moments import period

    return period(words, context.now).start if words else None


def open_bundle(settings: Settings) -> ModelBundle:
    """The bundle in use, for its themes; its files are not checked."""
    from service.commands.workplace import open_bundle as in_use

    return in_use(settings, verify=False)


def context_of(bundle: ModelBundle) -> Context:
    """What queries are read against: the bundle's themes, and the present."""
    from service.out.conditions import Context
    from service.out.names import ThemeNames
    from service.store.database import now

    return Context(ThemeNames(bundle.taxonomy), now())
