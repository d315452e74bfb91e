"""`paperwire config`: what the settings are, and what they mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def config(
    file: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Settings in TOML.", dir_okay=False)
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Every setting with its default and meaning.")] = False,
) -> None:
    """Show the settings in effect as JSON, out of defaults, the TOML file and PAPERWIRE_* variables.

    All problems are reported at once.
    """
    from service.settings import load_settings, setting_rows

    if explain:
        for name, default, meaning in setting_rows():
            typer.echo(f"{name} = {default or '(none)'}\n    {meaning}")
        return
    typer.echo(json.dumps(load_settings(file).effective(), indent=1, ensure_ascii=False))
