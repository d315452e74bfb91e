"""Where a command writes: standard output, or a file that appears once it is whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import typer

_BROKEN_PIPE = 141


@contextmanager
def opened(path: Path | None) -> Iterator[BinaryIO]:
    """A stream to write to; a file is written beside its place, put on disk and renamed when the block ends.

    Raises:
        OSError: the file cannot be written; what was there before is still there.
    """
    if path is None:
        yield from _standard_output()
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        if str(error.filename) == str(part):  # a name that nobody knows
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    finally:
        part.unlink(missing_ok=True)


def _standard_output() -> Iterator[BinaryIO]:
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader of a pipe went away, as `head` does; Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(_BROKEN_PIPE) from None
