"""Invented papers and feeds, and what two stores have to have in common."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from sqlalchemy import select

from models.paper import Paper
from service.store import Store, schema
from tests.tiny import tiny_papers


def papers(count: int, seed: int = 21) -> list[Paper]:
    """Invented papers with arXiv ids, version 1."""
    return [
        Paper(
            f"arxiv:2603.{seed * 100 + number:05d}",
            item.paper.title,
            item.paper.abstract,
            version=1,
            authors=("Ilse Vander", "Tomás Rey"),
            categories=("cs.DC",),
        )
        for number, item in enumerate(tiny_papers(count, seed))
    ]


def jsonl(items: Iterable[Paper]) -> bytes:
    """Our own lines."""
    return "".join(json.dumps(paper.to_json()) + "\n" for paper in items).encode()


def atom(items: Iterable[Paper], total: int | None = None, moment: str = "2026-03-03T10:00:00Z") -> bytes:
    """A page as the arXiv API gives it, every entry changed at `moment` unless the paper says so."""
    entries = [_entry(paper, moment) for paper in items]
    found = len(entries) if total is None else total
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f'<opensearch:totalResults xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">{found}'
        f"</opensearch:totalResults>{''.join(entries)}</feed>"
    ).encode()


def _entry(paper: Paper, moment: str) -> str:
    number = paper.id.removeprefix("arxiv:")
    changed = paper.updated.strftime("%Y-%m-%dT%H:%M:%SZ") if paper.updated else moment
    first = paper.published.strftime("%Y-%m-%dT%H:%M:%SZ") if paper.published else changed
    return (
        f"<entry><id>http://arxiv.org/abs/{number}v{paper.version}</id><updated>{changed}</updated>"
        f"<published>{first}</published><title>{escape(paper.title)}</title>"
        f"<summary>{escape(paper.abstract)}</summary><author><name>Ilse Vander</name></author>"
        '<category term="cs.DC" scheme="http://arxiv.org/schemas/atom"/></entry>'
    )


def rss(items: Iterable[Paper], built: datetime, skip: tuple[str, ...] = ("Saturday", "Sunday")) -> bytes:
    """A daily listing of arXiv."""
    days = "".join(f"<day>{day}</day>" for day in skip)
    body = "".join(_item(paper) for paper in items)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        "<title>cs.DC updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.DC</link>"
        f"<lastBuildDate>{built:%a, %d %b %Y %H:%M:%S} +0000</lastBuildDate><skipDays>{days}</skipDays>"
        f"{body}</channel></rss>"
    ).encode()


def _item(paper: Paper) -> str:
    number = paper.id.removeprefix("arxiv:")
    return (
        f"<item><title>{escape(paper.title)}</title><link>https://arxiv.org/abs/{number}</link>"
        f"<description>arXiv:{number}v{paper.version} Announce Type: new \n"
        f"Abstract: {escape(paper.abstract)}</description>"
        f"<guid isPermaLink={quoteattr('false')}>oai:arXiv.org:{number}v{paper.version}</guid>"
        "<category>cs.DC</category><arxiv:announce_type>new</arxiv:announce_type></item>"
    )


def oai_page(items: Iterable[Paper], token: str = "", deleted: Iterable[str] = (), day: str = "2026-03-03") -> bytes:
    """A page of ListRecords in arXiv's own metadata format."""
    records = [_record(paper, day) for paper in items]
    records += [
        f'<record><header status="deleted"><identifier>oai:arXiv.org:{name}</identifier>'
        f"<datestamp>{day}</datestamp></header></record>"
        for name in deleted
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<responseDate>{day}T09:00:00Z</responseDate><ListRecords>{''.join(records)}"
        f"<resumptionToken>{token}</resumptionToken></ListRecords></OAI-PMH>"
    ).encode()


def _record(paper: Paper, day: str) -> str:
    number = paper.id.removeprefix("arxiv:")
    return (
        f"<record><header><identifier>oai:arXiv.org:{number}</identifier><datestamp>{day}</datestamp></header>"
        '<metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/">'
        f"<id>{number}</id><created>2026-03-01</created><title>{escape(paper.title)}</title>"
        f"<categories>cs.DC</categories><abstract>{escape(paper.abstract)}</abstract></arXiv></metadata></record>"
    )


def contents(store: Store) -> dict[str, list[Any]]:
    """All rows of a store that say something of papers, without row numbers and times of meeting.

    Only current taggings count: how often a paper was tagged on the way depends on the way.
    """
    with store._database.read() as connection:
        names = {row.pk: row.id for row in connection.execute(select(schema.papers.c.pk, schema.papers.c.id))}
        current = set(connection.scalars(select(schema.papers.c.tagging)))
        found = {}
        for table in _COMPARED:
            rows = connection.execute(select(table)).mappings()
            kept = (row for row in rows if table is not schema.taggings or row["id"] in current)
            found[table.name] = sorted(repr(_comparable(row, names)) for row in kept)
    return found


def _comparable(row: Any, names: dict[int, str]) -> list[tuple[str, Any]]:
    left = {name: value for name, value in row.items() if name not in _OF_ITS_TIME}
    if isinstance(left.get("record"), dict):
        left["record"] = sorted(left["record"].items())  # PostgreSQL keeps no order of keys
    if "paper" in left:
        left["paper"] = names[left["paper"]]
    elif "pk" in left:
        del left["pk"]
        left["id"] = row["id"]
    return sorted(left.items())


_OF_ITS_TIME = {"first_seen", "changed", "search_row", "tagging", "time", "id"}
_COMPARED = (
    schema.papers,
    schema.contents,
    schema.reports,
    schema.paper_categories,
    schema.announcements,
    schema.tags,
    schema.taggings,
)
