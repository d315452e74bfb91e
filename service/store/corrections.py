"""Tags as people corrected them: what listings filter and sort by follows every answer and every verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from service.store.columns import UNKNOWN_SCORE
from service.store.intake import chunks
from service.store.records import Judgement, StoredTagging
from service.store.reviews import Review, Word, corrected, review
from service.store.rows import Columns, tagging_of
from service.store.schema import papers, taggings, tags, verdicts

_STATE = ("tagging", "bundle", "stale", "abstained", "primary_theme", "probability", "novelty")


def reviews_of(connection: Connection, pks: Sequence[int]) -> dict[int, Review]:
    """What people agree on about these papers, by row number; papers without a verdict are left out."""
    words: dict[int, list[Word]] = defaultdict(list)
    for part in chunks(pks):
        for row in connection.execute(select(verdicts).where(verdicts.c.paper.in_(part))):
            words[row.paper].append(Word(row.theme, row.who, Judgement(row.judgement)))
    answers = _answers(connection, list(words))
    return {pk: review(said, answers[pk]) for pk, said in words.items()}


def show(connection: Connection, current: Sequence[tuple[Columns, Columns]]) -> None:
    """Write down what is shown of papers.

    Args:
        current: rows of `papers`, each with the row of `taggings` that is the paper's current one.
    """
    reviews = reviews_of(connection, [paper["pk"] for paper, _ in current])
    states: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for paper, answer in current:
        shown = corrected(tagging_of(answer, paper["id"]), reviews.get(paper["pk"]))
        states.append(_state(paper, answer, shown))
        rows += _tag_rows(paper, shown)
    for part in chunks([paper["pk"] for paper, _ in current]):
        connection.execute(delete(tags).where(tags.c.paper.in_(part)))
    if states:
        connection.execute(_SET_STATE, states)
    if rows:
        connection.execute(insert(tags), rows)


def show_again(connection: Connection, pks: Sequence[int]) -> None:
    """Write down anew what is shown of papers, after verdicts on them have changed."""
    for part in chunks(pks):
        found = connection.execute(select(papers).where(papers.c.pk.in_(part), papers.c.tagging != 0)).mappings()
        rows = {row["tagging"]: row for row in found}
        answers = connection.execute(select(taggings).where(taggings.c.id.in_(list(rows)))).mappings()
        show(connection, [(rows[answer["id"]], answer) for answer in answers])


def _answers(connection: Connection, pks: Sequence[int]) -> dict[int, list[list[str]]]:
    found: dict[int, list[list[str]]] = defaultdict(list)
    for part in chunks(pks):
        for row in connection.execute(select(taggings.c.paper, taggings.c.tags).where(taggings.c.paper.in_(part))):
            found[row.paper].append([tag[0] for tag in row.tags])
    return found


def _state(paper: Columns, answer: Columns, shown: StoredTagging) -> dict[str, Any]:
    return {
        "_pk": paper["pk"],
        "tagging": answer["id"],
        "bundle": answer["bundle"],
        "stale": bytes(answer["digest"]) != bytes(paper["digest"]),
        "abstained": shown.abstained,
        "primary_theme": shown.primary,
        "probability": max((tag.probability for tag in shown.tags), default=UNKNOWN_SCORE),
        "novelty": answer["novelty"],
    }


def _tag_rows(paper: Columns, shown: StoredTagging) -> Iterator[dict[str, Any]]:
    dates = {name: paper[name] for name in ("published", "updated", "first_seen")}
    novelty = UNKNOWN_SCORE if shown.novelty is None else shown.novelty
    for tag in shown.tags:
        probability = float(tag.probability)
        names = {"paper": paper["pk"], "theme": tag.theme, "source": tag.source}
        yield {**names, "probability": probability, "novelty": novelty, **dates}


_SET_STATE = update(papers).where(papers.c.pk == bindparam("_pk")).values({name: bindparam(name) for name in _STATE})
