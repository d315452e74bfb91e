"""`paperwire serve`: the HTTP service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.tagging import Profile

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def serve(
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings in TOML.", dir_okay=False)] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = None,
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The model. [default: the one in the package]")
    ] = None,
    models: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Bundles to promote, and which of them is live.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="Server processes. [default: 1]")] = None,
    profile: Annotated[Profile | None, typer.Option(help="Profile of requests that name none.")] = None,
    keys_file: Annotated[Path | None, typer.Option(metavar="FILE", help="API keys of `paperwire keys`.")] = None,
) -> None:
    """Answer over HTTP until interrupted; /openapi.json describes the interface.

    Every setting can be given in a TOML file or as a PAPERWIRE_* variable: `paperwire config` lists them.
    """
    from service.settings import load_settings

    overrides = {
        "host": host,
        "port": port,
        "bundle": bundle,
        "models": models,
        "workers": workers,
        "profile": profile,
        "keys_file": keys_file,
    }
    settings = load_settings(config, overrides=overrides)
    if settings.workers > 1:
        from service.api.workers import serve_in_workers

        serve_in_workers(settings)
        return
    from service.api.server import serve as run_server  # a web framework: wrong settings should not wait for it

    run_server(settings)
