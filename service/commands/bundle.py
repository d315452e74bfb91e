"""`paperwire bundle`: what is in a bundle, whether it is whole, which one is live, and which was when."""

from __future__ import annotations

import json
import os
import pwd
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from models.errors import InputError

if TYPE_CHECKING:
    from models.bundle import ModelBundle
    from service.releases import Releases

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Show or verify a bundle; list bundles, promote one, take it back, and see what was live when.",
)

Directory = Annotated[
    Path | None, typer.Argument(metavar="[DIR]", help="The bundle. [default: the one in use]", show_default=False)
]

Models = Annotated[
    Path | None,
    typer.Option("--models", metavar="DIR", help="Directory of bundles. [default: the setting models]"),
]
Version = Annotated[str, typer.Argument(help="Version, name@version, or the first 12 characters of its sha256.")]


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


@app.command("list")
def list_bundles(models: Models = None) -> None:
    """List the bundles that can be promoted: sha256, name, version, place; a star marks the live one."""
    releases = _releases(models)
    live = releases.live()
    for one in releases.candidates():
        if one.problem:
            typer.echo(f"paperwire: {one.directory}: {one.problem}", err=True)
            continue
        mark = "*" if one.sha256 == live.sha256 else " "
        typer.echo(f"{mark} {one.sha256[:12]}  {one.name}  {one.version}  {one.directory}")


@app.command()
def promote(version: Version, models: Models = None) -> None:
    """Let a bundle answer: it is checked and tried first; running servers take it over within seconds."""
    _told(_releases(models), "promote", version)


@app.command()
def rollback(version: Version, models: Models = None) -> None:
    """Take back the live bundle, which is named, for the one that was live before it."""
    _told(_releases(models), "rollback", version)


@app.command()
def history(
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only what was live at this time (ISO 8601; local if without zone)."),
    ] = None,
    models: Models = None,
) -> None:
    """Print what was live when and by whom, oldest first, one JSON object a line."""
    import msgspec

    releases = _releases(models)
    if at is None:
        for release in releases.history():
            typer.echo(msgspec.json.encode(release).decode())
        return
    live = releases.live_at(_moment(at))
    typer.echo(msgspec.json.encode(live).decode())


def _told(releases: Releases, action: Literal["promote", "rollback"], version: str) -> None:
    from service.releases import try_out

    step = releases.promote if action == "promote" else releases.rollback
    changed = step(version, _user(), try_out) is not None
    live = releases.live()
    typer.echo(f"paperwire: {live.name} {live.version} {'is live now' if changed else 'was live already'}", err=True)


def _releases(models: Path | None) -> Releases:
    from service.releases import Releases
    from service.settings import load_settings

    settings = load_settings(overrides={"models": models})
    return Releases(settings.models_place, *([settings.bundle] if settings.bundle else []))


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError(f"{text!r} is no time: write 2026-11-25 or 2026-11-25T13:00:00+01:00") from None


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # containers run as users that have no name
        return f"uid {os.getuid()}"


def _load(directory: Path | None, *, verify: bool) -> ModelBundle:
    from models.bundle import ModelBundle
    from service.releases import bundle_in_use
    from service.settings import load_settings

    return ModelBundle.load(directory or bundle_in_use(load_settings()), verify=verify)
