"""Promotion and rollback: one at a time, and only of bundles that were tried out.

    releases = releases_of(settings)
    releases.promote("2026.2", "alice", prepare)    # prepare loads and warms; what it returns comes back

A bundle is known by the sha256 of its manifest, which has the digests of its other files: versions
are for people. What is promoted is served by every process that looks at the same directory.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from models.bundle import SHIPPED
from models.errors import BundleError, ConflictError, StoreError
from service.releases.ledger import Action, Ledger, Named, Release, Stamp
from service.releases.shelf import Candidate, Shelf, look_at
from service.settings import Settings

T = TypeVar("T")

_LOCK = ".turn"


class Releases:
    """What is live, what was, and what could be; safe to use from several threads and processes.

    Args:
        directory: of bundles, pointer and history; made by the first promotion.
        base: directory of the bundle that is live until something is promoted.
    """

    def __init__(self, directory: Path, base: Path = SHIPPED) -> None:
        self.directory = directory
        self._base = base
        self._shelf = Shelf(directory, list(dict.fromkeys((base, SHIPPED))))
        self._ledger = Ledger(directory)

    def candidates(self) -> list[Candidate]:
        """Every bundle that is known, with those that cannot be used and why; raises nothing."""
        return self._shelf.candidates()

    def stamp(self) -> Stamp | None:
        """Something cheap to read that changes with every release."""
        return self._ledger.stamp()

    def live(self) -> Candidate:
        """The bundle that is to be served.

        Raises:
            BundleError: it is not there, or the pointer is damaged. StoreError: the pointer cannot be read.
        """
        release = self._ledger.live()
        if release is None:
            return _usable(look_at(self._base))
        return self._with_digest(release.named)

    def history(self) -> list[Release]:
        """Every release, oldest first; raises as `Ledger.releases` does."""
        return self._ledger.releases()

    def live_at(self, moment: datetime) -> Named | None:
        """What was live at a moment (aware); None where nobody knows; raises as `history` does."""
        told = self.history()
        before = [release for release in told if release.time <= moment]
        if before:
            return before[-1].named
        if told:
            return told[0].previous
        base = look_at(self._base)
        return None if base.problem else Named(base.name, base.version, base.sha256)

    def promote(self, wanted: str, who: str, prepare: Callable[[Candidate], T]) -> T | None:
        """What `prepare` makes of the bundle that is live from now on; None where it was live already.

        Args:
            wanted: version, name@version, or sha256 of a bundle.
            who: for the history.
            prepare: loads and tries the bundle; when it raises, nothing has changed.

        Raises:
            NotFoundError: no such bundle.
            ConflictError: several have that version, or another promotion is under way.
            StoreError: the directory cannot be read or written.
        """
        with self._turn():
            return self._make_live("promote", self._shelf.find(wanted), who, prepare)

    def rollback(self, wanted: str, who: str, prepare: Callable[[Candidate], T]) -> T | None:
        """As `promote`, of what was live before the bundle that is live now, and which the caller names.

        Several in a row go back step by step.

        Raises:
            ConflictError: the bundle named is not the live one, or there was none before it.
            BundleError: the one before is no longer there.
        """
        with self._turn():
            live = self.live()
            if not live.is_named(wanted):
                raise ConflictError(f"{wanted!r} is not live, but {live.version!r} is: name the one to take back")
            return self._make_live("rollback", self._before(live), who, prepare)

    def _make_live(self, action: Action, candidate: Candidate, who: str, prepare: Callable[[Candidate], T]) -> T | None:
        previous = self._previous()
        if previous is not None and previous.sha256 == candidate.sha256:
            return None
        prepared = prepare(candidate)
        now = max([datetime.now(UTC), *(release.time for release in self._told()[-1:])])  # clocks are set back at times
        self._ledger.add(Release(now, action, candidate.name, candidate.version, candidate.sha256, who, previous))
        return prepared

    def _told(self) -> list[Release]:
        try:
            return self.history()
        except BundleError:  # a damaged pointer, which this release replaces
            return []

    def _previous(self) -> Named | None:
        try:
            live = self.live()
        except BundleError:
            told = self._told()
            return told[-1].named if told else None
        return Named(live.name, live.version, live.sha256)

    def _before(self, live: Candidate) -> Candidate:
        steps: list[Release] = []
        for release in self.history():
            if release.action == "promote":
                steps.append(release)
            elif steps:
                steps.pop()
        if not steps or steps[-1].previous is None:
            raise ConflictError(f"nothing was live before {live.version!r}: promote the bundle you want")
        return self._with_digest(steps[-1].previous)

    def _with_digest(self, named: Named) -> Candidate:
        found = self._shelf.with_digest(named.sha256)
        if found is None:
            raise BundleError(
                f"bundle {named.name}@{named.version} (sha256 {named.sha256[:12]}) is not in {self.directory}: "
                "put it back there, or promote another with `paperwire bundle promote`"
            )
        return found

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Nobody else promotes meanwhile, in no process; a killed process lets go by itself."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            stream = (self.directory / _LOCK).open("wb")
        except OSError as error:
            raise StoreError(
                f"cannot write {self.directory}: {error.strerror}; the setting `models` names another directory"
            ) from None
        with stream:
            try:
                fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConflictError("another promotion is under way: try again when it is done") from None
            yield


def releases_of(settings: Settings) -> Releases | None:
    """The releases that these settings speak of; None where they name one bundle and no directory of many."""
    if settings.models is None and settings.bundle is not None:
        return None
    return Releases(settings.models_place, settings.bundle or SHIPPED)


def bundle_in_use(settings: Settings) -> Path:
    """Directory of the bundle that a server with these settings begins with.

    Raises:
        BundleError: what is live is not there. StoreError: the pointer cannot be read.
    """
    releases = releases_of(settings)
    if releases is None or releases.stamp() is None:
        return settings.bundle or SHIPPED
    return releases.live().directory


def _usable(candidate: Candidate) -> Candidate:
    if candidate.problem:
        raise BundleError(f"no bundle at {candidate.directory}: {candidate.problem}")
    return candidate
