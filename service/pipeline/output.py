"""Where answers go: standard output, or a file that a later run can go on with."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from models.errors import InputError, SettingsError
from service.pipeline.record import RunRecord, load_record, record_path

CHECKPOINT_S = 0.25
"""Seconds between two records of a run: the most work that a kill or a power cut costs."""


class Output(Protocol):
    """What a run writes its answers to."""

    @property
    def start(self) -> RunRecord:
        """What is there already."""

    def write(self, chunk: bytes, papers: int, digest: str) -> None:
        """Add the answers of some papers; `digest` is that of all papers from the first on."""

    def close(self, *, complete: bool) -> None:
        """End: all that was written is whole and stays."""


class StreamOutput:
    """Answers to a stream, such as standard output; nothing can be resumed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.start = RunRecord({})

    def write(self, chunk: bytes, papers: int, digest: str) -> None:  # noqa: ARG002 (as the protocol has it)
        """Write at once, so that the next program in a pipe can begin."""
        self._stream.write(chunk)
        self._stream.flush()

    def close(self, *, complete: bool) -> None:
        """Nothing: the stream belongs to the caller."""


class FileOutput:
    """Answers to a file, with the record of the run beside it.

    Args:
        path: the file; what is not a regular file, such as a named pipe, is written without a record.
        settings: all that decides what is written for a paper.
        resume: go on after what is there, if it was made under the same settings.
        clock: monotonic seconds.

    Attributes:
        start: what is there already: papers and bytes are 0 for a new file.

    Raises:
        InputError: the file cannot be written, or is shorter than its record says.
        SettingsError: it was made under other settings, is being written by another run, holds an
            unfinished run that is not to be resumed, or has no record and is.
    """

    def __init__(
        self, path: Path, settings: Mapping[str, Any], *, resume: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path, self._clock = path, clock
        self._stream = _opened(path)
        self._recorded = path.is_file()
        try:
            self.start = self._found(settings, resume=resume) if self._recorded else RunRecord(settings)
            self._now = self.start
            self._cut()
            self._checkpoint()
        except BaseException:
            self._stream.close()
            raise

    def write(self, chunk: bytes, papers: int, digest: str) -> None:
        """Write, and record how far that is four times a second."""
        try:
            _write(self._stream, chunk)
        except OSError as error:
            error.filename = str(self._path)  # a full disk does not say which file it was
            raise
        papers, size = self._now.papers + papers, self._now.bytes + len(chunk)
        self._now = replace(self._now, papers=papers, bytes=size, digest=digest, complete=False)
        if self._clock() >= self._due:
            self._checkpoint()

    def close(self, *, complete: bool) -> None:
        """Record where the run ended and close the file."""
        self._now = replace(self._now, complete=complete or self._now.complete)
        self._cut()
        self._checkpoint()
        self._stream.close()

    def _found(self, settings: Mapping[str, Any], *, resume: bool) -> RunRecord:
        size = self._path.stat().st_size
        if not resume:
            _refuse_to_lose(self._path, size)
        if not resume or not size:
            return RunRecord(settings)
        record = load_record(record_path(self._path))
        if record is None:
            raise SettingsError(
                f"cannot resume {self._path}: there is no {record_path(self._path).name} beside it that says how it "
                "was made; start over without --resume"
            )
        record.check_settings(settings, self._path)
        if size < record.bytes:
            raise InputError(f"cannot resume {self._path}: it was cut short since; remove it and start over")
        return record

    def _cut(self) -> None:
        """Drop what lies beyond the whole answers: of an earlier run, or half written."""
        if not self._recorded:
            return
        if not self._now.bytes:
            self._checkpoint()  # before anything is lost: a record never speaks of what is gone
        self._stream.truncate(self._now.bytes)
        self._stream.seek(self._now.bytes)

    def _checkpoint(self) -> None:
        if self._recorded:
            os.fsync(self._stream.fileno())
            self._now.save(record_path(self._path))
        self._due = self._clock() + CHECKPOINT_S


def _refuse_to_lose(path: Path, size: int) -> None:
    record = None
    with suppress(InputError):  # a damaged record protects nothing
        record = load_record(record_path(path))
    if record and record.papers and not record.complete and size >= record.bytes:
        raise SettingsError(
            f"{path} holds {record.papers:,} answers of a run that is not finished: go on with --resume, or remove "
            "the file to start over"
        )


def _write(stream: FileIO, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[stream.write(left) :]


def _opened(path: Path) -> FileIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not "w": an unfinished run's output must not be lost before its record has been looked at. Not
        # buffered: a buffer that cannot be written to a full disk could not be dropped either.
        stream = path.open("r+b" if path.is_file() else "wb", buffering=0)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None
    if path.is_file():
        _lock(stream, path)
    return stream


def _lock(stream: FileIO, path: Path) -> None:
    try:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        stream.close()
        raise SettingsError(f"another run is writing {path}: wait for it, or name another --out") from None
