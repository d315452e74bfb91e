"""The formats papers are exported in, and one export from the store to a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import BinaryIO, NamedTuple

from models.errors import InputError
from service.out.names import ThemeNames
from service.store import Query, Store, StoredPaper

Writer = Callable[[Iterable[StoredPaper], ThemeNames, BinaryIO], int]


class ExportFormat(NamedTuple):
    """A format: module with its `write`, usual file ending, and what it is."""

    module: str
    ending: str
    description: str


EXPORTS: Mapping[str, ExportFormat] = {
    "jsonl": ExportFormat("service.out.jsonl", ".jsonl", "JSON Lines, everything that is known"),
    "csv": ExportFormat("service.out.table", ".csv", "a table for spreadsheets"),
    "parquet": ExportFormat("service.out.parquet", ".parquet", "a table for programs"),
    "bibtex": ExportFormat("service.out.bibtex", ".bib", "BibTeX with keywords"),
    "ris": ExportFormat("service.out.ris", ".ris", "RIS with KW lines"),
    "csl-json": ExportFormat("service.out.csl_json", ".csl.json", "CSL-JSON with keyword"),
    "zotero": ExportFormat("service.out.zotero", ".zotero.json", "Zotero items, tags marked as automatic"),
}
"""Formats by name; a module is imported when its format is asked for."""


def writer(name: str) -> Writer:
    """The writer of a format.

    Raises:
        InputError: there is no such format.
    """
    if name not in EXPORTS:
        raise InputError(f"there is no export format {name[:40]!r}: use one of {', '.join(EXPORTS)}")
    found: Writer = import_module(EXPORTS[name].module).write
    return found


def export(store: Store, query: Query, names: ThemeNames, name: str, target: BinaryIO) -> int:
    """The number of papers written to `target`, in the order the store met them and in flat memory.

    Raises:
        InputError: an unknown format, or a filter that cannot be used.
    """
    write = writer(name)
    return write(store.listing.iterate(query), names, target)
