"""What the commands around the store open: the store, the bundle that tags, the way to the network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.tagging import Profile

if TYPE_CHECKING:
    from service.fetch import Fetcher
    from service.ingest import Tagger
    from service.settings import Settings
    from service.store import Store

StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="URL|FILE", help="The paper store. [default: a file in the user's data folder]"),
]
BundleOption = Annotated[
    Path | None, typer.Option("--bundle", metavar="DIR", help="The model. [default: the one in the package]")
]
ProfileOption = Annotated[
    Profile | None,
    typer.Option(
        "--profile", help="fast: n-grams. accurate: with the encoder. auto: the encoder where fast is unsure."
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Only say what went wrong.")]


def settings_of(store: str | None, bundle: Path | None = None, profile: Profile | None = None) -> Settings:
    """The settings under these options."""
    from service.settings import load_settings

    return load_settings(overrides={"store": store, "bundle": bundle, "profile": profile})


def open_store(settings: Settings) -> Store:
    """The store that the settings name; it is made where there is none."""
    from service.store import Store

    return Store.open(settings.store_place)


def open_tagger(settings: Settings) -> Tagger:
    """The bundle that the settings name, under their profile."""
    from models.bundle import SHIPPED, ModelBundle
    from models.tagging import TagOptions
    from service.ingest import Tagger
    from service.ruled import under_rules

    bundle = ModelBundle.load(settings.bundle or SHIPPED, threads=settings.threads)
    ruled = under_rules(bundle, settings.rules)
    return Tagger.of(ruled, TagOptions(profile=settings.profile))


def make_fetcher(settings: Settings) -> Fetcher:
    """A fetcher with the settings' manners."""
    from service.fetch import Fetcher, FetchPolicy
    from service.fetch.policy import default_user_agent

    agent = settings.fetch_agent or default_user_agent()
    return Fetcher(FetchPolicy(allow_networks=settings.fetch_networks, user_agent=agent))
