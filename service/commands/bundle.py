"""`paperwire bundle`: what is in a bundle, and whether it is whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.bundle import ModelBundle

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Show or verify a bundle.")

Directory = Annotated[
    Path | None, typer.Argument(metavar="[DIR]", help="The bundle. [default: the one in use]", show_default=False)
]


@app.command()
def show(directory: Directory = None) -> None:
    """Print a bundle's manifest as JSON, its own digest first."""
    loaded = _load(directory, verify=False)
    typer.echo(json.dumps({"sha256": loaded.name.sha256, **loaded.manifest}, indent=1, ensure_ascii=False))


@app.command()
def verify(directory: Directory = None) -> None:
    """Compare every file of a bundle with its manifest; exit with 4 if one is damaged."""
    loaded = _load(directory, verify=True)
    typer.echo(f"{loaded.directory}: {loaded.name.name} {loaded.name.version} is whole ({loaded.name.sha256})")


def _load(directory: Path | None, *, verify: bool) -> ModelBundle:
    from models.bundle import SHIPPED, ModelBundle
    from service.settings import load_settings

    chosen = load_settings(overrides={"bundle": directory}).bundle or SHIPPED
    return ModelBundle.load(chosen, verify=verify)
