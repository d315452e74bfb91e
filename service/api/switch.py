"""Changes the live model of a running server: on request, and when another process has changed it.

The new bundle is loaded, checked and run beside the old one, in a thread; then the engine swaps.
Requests that were admitted before are answered by the bundle they were admitted with.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from models.bundle import ModelBundle
from models.errors import BundleError, ConflictError, PaperwireError
from models.tagging import ModelName
from service.api.errors import RefusalError
from service.engine import Engine
from service.releases import Candidate, Releases, try_out
from service.releases.ledger import Stamp
from service.ruled import under_rules

T = TypeVar("T")

log = logging.getLogger("paperwire")

_POLL_S = 1.0
_RETRY_S = 30.0
"""Pause after a release that another process made and that could not be followed."""


class Switch:
    """The way from one live model to the next; its methods belong to the event loop.

    Args:
        engine: whose bundle changes.
        releases: what is live and what could be; None where one bundle is served for good.
        threads: cores of the encoder, 0 for all.
        rules: file of rules that every model answers under, None for none.
    """

    def __init__(
        self, engine: Engine, releases: Releases | None, *, threads: int = 0, rules: Path | None = None
    ) -> None:
        self._engine, self._releases, self._threads, self._rules = engine, releases, threads, rules
        self._lock = asyncio.Lock()
        self._changing = False
        self._seen: Stamp | None = None
        self._retry_at = 0.0
        self._loader = ThreadPoolExecutor(1, "paperwire-loader")

    @property
    def releases(self) -> Releases | None:
        """What is live and what could be, or None."""
        return self._releases

    async def promote(self, wanted: str, who: str) -> ModelName:
        """What answered before; from now on, the bundle named does.

        Raises:
            NotFoundError: there is none of that name.
            ConflictError: there are several, another promotion is under way, or this server has one model for good.
            RefusalError: 422, the bundle cannot be used; the old one goes on answering.
            StoreError: the release cannot be written down.
        """
        return await self._change(self._of_many().promote, wanted, who)

    async def rollback(self, wanted: str, who: str) -> ModelName:
        """As `promote`, of what was live before the live bundle, which the caller names."""
        return await self._change(self._of_many().rollback, wanted, who)

    async def watch(self) -> None:
        """Follow what other processes make live; runs until it is cancelled."""
        while self._releases is not None:
            await asyncio.sleep(_POLL_S)
            try:
                async with self._lock:
                    await self._follow()
            except PaperwireError as error:
                self._seen, self._retry_at = None, time.monotonic() + _RETRY_S
                log.error("the live model cannot be followed", extra={"reason": str(error), "retry_s": _RETRY_S})

    def close(self) -> None:
        """Let the loading thread end."""
        self._loader.shutdown(wait=False, cancel_futures=True)

    def _of_many(self) -> Releases:
        if self._releases is None:
            raise ConflictError(
                "this server was started with one bundle: let the setting `models` name a directory of bundles, or "
                "leave `bundle` out"
            )
        return self._releases

    async def _change(self, step: Callable[..., ModelBundle | None], wanted: str, who: str) -> ModelName:
        if self._changing:
            raise ConflictError("another promotion is under way: try again when it is done")
        self._changing = True
        try:
            async with self._lock:
                before = self._engine.bundle.name
                bundle = await self._load(step, wanted, who, self._prepare)
                if bundle is None:  # live already, but perhaps not in this process
                    await self._follow()
                else:
                    self._swap(bundle, who)
                return before
        except BundleError as error:
            raise RefusalError(422, "bundle-unusable", f"{error}; the live model is as it was") from None
        finally:
            self._changing = False

    async def _follow(self) -> None:
        stamp = await self._load(self._of_many().stamp)
        if stamp is None or stamp == self._seen or time.monotonic() < self._retry_at:
            return
        bundle = await self._load(self._other_bundle)
        if bundle is not None:
            self._swap(bundle, "another process")
        self._seen = stamp

    def _other_bundle(self) -> ModelBundle | None:
        candidate = self._of_many().live()
        return None if candidate.sha256 == self._engine.bundle.name.sha256 else self._prepare(candidate)

    def _prepare(self, candidate: Candidate) -> ModelBundle:
        return under_rules(try_out(candidate, threads=self._threads), self._rules)

    def _swap(self, bundle: ModelBundle, who: str) -> None:
        before = self._engine.swap(bundle).name
        name = bundle.name
        log.info(
            "model changed",
            extra={"model": name.name, "version": name.version, "sha256": name.sha256, "was": before.sha256, "by": who},
        )

    async def _load(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._loader, function, *arguments)
