"""Parquet: one row a paper, tags as lists that belong together position by position."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO

from service.out.names import ThemeNames
from service.out.text import legal
from service.store import StoredPaper

_ROWS = 4_096


def write(papers: Iterable[StoredPaper], names: ThemeNames, target: BinaryIO) -> int:
    """The number of papers written; memory stays flat, some thousand rows at a time."""
    # Loaded here: pyarrow takes a quarter of a second, which other formats must not pay for.
    import pyarrow
    from pyarrow import parquet

    schema = _schema(pyarrow)
    count = 0
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        for rows in _batches(papers):
            writer.write_table(pyarrow.Table.from_pylist([_row(stored, names) for stored in rows], schema=schema))
            count += len(rows)
    return count


def _batches(papers: Iterable[StoredPaper]) -> Iterator[list[StoredPaper]]:
    rest = iter(papers)
    while rows := list(islice(rest, _ROWS)):
        yield rows


def _schema(pa: Any) -> Any:
    text, texts, time = pa.string(), pa.list_(pa.string()), pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            ("id", text),
            ("version", pa.int32()),
            ("title", text),
            ("abstract", text),
            ("authors", texts),
            ("categories", texts),
            ("published", time),
            ("updated", time),
            ("url", text),
            ("comment", text),
            ("doi", text),
            ("primary_theme", text),
            ("themes", texts),
            ("theme_labels", texts),
            ("probabilities", pa.list_(pa.float64())),
            ("tag_sources", texts),
            ("novelty", pa.float64()),
            ("abstained", pa.bool_()),
            ("bundle", text),
            ("tagged", time),
            ("first_seen", time),
            ("withdrawn", pa.bool_()),
        ]
    )


def _row(stored: StoredPaper, names: ThemeNames) -> dict[str, Any]:
    paper, tagging = stored.paper, stored.tagging
    tags = tagging.tags if tagging else ()
    row: dict[str, Any] = {
        **{name: legal(getattr(paper, name)) for name in ("id", "title", "abstract", "url", "comment", "doi")},
        "version": paper.version,
        "authors": list(map(legal, paper.authors)),
        "categories": list(map(legal, paper.categories)),
        "published": paper.published,
        "updated": paper.updated,
        "themes": [tag.theme for tag in tags],
        "theme_labels": [names.label(tag.theme) for tag in tags],
        "probabilities": [tag.probability for tag in tags],
        "tag_sources": [tag.source for tag in tags],
        "first_seen": stored.first_seen,
        "withdrawn": stored.withdrawn,
    }
    if tagging:
        row |= {"primary_theme": tagging.primary or None, "novelty": tagging.novelty, "tagged": tagging.time}
        row |= {"abstained": tagging.abstained, "bundle": tagging.bundle}
    return row
