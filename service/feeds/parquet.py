"""Parquet tables with a row a paper and columns of any sensible name, read batch by batch.

Only the columns that say something about a paper are read, a thousand rows at a time. Parquet keeps
its table of contents at the end: a stream that cannot seek is first put into a temporary file.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, cast

from models.errors import FeedError
from models.words import counted
from service.feeds.entries import EMPTY, MAX_ENTRY_BYTES, Entry, Skipped
from service.feeds.loose import ALIASES, TEXT_NAMES, loose_paper, squeezed

_MAGIC = b"PAR1"
_ROWS = 1024
_IN_MEMORY_BYTES = 64 << 20
_KNOWN = frozenset(name for names in ALIASES.values() for name in names)


def matches(head: bytes) -> bool:
    """Whether a feed beginning with `head` is a Parquet file."""
    return head.startswith(_MAGIC)


def read_stream(stream: BinaryIO) -> Iterator[Entry]:
    """The rows of a Parquet file as papers; the position is the row.

    Raises:
        FeedError: not Parquet, damaged, or without a column for a title or an abstract.
    """
    if stream.seekable():
        yield from _rows(stream)
        return
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as copy:
        shutil.copyfileobj(stream, copy)
        copy.seek(0)
        yield from _rows(cast(BinaryIO, copy))


def _rows(file: BinaryIO) -> Iterator[Entry]:
    # Loaded here: pyarrow takes a quarter of a second, which sniffing other formats must not pay for.
    import pyarrow
    from pyarrow import parquet

    position = 0
    try:
        table = parquet.ParquetFile(file)
        columns = _columns(table.schema_arrow.names)
        for batch in table.iter_batches(batch_size=_ROWS, columns=columns, use_threads=False):
            for row in _records(batch):
                position += 1
                yield _entry(position, row)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise FeedError(f"a Parquet file that cannot be read, after {counted(position, 'row')}: {error}") from None
    if not position:
        yield EMPTY


def _columns(names: list[str]) -> list[str]:
    known = [name for name in names if squeezed(name) in _KNOWN]
    if not any(squeezed(name) in TEXT_NAMES for name in known):
        found = ", ".join(names[:12]) or "none"
        raise FeedError(f"a Parquet file without a column for a title or an abstract; its columns are: {found}")
    return known


def _records(batch: Any) -> Iterator[Mapping[str, Any] | str]:
    """The rows of a batch as dicts; for a row that is no valid text, what is wrong with it."""
    try:
        yield from batch.to_pylist()
        return
    except UnicodeDecodeError:
        pass  # raised before the first row came out; now row by row, to lose no more than the one
    for row in range(batch.num_rows):
        try:
            yield batch.slice(row, 1).to_pylist()[0]
        except UnicodeDecodeError as error:
            yield f"text that is not UTF-8: {error}"


def _entry(position: int, row: Mapping[str, Any] | str) -> Entry:
    if isinstance(row, str):
        return Skipped(position, row)
    if sum(len(value) for value in row.values() if isinstance(value, str)) > MAX_ENTRY_BYTES:
        return Skipped(position, f"over {MAX_ENTRY_BYTES >> 20} MiB: too large for one paper")
    return loose_paper(position, row)
