"""What the commands around the store open: the store, the bundle that tags, the way to the network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from models.tagging import Profile

if TYPE_CHECKING:
    from models.bundle import ModelBundle
    from service.fetch import Fetcher
    from service.ingest import Keep, Tagger
    from service.settings import Settings
    from service.store import Store

StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="URL|FILE", help="The paper store. [default: a file in the user's data folder]"),
]
BundleOption = Annotated[
    Path | None, typer.Option("--bundle", metavar="DIR", help="The model. [default: the one that was promoted last]")
]
ProfileOption = Annotated[
    Profile | None,
    typer.Option(
        "--profile", help="fast: n-grams. accurate: with the encoder. auto: the encoder where fast is unsure."
    ),
]
VectorsOption = Annotated[
    Literal["all", "spare", "none"],
    typer.Option(
        "--vectors",
        help="To find similar papers by: all has the encoder read every tagged paper (tens of ms each); spare keeps "
        "what tagging works out anyway, n-grams at least.",
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Only say what went wrong.")]


def settings_of(store: str | None, bundle: Path | None = None, profile: Profile | None = None) -> Settings:
    """The settings under these options; a bundle that is named is used whatever was promoted."""
    from msgspec.structs import replace

    from service.settings import load_settings

    settings = load_settings(overrides={"store": store, "bundle": bundle, "profile": profile})
    return settings if bundle is None else replace(settings, models=None)


def open_store(settings: Settings) -> Store:
    """The store that the settings name; it is made where there is none."""
    from service.store import Store

    return Store.open(settings.store_place)


def open_bundle(settings: Settings, *, verify: bool = True) -> ModelBundle:
    """The bundle that a server with these settings would answer by: what was promoted, else what they name.

    Raises:
        BundleError: it is missing or damaged.
    """
    from models.bundle import ModelBundle
    from service.releases import bundle_in_use

    return ModelBundle.load(bundle_in_use(settings), verify=verify, threads=settings.threads)


def open_tagger(settings: Settings, vectors: Keep = "none") -> Tagger:
    """The bundle of these settings, under their profile and rules; `vectors` says which are kept of what it tags."""
    from models.tagging import TagOptions
    from service.ingest import Tagger, TextVectors
    from service.ruled import under_rules

    bundle = open_bundle(settings)
    noting = TextVectors(bundle, encode=vectors == "all") if vectors != "none" else None
    ruled = under_rules(noting.bundle if noting else bundle, settings.rules)
    return Tagger.of(ruled, TagOptions(profile=settings.profile), noting)


def make_fetcher(settings: Settings) -> Fetcher:
    """A fetcher with the settings' manners."""
    from service.fetch import Fetcher, FetchPolicy
    from service.fetch.policy import default_user_agent

    agent = settings.fetch_agent or default_user_agent()
    remedy = "download it, and give the file to `paperwire tag` or `paperwire ingest`"
    return Fetcher(FetchPolicy(allow_networks=settings.fetch_networks, user_agent=agent, remedy=remedy))
