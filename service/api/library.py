"""The paper store of a server: opened when it is first asked for, so that tagging needs none."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from models.errors import UnavailableError
from service.settings import Settings
from service.store import Store


class Library:
    """The way to the store that the settings name; safe to use from several threads.

    A place that the settings name is made where there is nothing; the default place is only used
    once a store was made there, by another command or for the first job.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._store: Store | None = None

    def open(self) -> Store:
        """The open store.

        Raises:
            UnavailableError: there is none. StoreError: it cannot be opened; the next call tries again.
        """
        with self._lock:
            if self._store is None:
                self._store = Store.open(self._place())
            return self._store

    def find(self) -> Store | None:
        """The open store, or None where there is none; raises `StoreError` as `open` does."""
        if self._store is None and not self._settings.store and not Path(self._settings.store_place).is_file():
            return None
        return self.open()

    def make(self) -> Store:
        """The open store, which is made where there is none, at the default place too.

        Raises:
            StoreError: it cannot be opened or made.
        """
        with self._lock:
            if self._store is None:
                self._store = Store.open(self._settings.store_place)
            return self._store

    def close(self) -> None:
        """Let go of the store, if it was opened."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _place(self) -> str:
        place = self._settings.store_place
        if not self._settings.store and not Path(place).is_file():
            raise UnavailableError(
                "this server has no paper store: set `store` (PAPERWIRE_STORE) to a file or a postgresql:// URL, or "
                "fill the default one with `paperwire ingest` or `paperwire sync`"
            )
        return place
