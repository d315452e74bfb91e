"""`paperwire themes`: what a bundle can say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def themes(
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The model. [default: the one in the package]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All there is to know, as JSON.")] = False,
) -> None:
    """List the themes of a bundle by group: id, and label."""
    from models.bundle import SHIPPED, ModelBundle
    from service.settings import load_settings

    directory = load_settings(overrides={"bundle": bundle}).bundle or SHIPPED
    taxonomy = ModelBundle.load(directory, verify=False).taxonomy
    if as_json:
        typer.echo(json.dumps(taxonomy.to_json(), indent=1, ensure_ascii=False))
        return
    width = max(map(len, taxonomy.ids))
    for group_id, label in [*((group.id, group.label) for group in taxonomy.groups), ("", "")]:
        members = [theme for theme in taxonomy.themes if theme.group == group_id]
        if members and label:
            typer.echo(f"{group_id}: {label}")
        for theme in members:
            typer.echo(f"  {theme.id:<{width}}  {theme.label}")
