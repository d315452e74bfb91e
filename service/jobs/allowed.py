"""Files that a job may name by path: those under the folders of the setting `jobs_paths`, and no others.

A name is resolved first, so that neither `..` nor a symbolic link leads out. It is opened part by part
without following links, so that one put there in between leads nowhere either.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from models.errors import InputError
from service.pipeline import Source, find_sources


def find_allowed(given: str, roots: Sequence[str]) -> Path:
    """The file or folder that a name stands for, without links in its path.

    Args:
        given: a full path, or one below one of the roots.
        roots: folders it must lie under.

    Raises:
        InputError: there is none under the roots; whether there is one elsewhere is not told.
    """
    for root in roots:
        with suppress(OSError, ValueError):  # no such file; a name that is none, or too long
            real = (Path(root) / given).resolve(strict=True)
            if _root_of(real, roots) is not None and (real.is_file() or real.is_dir()):
                return real
    raise InputError(f"there is no file or folder {given[:200]!r} under the folders that jobs may read")


def sources_allowed(path: Path, roots: Sequence[str]) -> list[Source]:
    """The file, or the files of the folder at any depth, each to be opened under the roots.

    Raises:
        InputError: it is gone, or a folder without files.
    """
    found = find_sources([str(path)], lambda _: b"", io.BytesIO())
    return [replace(source, open=partial(open_allowed, Path(source.name), roots)) for source in found]


def open_allowed(path: Path, roots: Sequence[str]) -> BinaryIO:
    """The file, open for reading.

    Raises:
        OSError: it is gone, no regular file, or not under the roots.
    """
    real = path.resolve(strict=True)
    root = _root_of(real, roots)
    if root is None:
        raise PermissionError(errno.EACCES, "it lies outside of the folders that jobs may read")
    descriptor = _walk(root, real.relative_to(root).parts)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file")
    return os.fdopen(descriptor, "rb")


def _root_of(real: Path, roots: Sequence[str]) -> Path | None:
    resolved = (Path(root).resolve() for root in roots)
    return next((root for root in resolved if real.is_relative_to(root)), None)


def _walk(root: Path, parts: Sequence[str]) -> int:
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for number, part in enumerate(parts, 1):
        # Without waiting: a named pipe would keep us until somebody writes to it.
        kind = os.O_NONBLOCK if number == len(parts) else os.O_DIRECTORY
        try:
            there = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | kind, dir_fd=here)
        finally:
            os.close(here)
        here = there
    return here
