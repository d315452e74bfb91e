"""`paperwire keys`: who may use a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from models.errors import SettingsError

app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Make, list and revoke API keys."
)

FileOption = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="The key file. [default: the setting keys_file]")
]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    scopes: Annotated[
        list[str] | None, typer.Option("--scope", help="tag, review or admin; several times. [default: tag]")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires. [default: never]")] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.0, help="Texts a second; 0: no limit. [default: the server's own]")
    ] = None,
    file: FileOption = None,
) -> None:
    """Print a new key on standard output; it is stored hashed, and cannot be shown again."""
    from service.api.keys import create_key

    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    key, text = create_key(_file(file), name, scopes or ("tag",), expires=expires, rate_per_s=rate)
    typer.echo(f"paperwire: key {key.id} for {key.name} ({', '.join(key.scopes)}):", err=True)
    typer.echo(text)


@app.command("list")
def show(file: FileOption = None) -> None:
    """List keys: id, name, scopes, when made, when they expire."""
    from service.api.keys import list_keys

    for key in list_keys(_file(file)):
        expires = f"until {key.expires:%Y-%m-%d}" if key.expires else "for good"
        typer.echo(f"{key.id}  {key.name}  {','.join(key.scopes)}  since {key.created:%Y-%m-%d} {expires}")


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Id or name.")],
    file: FileOption = None,
) -> None:
    """Make a key invalid; running servers learn of it within a second."""
    from service.api.keys import revoke_key

    gone = revoke_key(_file(file), key)
    typer.echo(f"paperwire: key {gone.id} of {gone.name} is no longer valid", err=True)


def _file(given: Path | None) -> Path:
    from service.settings import load_settings

    # Only the name of the file is wanted: settings that lack it are what a first key is made for.
    chosen = given or load_settings(overrides={"keys": "off", "host": "127.0.0.1"}).keys_file
    if chosen is None:
        raise SettingsError("no key file: name it with --file, or in the setting keys_file")
    return chosen
