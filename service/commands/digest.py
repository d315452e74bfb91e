"""`paperwire digest`: what came in, by theme."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from service.commands.groups import grouped
from service.commands.selection import Selection, context_of, moment, open_bundle
from service.commands.workplace import BundleOption, StoreOption, open_store, settings_of

if TYPE_CHECKING:
    from service.out.conditions import Context
    from service.out.digest import DigestWish
    from service.store import Store

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True, slots=True)
class Issue:
    """The options of what a digest spans and is called, as typed."""

    since: Annotated[str, typer.Option(metavar="WHEN", help="From then on: 1d, 12h, 2w, 2026-03-01, today.")] = "1d"
    by: Annotated[
        Literal["seen", "published"], typer.Option(help="Whether dates are when the store met a paper, or its own.")
    ] = "seen"
    max_per_theme: Annotated[int, typer.Option(min=1, max=1000, help="Most papers listed under a theme.")] = 10
    title: Annotated[str, typer.Option(help="Its heading.")] = "New papers by theme"


@app.command()
@grouped
def digest(
    issue: Issue,
    selection: Selection,
    evidence: Annotated[bool, typer.Option(help="Quote the sentence that speaks most for the theme.")] = True,
    format: Annotated[  # noqa: A002 (the word for it)
        Literal["markdown", "html", "text"], typer.Option(help="How to write.")
    ] = "markdown",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write to.", dir_okay=False)] = None,
    store: StoreOption = None,
    bundle: BundleOption = None,
) -> None:
    """Write a digest of the papers that came in, by theme, each paper once under its primary theme.

    Where there is nothing it says so. Withdrawn papers are left out.
    """
    settings = settings_of(store, bundle)
    model = open_bundle(settings)
    context = context_of(model)
    from service.commands.target import opened
    from service.out.digest import digest_of
    from service.out.digest_forms import FORMS

    with open_store(settings) as papers:
        wish = _wish(papers, issue, selection, context)
        written = FORMS[format](digest_of(papers, wish, context.names, model if evidence else None))
    with opened(out) as stream:
        stream.write(written.encode("utf-8", "replace"))


def _wish(store: Store, issue: Issue, selection: Selection, context: Context) -> DigestWish:
    from service.out.digest import DigestWish
    from service.out.language import together
    from service.out.text import legal_line
    from service.store import PaperFilter

    wanted = selection.as_query(store, context, issue.since, "first_seen" if issue.by == "seen" else "published")
    return DigestWish(
        title=legal_line(issue.title),
        query=together([wanted, PaperFilter(withdrawn=False)]),
        since=moment(issue.since, context) or context.now,
        until=moment(selection.until, context) or context.now,
        themes=selection.wanted_themes(context.names),
        cap=issue.max_per_theme,
        untagged=bool(selection.query or selection.where),
    )
