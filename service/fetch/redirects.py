"""The way a fetch has taken, and where a redirect may lead it."""

from __future__ import annotations

from dataclasses import dataclass

from models.errors import FetchError
from service.fetch.addresses import Target, redacted, redirect_target
from service.fetch.exchange import Answer
from service.fetch.policy import FetchPolicy

_PERMANENT = frozenset({301, 308})
REDIRECTS = _PERMANENT | {302, 303, 307}
"""Statuses that lead elsewhere with the same GET: RFC 9110 15.4."""


@dataclass(frozen=True, slots=True)
class Route:
    """Places asked so far, in order, and whether every redirect between them was permanent."""

    places: tuple[Target, ...]
    permanent: bool

    @property
    def here(self) -> Target:
        """The place to ask now."""
        return self.places[-1]

    def onward(self, answer: Answer, policy: FetchPolicy) -> Route:
        """The route with the place that this redirect names added.

        Raises:
            FetchError: no Location, a loop, more than `policy.redirects`, from https to http, or
                an address that `target` refuses.
        """
        location = answer.header("location")
        if not location:
            raise FetchError(f"{redacted(self.here.url)} redirects ({answer.status}) without saying where")
        try:
            there = redirect_target(self.here, location)
        except FetchError as error:
            raise FetchError(f"redirected to {error}") from None
        self._check(there, policy)
        return Route((*self.places, there), self.permanent and answer.status in _PERMANENT)

    def _check(self, there: Target, policy: FetchPolicy) -> None:
        if there in self.places:
            raise FetchError(f"redirect loop: {redacted(there.url)} was asked before")
        if len(self.places) > policy.redirects:
            raise FetchError(f"more than {policy.redirects} redirects, the last to {redacted(there.url)}")
        if self.here.scheme == "https" and there.scheme == "http" and not policy.allow_downgrade:
            raise FetchError(f"redirected from https to {redacted(there.url)}: refused, set allow_downgrade to follow")
