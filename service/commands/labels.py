"""`paperwire labels`: what people said about papers of the store, as labels to train on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.workplace import QuietOption, StoreOption, open_store, settings_of

if TYPE_CHECKING:
    from service.store import Store
    from training.corrections import Correction
    from training.dataset import LabelledPaper

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_ONTO = "Labels to correct: they come first, as people corrected them. JSON Lines, or a .tsv with --corpus."


@app.command()
def labels(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write to.", dir_okay=False)] = None,
    onto: Annotated[Path | None, typer.Option(metavar="FILE", help=_ONTO, show_default=False)] = None,
    corpus: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the texts of a .tsv are: Parquet or JSON Lines.")
    ] = None,
    store: StoreOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write the papers that people labelled with their verdicts, for `paperwire train --labels`.

    A paper is labelled once somebody called its tags complete, or once every tag of one of the model's
    answers has a verdict, and no theme of it is left open; its labels are the themes accepted.
    """
    from service.commands.target import opened
    from training.corrections import write_labels

    with open_store(settings_of(store)) as open_:
        corrections = _corrections(open_)
    papers = _labels(corrections, onto, corpus)
    with opened(out) as stream:
        count = write_labels(papers, stream)
    if not quiet:
        part = sum(not one.whole for one in corrections)
        typer.echo(f"paperwire: labelled papers: {count:,}; judged in part only: {part:,}", err=True)


def _corrections(store: Store) -> list[Correction]:
    from training.corrections import Correction

    reviews = store.verdicts.reviews()
    stored = store.papers.get_many(list(reviews))
    found = ((item.paper, reviews[item.paper.id]) for item in stored)
    return [Correction(paper, review.settled, review.labels is not None) for paper, review in found]


def _labels(corrections: list[Correction], onto: Path | None, corpus: Path | None) -> list[LabelledPaper]:
    """What is to be written.

    Raises:
        LabelError: nothing would be.
    """
    from models.errors import LabelError
    from training.corrections import corrected, labelled
    from training.dataset import load_labels

    if onto is not None:
        return corrected(load_labels(onto, corpus=corpus), corrections)
    found = labelled(corrections)
    if not found:
        raise LabelError(
            f"no paper is labelled yet ({len(corrections)} have verdicts): call the tags of some complete, or judge "
            f"every tag they have"
        )
    return found
