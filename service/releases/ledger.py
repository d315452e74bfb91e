"""The files that say what is live and what was.

The pointer is the truth: it is replaced in one step, and a release counts from that step on. The
history follows it; a process killed between the two leaves a history without its last line, which
the pointer holds too, so that readers see it and the next writer adds it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from models.errors import BundleError, StoreError

POINTER = "live.json"
HISTORY = "history.jsonl"

Action = Literal["promote", "rollback"]
Stamp = tuple[int, int, int]


class Named(msgspec.Struct, frozen=True):
    """A bundle by name, version and sha256 of its manifest."""

    name: str
    version: str
    sha256: str


class Release(msgspec.Struct, frozen=True):
    """One line of the history: from `time` on the bundle was live.

    Attributes:
        time: aware UTC. who: name of a key, of a user, or an address.
        previous: what was live before; None where that was unknown.
    """

    time: datetime
    action: Action
    name: str
    version: str
    sha256: str
    who: str
    previous: Named | None = None

    @property
    def named(self) -> Named:
        """The bundle that went live."""
        return Named(self.name, self.version, self.sha256)


class _Pointer(msgspec.Struct):
    format: Literal[1]
    release: Release


class Ledger:
    """Pointer and history in a directory, which need not exist before the first release."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._pointer, self._history = directory / POINTER, directory / HISTORY

    def stamp(self) -> Stamp | None:
        """Something that changes with the pointer; None where there is none."""
        try:
            state = self._pointer.stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size, state.st_ino

    def live(self) -> Release | None:
        """The release that is live; None where nothing was ever promoted.

        Raises:
            BundleError: the pointer is damaged. StoreError: it cannot be read.
        """
        try:
            return msgspec.json.decode(self._pointer.read_bytes(), type=_Pointer).release
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"cannot read {self._pointer}: {error.strerror}") from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BundleError(
                f"{self._pointer} is damaged: {error}; `paperwire bundle promote` writes it anew"
            ) from None

    def releases(self) -> list[Release]:
        """All releases, oldest first; lines that a kill has torn are left out.

        Raises:
            StoreError: the history cannot be read. BundleError: the pointer is damaged.
        """
        told = list(self._lines())
        live = self.live()
        return told if live is None or live in told[-1:] else [*told, live]

    def add(self, release: Release) -> None:
        """Make a release the live one; the caller holds the turn.

        Raises:
            StoreError: the directory cannot be written.
        """
        with _writing(self.directory):
            self._catch_up()
            self._point_to(release)
            self._append(release)

    def _lines(self) -> Iterator[Release]:
        try:
            raw = self._history.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"cannot read {self._history}: {error.strerror}") from None
        for line in raw.splitlines():
            try:
                yield msgspec.json.decode(line, type=Release)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue

    def _catch_up(self) -> None:
        """Add the line that a killed process had no time for."""
        try:
            live = self.live()
        except BundleError:  # the pointer is about to be written anew
            return
        if live is not None and live not in list(self._lines())[-1:]:
            self._append(live)

    def _point_to(self, release: Release) -> None:
        staging = self.directory / f".{POINTER}.new"
        with staging.open("wb") as stream:
            stream.write(msgspec.json.format(msgspec.json.encode(_Pointer(1, release)), indent=1) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        staging.replace(self._pointer)
        folder = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name is on disk, and not only the file
        finally:
            os.close(folder)

    def _append(self, release: Release) -> None:
        with self._history.open("a+b") as stream:
            stream.write((b"" if self._ends_well() else b"\n") + msgspec.json.encode(release) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())

    def _ends_well(self) -> bool:
        with self._history.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            if not end:
                return True
            stream.seek(end - 1)
            return stream.read(1) == b"\n"


@contextmanager
def _writing(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"cannot write {error.filename or directory}: {error.strerror}; the setting `models` names the directory"
        ) from None
