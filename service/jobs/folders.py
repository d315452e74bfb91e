"""The files of jobs: a folder for each, named by its id, in the directory that the settings name.

<id>/input                    the upload, or what was fetched; gone once the job is done
<id>/result.jsonl             the answers (or result.csv), with the pipeline's record beside them
<id>/skipped.jsonl            entries that could not be read
<id>/.turn                    locked by the process that writes there
.slot-<n>                     locked by a server for each job that it runs
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from models.errors import StoreError
from service.jobs.order import Form
from service.pipeline import record_path

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class JobFolder:
    """The files of one job."""

    path: Path

    @property
    def input(self) -> Path:
        """What came in."""
        return self.path / "input"

    @property
    def skipped(self) -> Path:
        """What was left out."""
        return self.path / "skipped.jsonl"

    @property
    def turn(self) -> Path:
        """The lock of whoever writes."""
        return self.path / ".turn"

    def result(self, form: Form) -> Path:
        """What goes out."""
        return self.path / f"result.{form}"

    def clear(self, form: Form, *, keep_result: bool) -> None:
        """Remove what an ended job needs no more, such as an input that arrived in part."""
        result = self.result(form)
        kept = {self.skipped, self.turn, *((result, record_path(result)) if keep_result else ())}
        for path in (one for one in _files_in(self.path) if one not in kept):
            path.unlink(missing_ok=True)

    def make(self) -> None:
        """Make the folder, for nobody but us.

        Raises:
            StoreError: it cannot be made.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot write {self.path.parent}: {error.strerror}; the setting `jobs_folder` names another directory"
            ) from None


def used_bytes(place: Path) -> int:
    """Bytes of all files of all jobs."""
    return sum(map(_size, _files(place)))


def remove_job(place: Path, job_id: str) -> None:
    """Remove the files of a job, if there are any."""
    shutil.rmtree(place / job_id, ignore_errors=True)


def old_folders(place: Path, before: float) -> list[str]:
    """Ids of jobs, or of what is left of them, to whose folders nothing was added since a moment (epoch seconds)."""
    found: list[str] = []
    with suppress(OSError), os.scandir(place) as entries:
        found += [entry.name for entry in entries if _ID.fullmatch(entry.name) and _is_old(entry, before)]
    return found


def take_turn(path: Path) -> BinaryIO | None:
    """The open lock of a file, or None where another process has it; a killed process lets go by itself.

    Raises:
        OSError: the file cannot be made.
    """
    stream = path.open("wb")
    try:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        return None
    except OSError:
        stream.close()
        raise
    return stream


def take_slot(place: Path, count: int) -> BinaryIO | None:
    """The lock of one of `count` places to work at, shared by all servers with these files; None where all are taken.

    Raises:
        OSError: the directory cannot be written.
    """
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return next(filter(None, (take_turn(place / f".slot-{number}") for number in range(count))), None)


def _files(place: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if _ID.fullmatch(entry.name):
                yield from _files_in(Path(entry.path))


def _files_in(folder: Path) -> list[Path]:
    """Files there now; none of a folder that is removed meanwhile."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _is_old(entry: os.DirEntry[str], before: float) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime < before
    except OSError:
        return False
