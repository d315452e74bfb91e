"""Where papers come from: files, folders, standard input and addresses, each opened when its turn comes."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from models.errors import InputError

STANDARD_INPUT = "-"
_ADDRESS = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Source:
    """One feed to read.

    Attributes:
        name: as people call it, in every message about it.
        open: opens its bytes; raises OSError or FetchError.
        size: in bytes, None where it is not known before reading.
        named: the caller asked for this very source; it was not merely found in a folder.
    """

    name: str
    open: Callable[[], BinaryIO]
    size: int | None = None
    named: bool = True


def find_sources(
    inputs: Sequence[str], fetch: Callable[[str], bytes], standard_input: BinaryIO, *, without: Iterable[Path] = ()
) -> list[Source]:
    """The sources that the inputs name, in order; folders give their files, sorted, at any depth.

    Args:
        inputs: paths of files and folders, http(s) addresses, and "-" for standard input.
        fetch: the body of an address, decompressed as HTTP goes; called when its turn comes.
        standard_input: what "-" reads.
        without: files to leave out of folders, such as the one that is being written.

    Hidden files and folders inside a folder are passed over.

    Raises:
        InputError: a path that does not exist or is to be written, a folder without files, or "-" twice.
    """
    if list(inputs).count(STANDARD_INPUT) > 1:
        raise InputError("standard input ('-') is named twice: it can be read once")
    left_out = {path.resolve() for path in without}
    return [source for name in inputs for source in _sources(name, fetch, standard_input, left_out)]


def _sources(
    name: str, fetch: Callable[[str], bytes], standard_input: BinaryIO, left_out: set[Path]
) -> Iterator[Source]:
    if name == STANDARD_INPUT:
        yield Source("standard input", lambda: standard_input)
    elif name.lower().startswith(_ADDRESS):
        yield Source(name, lambda: io.BytesIO(fetch(name)))
    else:
        yield from _on_disk(Path(name), left_out)


def _on_disk(path: Path, left_out: set[Path]) -> Iterator[Source]:
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    if path.resolve() in left_out:
        raise InputError(f"{path} is to be read and written at once: name another file to write")
    if not stat.S_ISDIR(status.st_mode):
        yield _file(path, named=True)
        return
    files = [file for file in _files_below(path) if file.resolve() not in left_out]
    if not files:
        raise InputError(f"the folder {path} holds no files")
    for file in files:
        yield _file(file, named=False)


def _file(path: Path, *, named: bool) -> Source:
    status = path.stat()
    return Source(str(path), lambda: path.open("rb"), status.st_size if stat.S_ISREG(status.st_mode) else None, named)


def _files_below(folder: Path) -> list[Path]:
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(place, name) for name in files if not name.startswith("."))
        found.extend(path for path in paths if path.is_file())
    return sorted(found)
