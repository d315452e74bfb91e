"""Calls cut into pieces and texts, computed in batches, and put together again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from models.bundle import ModelBundle
from models.errors import PaperwireError
from models.paper import Paper
from service.work import Work

log = logging.getLogger(__name__)


class Piece:
    """Some texts of one call: a future, and a place for every result."""

    __slots__ = ("bundle", "future", "left", "loop", "results", "work")

    def __init__(self, bundle: ModelBundle, work: Work[Any], count: int) -> None:
        self.bundle, self.work = bundle, work
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[list[Any]] = self.loop.create_future()
        self.results: list[Any] = [None] * count
        self.left = count

    def settle(self, error: BaseException | None) -> None:
        """Hand out the results once all are there, or the error at once."""
        if self.future.done():
            return
        if error is not None:
            self.future.set_exception(error)
        elif self.left == 0:
            self.future.set_result(self.results)


class Item:
    """One text of a piece."""

    __slots__ = ("paper", "piece", "position")

    def __init__(self, piece: Piece, position: int, paper: Paper) -> None:
        self.piece, self.position, self.paper = piece, position, paper

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the piece any more."""
        return self.piece.future.done()


Outcome = tuple[Item, Any, BaseException | None]


def compute(items: Sequence[Item]) -> list[Outcome]:
    """One outcome an item; where a batch fails, its items are tried alone, so one costs no other."""
    piece = items[0].piece
    try:
        results = piece.work.run(piece.bundle, [item.paper for item in items])
        return [(item, result, None) for item, result in zip(items, results, strict=True)]
    except PaperwireError as error:
        return [(item, None, error) for item in items]
    except Exception as error:  # all calls share the engine's threads: a fault ends as its caller's 500, not the thread
        if len(items) > 1:
            return [outcome for item in items for outcome in compute([item])]
        log.exception("a text could not be computed", exc_info=error)
        return [(items[0], None, error)]


def deliver(outcomes: Sequence[Outcome]) -> None:
    """Hand outcomes to the event loop of their calls; safe to call from any thread."""
    loop = outcomes[0][0].piece.loop
    if not loop.is_closed():
        loop.call_soon_threadsafe(_settle, outcomes)


def _settle(outcomes: Sequence[Outcome]) -> None:
    errors: dict[Piece, BaseException | None] = {}
    for item, result, error in outcomes:
        item.piece.results[item.position] = result
        item.piece.left -= 1
        errors[item.piece] = errors.get(item.piece) or error
    for piece, error in errors.items():
        piece.settle(error)
