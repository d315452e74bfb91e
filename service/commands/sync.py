"""`paperwire sync`: every watched feed, now."""

from __future__ import annotations

import typer

from service.commands.workplace import BundleOption, ProfileOption, QuietOption, StoreOption, VectorsOption

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def sync(
    store: StoreOption = None,
    bundle: BundleOption = None,
    profile: ProfileOption = None,
    vectors: VectorsOption = "all",
    quiet: QuietOption = False,
) -> None:
    """Fetch all watched feeds now, due or not, and tag what is new or changed.

    A feed that fails is reported and tried again by the next run; it costs no other. Exits with 3
    if all of them failed.
    """
    from service.commands.rounds import RoundRequest, run_rounds

    request = RoundRequest((), True, None, store, bundle, profile, quiet, vectors)
    raise typer.Exit(run_rounds(request))
