"""`paperwire queries`: queries kept under a name, each a feed of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from models.words import counted
from service.commands.selection import context_of, open_bundle
from service.commands.speech import plain
from service.commands.workplace import BundleOption, StoreOption, open_store, settings_of

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Keep queries under a name: list, save, show, remove. Each is served as a feed.",
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and hyphens.", show_default=False)]


@app.command("list")
def list_queries(store: StoreOption = None) -> None:
    """List the saved queries: name, expression, title."""
    with open_store(settings_of(store)) as opened:
        for query in opened.queries.all():
            typer.echo("\t".join(map(plain, (query.name, query.expression, query.title))))


@app.command()
def save(
    name: Name,
    expression: Annotated[
        str, typer.Argument(help="Such as 'theme:consensus text:\"erasure code\" since:7d p>=0.8'.", show_default=False)
    ],
    title: Annotated[str, typer.Option(help="For people. [default: the name]", show_default=False)] = "",
    store: StoreOption = None,
    bundle: BundleOption = None,
) -> None:
    """Keep a query, in place of one of that name; it is read first, and refused where it cannot be."""
    from service.out.language import read_expression

    settings = settings_of(store, bundle)
    query = read_expression(expression, context_of(open_bundle(settings)))
    with open_store(settings) as opened:
        count = opened.listing.count(query)
        saved = opened.queries.save(name, expression, title=title)
    typer.echo(f"{saved.name}: {counted(count, 'paper matches', 'papers match')} now", err=True)


@app.command()
def show(name: Name, store: StoreOption = None) -> None:
    """Print the expression of a saved query."""
    with open_store(settings_of(store)) as opened:
        typer.echo(opened.queries.get(name).expression)


@app.command()
def remove(name: Name, store: StoreOption = None) -> None:
    """Forget a saved query; its feed goes with it."""
    with open_store(settings_of(store)) as opened:
        opened.queries.remove(name)
