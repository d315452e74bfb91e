"""Labelled papers: read from JSON Lines, or ids with labels joined with text from a corpus.

Two forms are understood:

    JSON Lines   {"id", "title", "abstract", "tags": ["primary", ...]} a line; `themes` or `labels`
                 will do for `tags`, `split` may name a split
    labels.tsv   id TAB split TAB origin TAB themes (comma-separated), no text: the text comes from a
                 local corpus (Parquet or JSON Lines with id, title, abstract)
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import InputError, LabelError
from models.paper import Paper, arxiv_id
from models.themes import Taxonomy
from models.words import counted

TSV_COLUMNS = ("id", "split", "origin", "themes")
_TAG_KEYS = ("tags", "themes", "labels")


@dataclass(frozen=True, slots=True)
class LabelledPaper:
    """A paper with the themes people gave it.

    Attributes:
        themes: theme ids, primary first; empty where no theme fits.
        split: "train", "dev", ..., or "" where the file names none.
        origin: who or what the label comes from.
        line: 1-based line of the label file.
        confidence: how sure the annotator was ("high", "medium", "low"), "" where the file does not say.
    """

    paper: Paper
    themes: tuple[str, ...]
    split: str = ""
    origin: str = ""
    line: int = 0
    confidence: str = ""


@dataclass(frozen=True, slots=True)
class IdLabel:
    """A label without text, one row of `labels.tsv`."""

    id: str
    split: str
    origin: str
    themes: tuple[str, ...]


def load_labels(path: Path, *, corpus: Path | None = None) -> list[LabelledPaper]:
    """The labelled papers of a file, in order.

    Args:
        path: JSON Lines, or a `.tsv` of ids and themes.
        corpus: where the text of a `.tsv` is found; required for it.

    Raises:
        LabelError: unreadable lines (`details` names each), or ids that the corpus does not hold.
    """
    if path.suffix.lower() == ".tsv":
        if corpus is None:
            raise LabelError(f"{path} holds ids without text: name a corpus with --corpus FILE (Parquet or JSON Lines)")
        return join(read_tsv(path), corpus)
    papers: list[LabelledPaper] = []
    problems: list[str] = []
    for number, line in _lines(path):
        try:
            papers.append(_labelled(json.loads(line), number))
        except json.JSONDecodeError as error:
            problems.append(f"line {number}: not JSON: {error.msg} at column {error.pos + 1}")
        except InputError as error:
            problems.append(f"line {number}: {error}")
    if problems:
        raise LabelError(
            f"{path}: {counted(len(problems), 'line')} cannot be read; the first, {problems[0]}", details=problems
        )
    if not papers:
        raise LabelError(f"{path} holds no labelled paper: give one JSON object a line with id, title, abstract, tags")
    return papers


def read_tsv(path: Path) -> list[IdLabel]:
    """Rows of a labels file without text.

    Raises:
        LabelError: no header with id and themes.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    except OSError as error:
        raise LabelError(f"cannot read the labels {path}: {error.strerror}") from None
    if not rows or not {"id", "themes"} <= set(rows[0]):
        raise LabelError(f"{path} lacks a header with the columns {', '.join(TSV_COLUMNS)}")
    return [IdLabel(row["id"], row.get("split") or "", row.get("origin") or "", _split(row["themes"])) for row in rows]


def join(labels: Sequence[IdLabel], corpus: Path) -> list[LabelledPaper]:
    """Labels with the text that a corpus file holds for their ids.

    Raises:
        LabelError: ids that the corpus lacks; `details` names them.
    """
    wanted = {label.id for label in labels}
    found = {paper.id: paper for paper in read_corpus(corpus) if paper.id in wanted}
    missing = [label.id for label in labels if label.id not in found]
    if missing:
        raise LabelError(
            f"{corpus} lacks {len(missing)} of {counted(len(labels), 'labelled paper')}, e.g. {missing[0]}",
            details=missing,
        )
    return [
        LabelledPaper(found[label.id], label.themes, label.split, label.origin, line)
        for line, label in enumerate(labels, start=2)
    ]


def read_corpus(path: Path) -> Iterator[Paper]:
    """Papers of a Parquet or JSON Lines file with id, title and abstract, streamed."""
    rows = _parquet_rows(path) if path.suffix.lower() == ".parquet" else (json.loads(line) for _, line in _lines(path))
    for row in rows:
        yield Paper(
            id=qualified(str(row["id"])),
            title=row.get("title") or "",
            abstract=row.get("abstract") or "",
            categories=tuple(row.get("categories") or ()),
        )


def qualified(reference: str) -> str:
    """A source-qualified id: arXiv references become `arxiv:...`, everything else stays as it is."""
    known = arxiv_id(reference)
    return known[0] if known else reference


def label_matrix(papers: Sequence[LabelledPaper], taxonomy: Taxonomy) -> npt.NDArray[np.bool_]:
    """(n, k) bool truth of the papers.

    Raises:
        ThemeError: a theme that the taxonomy lacks.
    """
    truth = np.zeros((len(papers), len(taxonomy)), dtype=bool)
    for row, labelled in enumerate(papers):
        truth[row, [taxonomy.column(theme) for theme in labelled.themes]] = True
    return truth


def data_digest(papers: Iterable[LabelledPaper]) -> str:
    """sha256 (hex) over ids, texts and themes in order: the same data gives the same digest."""
    digest = hashlib.sha256()
    for labelled in papers:
        digest.update(f"{labelled.paper.id}\x1f{labelled.paper.digest}\x1f{','.join(labelled.themes)}\x1e".encode())
    return digest.hexdigest()


def _labelled(record: Any, line: int) -> LabelledPaper:
    if not isinstance(record, dict):
        raise InputError("not a JSON object")
    tags = next((record[key] for key in _TAG_KEYS if key in record), None)
    if isinstance(tags, str):
        tags = _split(tags)
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        raise InputError("field 'tags' must be a list of theme ids (empty where none fits)")
    paper = Paper.from_json({**record, "id": qualified(str(record.get("id") or ""))})
    confidence = str(record.get("confidence") or record.get("conf") or "")
    return LabelledPaper(
        paper, tuple(tags), str(record.get("split") or ""), str(record.get("origin") or ""), line, confidence
    )


def _split(themes: str) -> tuple[str, ...]:
    return tuple(part for part in themes.replace(";", ",").replace(" ", ",").split(",") if part)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise LabelError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise LabelError(f"cannot read {path}: {error}") from None


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as table:
        columns = [name for name in ("id", "title", "abstract", "categories") if name in table.schema_arrow.names]
        for batch in table.iter_batches(batch_size=4096, columns=columns):
            yield from batch.to_pylist()
