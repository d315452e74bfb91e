"""POST /v1/tag/stream: JSON Lines in, JSON Lines out, of any length, in little memory.

Answers come as soon as they are made, in order, while lines still arrive. A line that is wrong gets
a line of its own, `{"line": 3, "error": {...}}`, and costs no other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from models.errors import PaperwireError
from models.paper import Paper
from models.tagging import TagOptions
from service.api.body import check_media_type, chunks, read_query
from service.api.errors import Fault, GoneError, RefusalError, problem_body, problem_of
from service.api.examples import LINES
from service.api.lines import Line, LineSplitter
from service.api.operation import REQUEST_ID, Answer, Body, Call, Operation
from service.api.spool import Spool
from service.api.tagging import MODEL_HEADER, answers_of, check_names, one_paper
from service.engine import OverloadedError
from service.schemas import TagQuery, options_of

log = logging.getLogger(__name__)

NDJSON = "application/x-ndjson"
_MEDIA_TYPES = (NDJSON, "application/jsonl", "application/json-lines")
_AHEAD = 2
"""Windows of lines that may be computed before the first of them is answered."""


async def tag_stream(call: Call) -> Response:
    """A response that reads the request while it writes itself."""
    query = read_query(call, TagQuery)
    check_names(query, call)
    options = options_of(query, TagQuery(), call.settings.profile)
    check_media_type(call, *_MEDIA_TYPES)
    return _Stream(call, options)


class _Stream(Response):
    media_type = NDJSON

    def __init__(self, call: Call, options: TagOptions) -> None:
        name = call.engine.bundle.name
        super().__init__(headers={MODEL_HEADER: f"{name.name}@{name.version}"})
        del self.headers["content-length"]
        self._call, self._options = call, options
        self._idle_s = call.settings.stream_idle_s
        self._spool = Spool(call.settings.stream_spool_bytes)
        self._windows: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue(_AHEAD)
        self._input_ended = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(group))
                group.create_task(self._answer())
                group.create_task(self._send(send))
        except* GoneError:
            log.info("a stream's client went away", extra={"request_id": scope[REQUEST_ID]})
        except* TimeoutError:
            # Without its last message the server breaks the connection: an ending that looks complete would be a lie.
            log.info("a stream stood still", extra={"request_id": scope[REQUEST_ID], "seconds": self._idle_s})
        finally:
            self._spool.close()

    async def _read(self, group: asyncio.TaskGroup) -> None:
        async for window in self._lines():
            task = group.create_task(self._tag(window))
            await self._windows.put(task)
        self._input_ended = True
        await self._windows.put(None)

    async def _lines(self) -> AsyncIterator[list[Line]]:
        """Windows of lines: all that have arrived, at most a batch at a time."""
        splitter = LineSplitter(self._call.settings.line_bytes)
        size = self._call.settings.batch_texts
        async for chunk in self._chunks():
            lines = splitter.feed(chunk)
            for start in range(0, len(lines), size):
                yield lines[start : start + size]
        if last := splitter.finish():
            yield last

    async def _chunks(self) -> AsyncIterator[bytes]:
        source = chunks(self._call)
        while True:
            async with asyncio.timeout(self._idle_s):
                chunk = await anext(source, b"")
            if not chunk:
                return
            yield chunk

    async def _tag(self, lines: Sequence[Line]) -> bytes:
        answers: list[dict[str, Any]] = [{} for _ in lines]
        papers: list[tuple[int, Paper]] = []
        hints: dict[int, Sequence[str]] = {}
        for position, line in enumerate(lines):
            try:
                paper, hints[position] = _paper(line, self._call.settings.line_bytes)
                papers.append((position, paper))
            except PaperwireError as error:
                answers[position] = self._fault(line, error)
        if papers:
            for (position, _), answer in zip(papers, await self._tagged(lines, papers), strict=True):
                answers[position] = answer | ({"warnings": hints[position]} if hints[position] else {})
        return b"".join(msgspec.json.encode(answer) + b"\n" for answer in answers)

    async def _tagged(self, lines: Sequence[Line], papers: Sequence[tuple[int, Paper]]) -> list[dict[str, Any]]:
        call, only = self._call, [paper for _, paper in papers]
        await self._turn(len(only))
        try:
            taggings = await call.engine.tag(only, self._options)
        except OverloadedError:  # another caller was faster: take the next turn
            return await self._tagged(lines, papers)
        except PaperwireError as error:
            return [self._fault(lines[position], error) for position, _ in papers]
        call.service.metrics.answered(taggings)
        return answers_of(taggings, self._options.detail)

    async def _turn(self, texts: int) -> None:
        """Wait for the caller's rate and for room in the engine: a stream is slowed down, not refused."""
        call = self._call
        while wait_s := call.service.rates.wait_s(call.caller.id, call.caller.rate_per_s):
            await asyncio.sleep(wait_s)
        call.service.rates.pay(call.caller.id, texts, call.caller.rate_per_s)
        await call.engine.room(texts)

    def _fault(self, line: Line, error: PaperwireError) -> dict[str, Any]:
        return {"line": line.number, "error": problem_body(problem_of(error), self._call.request.scope[REQUEST_ID])}

    async def _answer(self) -> None:
        while task := await self._windows.get():
            data = await task
            async with asyncio.timeout(self._idle_s):
                await self._spool.put(data)
        await self._spool.end()

    async def _send(self, send: Send) -> None:
        while data := await self._spool.get():
            await self._send_one(send, data)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_one(self, send: Send, data: bytes) -> None:
        sending = asyncio.ensure_future(send({"type": "http.response.body", "body": data, "more_body": True}))
        try:
            # While lines arrive the client may have reasons not to read yet; afterwards it has none.
            while not (await asyncio.wait([sending], timeout=self._idle_s))[0]:
                if self._input_ended:
                    raise TimeoutError
        finally:
            sending.cancel()


def _paper(line: Line, most: int) -> tuple[Paper, Sequence[str]]:
    if line.raw is None:
        message = f"the line is longer than {most} bytes"
        raise RefusalError(413, "too-long", message, faults=[Fault("", message)])
    return one_paper(line.raw)


OPERATIONS = (
    Operation(
        "POST",
        "/v1/tag/stream",
        tag_stream,
        "tagStream",
        "Tagging",
        "Tag papers one a line: JSON Lines in, JSON Lines out, of any length",
        (
            Answer(
                Any,
                "One line a line, in order: an answer as of POST /v1/tag, or `{line, error}`. Empty lines are skipped.",
                media_type=NDJSON,
            ),
        ),
        query=TagQuery,
        body=Body(Any, NDJSON, {"lines": LINES}),
        computes=True,
        streams=True,
    ),
)
