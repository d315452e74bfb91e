"""A paper out of the loose parts a feed entry has, or the reason why it is none."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from models.paper import Paper, arxiv_id
from service.feeds.entries import MAX_ENTRY_BYTES, Skipped
from service.feeds.identity import bare_doi, one_line, paper_id
from service.feeds.text_input import is_too_large


def assemble(
    position: int,
    *,
    arxiv: str = "",
    doi: str = "",
    url: str = "",
    own: str = "",
    title: str = "",
    abstract: str = "",
    version: int | None = None,
    authors: Iterable[str] = (),
    categories: Iterable[str] = (),
    published: datetime | None = None,
    updated: datetime | None = None,
    comment: str = "",
) -> Paper | Skipped:
    """The paper of these parts, or `Skipped` where there is neither title nor abstract or they are too long.

    Identity follows `paper_id`; every text becomes one line, empty and repeated authors and
    categories go. The version is the one given, else the one an arXiv reference ends with.
    """
    # Without any identifier the wording is what a paper is known by: two called "Editorial" are two.
    name = paper_id(arxiv=arxiv, doi=doi, url=url, own=own, title=f"{title} {abstract}")
    title, abstract = one_line(title), one_line(abstract)
    if not title and not abstract:
        return Skipped(position, "neither a title nor an abstract: nothing to tag", name)
    if is_too_large(title) or is_too_large(abstract):
        return Skipped(position, f"over {MAX_ENTRY_BYTES >> 20} MiB: too large for one paper", name)
    return Paper(
        id=name,
        title=title,
        abstract=abstract,
        version=version if version is not None else _version(arxiv, url, own),
        authors=_distinct(authors),
        categories=_distinct(categories),
        published=published,
        updated=updated,
        url=one_line(url),
        comment=one_line(comment),
        doi=bare_doi(doi),
    )


def _version(*references: str) -> int | None:
    for reference in references:
        known = arxiv_id(reference)
        if known and known[1]:
            return known[1]
    return None


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(one_line, names))))
