"""The bundles that can be promoted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from models.errors import ConflictError, NotFoundError
from models.parts import MANIFEST

SHORT_SHA256 = 12
"""Characters of a digest that are enough to name a bundle by it."""


class _Manifest(msgspec.Struct):
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A bundle as its manifest names it; its files have not been looked at.

    Attributes:
        directory: where it lies. sha256: of its manifest, in hex: what it is known by.
        problem: why it cannot be used; "" where its manifest is in order.
    """

    directory: Path
    name: str = ""
    version: str = ""
    sha256: str = ""
    problem: str = ""

    def is_named(self, wanted: str) -> bool:
        """Whether a text is the version, the name and version with an @, or the digest or its first characters."""
        if wanted in (self.version, f"{self.name}@{self.version}"):
            return True
        return len(wanted) >= SHORT_SHA256 and self.sha256.startswith(wanted)


class Shelf:
    """The bundles in a directory, and others beside it.

    Args:
        directory: every folder in it with a manifest is a bundle; it need not exist.
        others: directories of further bundles, such as the shipped one.
    """

    def __init__(self, directory: Path, others: Sequence[Path]) -> None:
        self._directory, self._others = directory, others

    def candidates(self) -> list[Candidate]:
        """All bundles, one a digest, by name of the directory; those with a damaged manifest carry their problem."""
        found: dict[str, Candidate] = {}
        for place in self._places():
            one = look_at(place)
            found.setdefault(one.sha256 or str(place), one)
        return list(found.values())

    def find(self, wanted: str) -> Candidate:
        """The bundle of a version, digest or name@version.

        Raises:
            NotFoundError: no such bundle. ConflictError: several; the message has their digests.
        """
        sound = [one for one in self.candidates() if not one.problem]
        named = [one for one in sound if one.is_named(wanted)]
        if not named:
            known = ", ".join(sorted({one.version for one in sound})) or "none"
            raise NotFoundError(f"there is no bundle {wanted!r} among those in {self._directory} (versions: {known})")
        if len(named) > 1:
            digests = ", ".join(one.sha256[:SHORT_SHA256] for one in named)
            raise ConflictError(f"{len(named)} bundles are called {wanted!r}: name one by its sha256, of {digests}")
        return named[0]

    def with_digest(self, sha256: str) -> Candidate | None:
        """The bundle with this digest, or None."""
        return next((one for one in self.candidates() if one.sha256 == sha256), None)

    def _places(self) -> Iterator[Path]:
        yield from self._others
        if self._directory.is_dir():
            # A name with a dot in front is a bundle that is being written.
            yield from sorted(p for p in self._directory.iterdir() if p.name[0] != "." and (p / MANIFEST).is_file())


def look_at(directory: Path) -> Candidate:
    """A bundle by its manifest; its problem where that cannot be read."""
    try:
        raw = (directory / MANIFEST).read_bytes()
        manifest = msgspec.json.decode(raw, type=_Manifest)
    except OSError as error:
        return Candidate(directory, problem=f"{MANIFEST} cannot be read: {error.strerror}")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Candidate(directory, problem=f"{MANIFEST} is damaged: {error}")
    return Candidate(directory, manifest.name, manifest.version, hashlib.sha256(raw).hexdigest())
