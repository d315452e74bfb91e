"""The process that tags one dump: `python -m service.jobs.process`, its order on standard input.

It tells how far it is on standard output, four times a second, and ends when its standard input does,
which is when the server that started it has ended, however that came.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

from models.bundle import ModelBundle
from models.errors import BundleError, InputError, PaperwireError, SettingsError, UnavailableError
from service.jobs.allowed import sources_allowed
from service.jobs.folders import JobFolder, take_turn
from service.jobs.order import BUSY, DONE, FAILED, INTERRUPTED, Order, Told
from service.jobs.pace import Pace
from service.jobs.skipped import SkippedLines
from service.pipeline import (
    BATCH,
    FileOutput,
    Interrupts,
    PaperStream,
    Progress,
    Renderer,
    Source,
    Work,
    answering,
    answering_in,
    record_path,
    settings_of_run,
    tag_all,
)
from service.pipeline.run import Answer
from service.render import Csv, JsonLines
from service.ruled import under_rules

_NICE = 10
"""Requests are answered first where both want a core."""
_TURN_S = 20.0
_LAST_S = 15.0
_TIMEOUT_S = 3600.0
_TOO_LARGE = "compress the dump, split it, or have `jobs_input_bytes` raised by whoever runs this server"


def main() -> int:
    """The exit code of a process that has read its order."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no report
    threading.Thread(target=_end_with_server, daemon=True).start()
    _yield_to_requests()
    with Interrupts() as interrupts:
        try:
            return _Execution(order, _speaker(out), interrupts).run()
        except KeyboardInterrupt:
            return INTERRUPTED


def _speaker(out: BinaryIO) -> Callable[[Told], None]:
    def tell(told: Told) -> None:
        with suppress(OSError):  # the server is gone, and this process about to end
            out.write(msgspec.json.encode(told) + b"\n")
            out.flush()

    return tell


def _yield_to_requests() -> None:
    os.nice(_NICE)
    with suppress(OSError):  # only Linux has it: where memory runs out, this process goes before the server
        Path("/proc/self/oom_score_adj").write_text("500")


def _end_with_server() -> None:
    while os.read(0, 4096):  # not through `sys.stdin`, whose lock would be held when the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_LAST_S)
    os._exit(INTERRUPTED)


@dataclass(slots=True)
class _Execution:
    """One order carried out."""

    order: Order
    tell: Callable[[Told], None]
    interrupts: Interrupts
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.tell)

    def run(self) -> int:
        """The exit code."""
        turn = self._turn()
        if turn is None:
            return BUSY
        with turn:
            try:
                return self._end("done", "") if self._carried_out() else FAILED
            except (BundleError, UnavailableError) as error:
                return self._end("trouble", str(error))
            except PaperwireError as error:
                return self._end("failed", str(error))
            except OSError as error:
                name = Path(str(error.filename or "")).name
                return self._end("failed", f"{name or 'a file'}: {error.strerror or error}")
            except Exception:  # noqa: BLE001 - outermost loop: the server's log gets the trace
                return self._end("trouble", traceback.format_exc())

    def _end(self, how: str, error: str) -> int:
        self.pace.end(how, error)
        return DONE if how == "done" else FAILED

    def _turn(self) -> BinaryIO | None:
        """The lock of the job's folder; the process of a server that was killed may still be ending."""
        deadline = time.monotonic() + _TURN_S
        while (turn := take_turn(self._folder.turn)) is None and time.monotonic() < deadline:
            time.sleep(0.1)
        return turn

    def _carried_out(self) -> bool:
        sources = self._sources()
        bundle = self._bundle()
        self.pace.begin(sources, bundle.name.to_json())
        try:
            return self._tagged(sources, bundle)
        except (InputError, SettingsError):
            # Of what is there nothing can be kept: other rules, another model, or an input that has changed.
            if not self._begin_again():
                raise
            self.pace.again()
        return self._tagged(sources, bundle)

    def _begin_again(self) -> bool:
        result = self._folder.result(self.order.options.output)
        there = result.exists()
        result.unlink(missing_ok=True)
        record_path(result).unlink(missing_ok=True)
        return there

    def _tagged(self, sources: list[Source], bundle: ModelBundle) -> bool:
        options = self.order.options
        renderer: Renderer = Csv(options.tag.detail) if options.output == "csv" else JsonLines(options.tag.detail)
        with SkippedLines(self._folder.skipped) as skipped:
            papers = PaperStream(sources, options.format, report=skipped.report)
            tag_all(
                papers,
                self._answer(bundle, renderer),
                renderer.header,
                self._output(bundle),
                batch_size=BATCH[options.tag.profile],
                held=self.interrupts.held,
                progress=Progress(),
                report=lambda now: self.pace.show(now, papers.counts),
            )
        counts = papers.counts
        self.pace.finish(counts)
        if counts.unreadable_named or counts.unreadable == len(sources):
            self._end("failed", f"the input cannot be read: {skipped.unreadable.removeprefix('cannot be read: ')}")
            return False
        return True

    def _output(self, bundle: ModelBundle) -> FileOutput:
        options = self.order.options
        settings = settings_of_run(bundle.name, options.tag, options.output, options.format, self._rules)
        return FileOutput(self._folder.result(options.output), settings, resume=True)

    def _answer(self, bundle: ModelBundle, renderer: Renderer) -> Answer:
        options, count = self.order.options.tag, self.order.threads
        if options.profile == "fast" and count > 1 and self._rules is None:
            return answering_in(count, Work(bundle.directory, bundle.name.sha256, options, renderer), bundle)
        return answering(lambda batch: bundle.tag(batch, options), renderer)

    def _bundle(self) -> ModelBundle:
        bundle = ModelBundle.load(Path(self.order.bundle), threads=self.order.threads)
        if bundle.name.sha256 != self.order.sha256:
            raise BundleError(f"the bundle {self.order.bundle} was replaced while the job was being started")
        return under_rules(bundle, self._rules)

    def _sources(self) -> list[Source]:
        origin = self.order.options.origin
        if origin == "path":
            return sources_allowed(Path(self.order.place), self.order.roots)
        path = self._folder.input
        if origin == "url" and not path.exists():
            self.tell(Told(phase="fetching"))
            self._fetch(path)
        if not path.is_file():
            raise InputError(
                "the upload is not here: servers that share a store must share `jobs_folder` too; send it again"
            )
        name = "upload" if origin == "upload" else self.order.place
        return [Source(name, lambda: path.open("rb"), path.stat().st_size)]

    def _fetch(self, path: Path) -> None:
        from service.fetch import Fetcher, FetchPolicy
        from service.fetch.policy import default_user_agent

        part = path.with_name(f"{path.name}.part")
        policy = FetchPolicy(
            allow_networks=self.order.networks,
            user_agent=self.order.agent or default_user_agent(),
            max_bytes=self.order.input_bytes,
            remedy=_TOO_LARGE,
            total_timeout_s=_TIMEOUT_S,
        )
        Fetcher(policy).fetch(self.order.place, collect=lambda pieces: _written(part, pieces))
        part.replace(path)

    @property
    def _folder(self) -> JobFolder:
        return JobFolder(Path(self.order.folder))

    @property
    def _rules(self) -> Path | None:
        return Path(self.order.rules) if self.order.rules else None


def _written(path: Path, pieces: Iterable[bytes]) -> bytes:
    with path.open("wb") as stream:
        stream.writelines(pieces)
        stream.flush()
        os.fsync(stream.fileno())
    return b""


if __name__ == "__main__":
    sys.exit(main())
