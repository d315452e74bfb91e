"""Every error Paperwire raises on purpose, and nothing else.

    PaperwireError                  base: catch this at the edge
    |- InputError                   the caller's data is wrong (exit code 3, HTTP 400/422)
    |  |- FeedError                 bytes that are not the feed format they claim to be
    |  |- LabelError                labelled data that cannot be trained on
    |  `- ThemeError                a theme id or taxonomy that does not fit
    |- BundleError                  a trained bundle is missing, damaged or too new (exit 4, HTTP 503)
    |- SettingsError                configuration that cannot be used (exit 2)
    |- FetchError                   the network said no, or was refused by our own guards (exit 3, HTTP 502)
    |- StoreError                   the paper store cannot be opened, or refuses the write (exit 4, HTTP 503)
    |- NotFoundError                the thing named does not exist (exit 3, HTTP 404)
    |- ConflictError                the thing named is in another state than asked for (exit 3, HTTP 409)
    `- UnavailableError             overloaded, draining or missing an optional part (exit 4, HTTP 503)

Messages name the thing, the value and the remedy; `details` carries one entry a problem where
several were found at once.
"""

from __future__ import annotations

from collections.abc import Sequence


class PaperwireError(Exception):
    """Base of all deliberate errors; `str(error)` is one line a user can act on.

    Attributes:
        details: every single problem, one line each; empty when the message says it all.
    """

    def __init__(self, message: str, *, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.details = tuple(details)


class InputError(PaperwireError):
    """The caller's data is wrong."""


class FeedError(InputError):
    """Bytes that cannot be read as the feed format they claim to be."""


class LabelError(InputError):
    """Labelled data that cannot be trained on or evaluated with."""


class ThemeError(InputError):
    """A theme id or a taxonomy that does not fit."""


class BundleError(PaperwireError):
    """A trained bundle that is missing, damaged or of an unknown format."""


class SettingsError(PaperwireError):
    """Configuration that cannot be used."""


class FetchError(PaperwireError):
    """A fetch that the network or our own guards refused."""


class StoreError(PaperwireError):
    """The paper store cannot be opened or refuses a write."""


class NotFoundError(PaperwireError):
    """The thing named does not exist."""


class ConflictError(PaperwireError):
    """The thing named is in another state than the request needs."""


class UnavailableError(PaperwireError):
    """Overloaded, draining, or an optional part is not installed."""
