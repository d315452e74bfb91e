"""Dumps that arrive in the body of POST /v1/jobs: streamed to disk, looked at, and queued."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from models.errors import ConflictError, FeedError, NotFoundError, PaperwireError, StoreError
from service.api.body import chunks, invalid
from service.api.errors import Fault, RefusalError
from service.api.idempotency import reused, under_way
from service.api.operation import Call
from service.feeds import recognised
from service.jobs.folders import JobFolder, remove_job, used_bytes
from service.jobs.order import KIND, JobOptions
from service.store import Job, JobState, Store

log = logging.getLogger("paperwire.jobs")

_PIECE = 1 << 20
_LOOK = 1 << 26
_REMOVED = "the job was removed while its upload arrived: send it again"
_CODINGS = ("", "identity", "gzip", "x-gzip", "zstd")


class Upload:
    """One dump on its way in.

    Args:
        call: whose body it is. store: takes the job. options: of the job. key: of idempotency, "" for none.
    """

    def __init__(self, call: Call, store: Store, options: JobOptions, key: str) -> None:
        self._call, self._store, self._options, self._key = call, store, options, key
        self._worker = secrets.token_hex(8)
        self._digest = hashlib.sha256()
        self._size, self._look_at = 0, _LOOK
        self._most = self._room = call.settings.jobs_input_bytes

    async def job(self) -> Job:
        """The queued job; the one that the key stands for, where it does.

        Raises:
            RefusalError: 408, 413, 415, 422, 507: it is late, long, encoded, no feed, or there is no room.
                409, 422: the key is in use, or stands for another upload.
            GoneError: the client went away. ConflictError: the job was cancelled or removed meanwhile.
        """
        self._check_head()
        job = await asyncio.to_thread(self._begin)
        if job.state is JobState.RECEIVING and job.worker == self._worker:
            return await self._taken_in(job)
        if job.state is JobState.RECEIVING:
            raise under_way()
        async for piece in self._pieces():
            await asyncio.to_thread(self._count, piece)
        if self._digest.hexdigest() != job.input:
            raise reused(ConflictError(f"idempotency key {self._key!r} was used for another upload: use a new key"))
        return job

    def _check_head(self) -> None:
        headers = self._call.request.headers
        coding = headers.get("content-encoding", "").strip().lower()
        if coding not in _CODINGS:
            message = f"the body is {coding[:40]} encoded: send it as it is, or as gzip or zstd"
            raise RefusalError(415, "unsupported-media-type", message)
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared[:20]) > self._most:
            raise self._too_long()

    def _begin(self) -> Job:
        options, settings = self._options.as_json(), self._call.settings
        try:
            return self._store.jobs.begin(
                KIND,
                "",
                options,
                self._worker,
                JobState.RECEIVING,
                owner=self._call.caller.id,
                idempotency_key=self._key,
                lease_s=settings.jobs_lease_s,
            )
        except ConflictError as error:
            raise reused(error) from None

    async def _taken_in(self, job: Job) -> Job:
        holding = asyncio.create_task(self._hold(job))
        try:
            path = await self._written(job)
            return await asyncio.to_thread(self._queued, job, path)
        except BaseException:
            await asyncio.to_thread(self._forget, job)
            raise
        finally:
            holding.cancel()

    async def _hold(self, job: Job) -> None:
        """Keep the job ours while its input arrives, however slowly."""
        lease_s = self._call.settings.jobs_lease_s
        beat = partial(self._store.jobs.beat, done=0, lease_s=lease_s, state=JobState.RECEIVING)
        with suppress(ConflictError, NotFoundError):  # cancelled or removed: `received` will say so
            while True:
                await asyncio.sleep(lease_s / 3)
                with suppress(StoreError):  # the next beat may be in time
                    await asyncio.to_thread(beat, job.id, self._worker)

    async def _written(self, job: Job) -> Path:
        settings = self._call.settings
        folder = JobFolder(settings.jobs_place / job.id)
        part = folder.path / f".{self._worker}.part"
        try:
            self._room = settings.jobs_disk_bytes - await asyncio.to_thread(used_bytes, settings.jobs_place)
            await asyncio.to_thread(folder.make)
            with await asyncio.to_thread(part.open, "wb") as stream:
                async for piece in self._pieces():
                    await asyncio.to_thread(self._put, stream, piece)
                await asyncio.to_thread(_to_disk, stream)
            await asyncio.to_thread(part.replace, folder.input)
        except FileNotFoundError:
            raise ConflictError(_REMOVED) from None
        except OSError as error:
            message = f"the upload cannot be kept: {error.strerror}; free some room, or ask who runs this server"
            raise RefusalError(507, "no-room", message) from None
        return folder.input

    def _queued(self, job: Job, path: Path) -> Job:
        if not self._size:
            raise invalid([Fault("", "the body is empty: send the dump, or JSON with 'path' or 'url'")])
        try:
            with path.open("rb") as stream:
                recognised(stream, self._options.format)
            known = {"bytes_total": self._size}
            return self._store.jobs.received(job.id, self._worker, self._digest.hexdigest(), known)
        except FeedError as error:
            raise invalid([Fault("", str(error))]) from None
        except (FileNotFoundError, NotFoundError):
            raise ConflictError(_REMOVED) from None

    def _forget(self, job: Job) -> None:
        jobs = self._store.jobs
        try:
            if jobs.remove(job.id, worker=self._worker) or not jobs.is_wanted(job.id):
                remove_job(self._call.settings.jobs_place, job.id)
        except PaperwireError as error:  # its lease will run out
            log.warning("an upload was left", extra={"job": job.id, "reason": str(error)})

    async def _pieces(self) -> AsyncIterator[bytes]:
        """The body in pieces of about a megabyte, within limits."""
        held = bytearray()
        async for chunk in self._arriving():
            self._size += len(chunk)
            if self._size > self._most:
                raise self._too_long()
            if self._size > self._room:
                message = "the files of jobs have no more room on this server (`jobs_disk_bytes`): remove jobs of yours"
                raise RefusalError(507, "no-room", message, headers={"Connection": "close"})
            held += chunk
            if len(held) >= _PIECE:
                yield bytes(held)
                held.clear()
        if held:
            yield bytes(held)

    async def _arriving(self) -> AsyncIterator[bytes]:
        source, idle_s = chunks(self._call), self._call.settings.stream_idle_s
        while True:
            try:
                async with asyncio.timeout(idle_s):
                    chunk = await anext(source, b"")
            except TimeoutError:
                message = f"nothing more of the upload came within {idle_s:g} s: send it again"
                raise RefusalError(408, "too-slow", message, headers={"Connection": "close"}) from None
            if not chunk:
                return
            yield chunk

    def _put(self, stream: BinaryIO, piece: bytes) -> None:
        stream.write(piece)
        self._count(piece)
        if self._size >= self._look_at:  # other uploads arrive too
            self._look_at += _LOOK
            settings = self._call.settings
            self._room = settings.jobs_disk_bytes - used_bytes(settings.jobs_place) + stream.tell()

    def _count(self, piece: bytes) -> None:
        self._digest.update(piece)

    def _too_long(self) -> RefusalError:
        message = f"the dump is longer than {self._most} bytes (`jobs_input_bytes`): compress it, or split it"
        return RefusalError(413, "too-long", message, headers={"Connection": "close"})


def _to_disk(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())
