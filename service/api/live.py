"""Where the models of this server lie, for processes that load them for themselves."""

from __future__ import annotations

from models.errors import BundleError
from service.engine import Engine
from service.releases import Candidate, Releases
from service.releases.shelf import look_at


class LiveBundles:
    """The bundle that answers, and those that could.

    Args:
        engine: whose bundle answers. releases: the others, None where there are none.
    """

    def __init__(self, engine: Engine, releases: Releases | None) -> None:
        self._engine, self._releases = engine, releases

    def live(self) -> Candidate:
        """The bundle that answers requests now, as it lies on disk.

        Raises:
            BundleError: it is not there any more.
        """
        found = look_at(self._engine.bundle.directory)
        if found.problem:
            raise BundleError(f"no bundle at {found.directory}: {found.problem}")
        return found

    def with_digest(self, sha256: str) -> Candidate | None:
        """The bundle with this digest, or None where it is not there any more."""
        known = [look_at(self._engine.bundle.directory), *(self._releases.candidates() if self._releases else ())]
        return next((one for one in known if one.sha256 == sha256), None)
