"""`paperwire themes`: what a bundle can say, and themes added to it by definition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import InputError
from models.words import counted

if TYPE_CHECKING:
    from models.bundle import ModelBundle
    from models.paper import Paper
    from models.theme_set import ThemeSet
    from models.themes import Taxonomy

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    help="List the themes of a bundle; add themes by definition, for `paperwire tag --themes-set FILE`.",
)

BundleOption = Annotated[
    Path | None, typer.Option("--bundle", metavar="DIR", help="The model. [default: the one in the package]")
]
JsonOption = Annotated[bool, typer.Option("--json", help="All there is to know, as JSON.")]
SetOption = Annotated[Path, typer.Option("--set", metavar="FILE", help="The file of provisional themes.")]
_EXAMPLE = "A file of example papers in any known format, or the id of one: of the paper store, or arXiv's. Up to 10."


@app.callback(invoke_without_command=True)
def themes(context: typer.Context, bundle: BundleOption = None, as_json: JsonOption = False) -> None:
    """List the themes of a bundle by group; add and remove provisional ones."""
    if context.invoked_subcommand is None:
        _show(_taxonomy(bundle), as_json)


@app.command("list")
def list_themes(
    bundle: BundleOption = None,
    themes_set: Annotated[
        Path | None, typer.Option("--set", metavar="FILE", help="Provisional themes to list too.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the themes of a bundle by group: id, and label; provisional ones are marked."""
    if themes_set is None:
        _show(_taxonomy(bundle), as_json)
        return
    from models.theme_set import ThemeSet

    extra = ThemeSet.load(themes_set)
    _show(_bundle(bundle).with_themes(extra).taxonomy, as_json, extra)


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the theme is called; its id is made of it.")],
    definition: Annotated[str, typer.Option(metavar="TEXT", help="What belongs to the theme, in a sentence or two.")],
    themes_set: SetOption,
    example: Annotated[list[str] | None, typer.Option(metavar="FILE|ID", help=_EXAMPLE)] = None,
    group: Annotated[str, typer.Option(metavar="ID", help="Group of the bundle that the theme belongs to.")] = "",
    bundle: BundleOption = None,
) -> None:
    """Add a theme by its definition to a file, made if there is none; nothing is trained.

    The theme is usable at once: `paperwire tag --themes-set FILE`. Its tags say source "definition".
    """
    from models.theme_set import ThemeSet, define

    known = ThemeSet.load(themes_set) if themes_set.exists() else ThemeSet()
    examples = [paper for reference in example or () for paper in _examples(reference)]
    item = define(name, definition, group=group, examples=examples)
    extended = known.added(item)
    _bundle(bundle).with_themes(extended)  # a clash with the bundle's own themes shows before the file is written
    extended.save(themes_set)
    typer.echo(f"{item.theme.id}: added to {themes_set} with {counted(len(examples), 'example')}")


@app.command()
def remove(
    theme: Annotated[str, typer.Argument(metavar="THEME", help="Id of a provisional theme.")], themes_set: SetOption
) -> None:
    """Take a provisional theme out of a file."""
    from models.theme_set import ThemeSet

    ThemeSet.load(themes_set).removed(theme).save(themes_set)
    typer.echo(f"{theme}: removed from {themes_set}")


def _show(taxonomy: Taxonomy, as_json: bool, extra: ThemeSet | None = None) -> None:
    if as_json:
        shown = taxonomy.to_json() | ({"provisional": extra.to_json()["themes"]} if extra else {})
        typer.echo(json.dumps(shown, indent=1, ensure_ascii=False))
        return
    width = max(map(len, taxonomy.ids))
    for group_id, label in [*((group.id, group.label) for group in taxonomy.groups), ("", "")]:
        members = [theme for theme in taxonomy.themes if theme.group == group_id]
        if members and label:
            typer.echo(f"{group_id}: {label}")
        for theme in members:
            mark = "  (provisional)" if extra and extra.gives(theme.id) else ""
            typer.echo(f"  {theme.id:<{width}}  {theme.label}{mark}")


def _bundle(directory: Path | None) -> ModelBundle:
    from models.bundle import SHIPPED, ModelBundle
    from service.settings import load_settings

    chosen = load_settings(overrides={"bundle": directory}).bundle or SHIPPED
    return ModelBundle.load(chosen, verify=False)


def _taxonomy(directory: Path | None) -> Taxonomy:
    return _bundle(directory).taxonomy


def _examples(reference: str) -> list[Paper]:
    """The papers of a file, or the one paper with an id."""
    path = Path(reference)
    if path.is_file():
        return _parsed(path.read_bytes(), reference)
    stored = _stored(reference)
    return [stored] if stored else [_of_arxiv(reference)]


def _parsed(data: bytes, name: str) -> list[Paper]:
    from service.feeds import parse

    papers = list(parse(data).papers)
    if not papers:
        raise InputError(f"the example {name!r} holds no paper that can be read")
    return papers


def _stored(reference: str) -> Paper | None:
    """The paper of the store, if there is a store and it knows the id."""
    from models.paper import arxiv_id
    from service.commands.workplace import open_store, settings_of

    settings = settings_of(None)
    if not settings.store and not Path(settings.store_place).exists():
        return None  # asking for an example is no reason to make a store
    known = arxiv_id(reference)
    with open_store(settings) as store:
        found = store.papers.get_many([known[0] if known else reference])
    return found[0].paper if found else None


def _of_arxiv(reference: str) -> Paper:
    from models.paper import arxiv_id
    from service.commands.workplace import make_fetcher, settings_of
    from service.fetch.arxiv_api import ARXIV_API

    known = arxiv_id(reference)
    if known is None:
        raise InputError(f"the example {reference!r} is neither a file nor the id of a paper in the store or on arXiv")
    body = make_fetcher(settings_of(None)).fetch(f"{ARXIV_API}?id_list={known[0].removeprefix('arxiv:')}").body
    return _parsed(body, reference)[0]
