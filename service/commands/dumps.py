"""What `paperwire ingest` does once its command line is understood."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from models.errors import FeedError, FetchError
from models.tagging import Profile
from models.words import counted
from service.commands.voice import Voice
from service.commands.workplace import make_fetcher, open_store, open_tagger, settings_of
from service.feeds import Note, Skipped, recognised
from service.ingest import Keep, Tagger, Tally, ingest, tag_pending
from service.pipeline import Counts, Interrupts, Progress, Remark, find_sources
from service.pipeline import Source as Input
from service.store import Store

_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class DumpRequest:
    """What was asked for on the command line.

    Attributes:
        inputs, format: what to read, and how; format None finds out.
        store, bundle, profile, vectors: as the options of these names. quiet: only say what went wrong.
    """

    inputs: tuple[str, ...]
    format: str | None = None
    store: str | None = None
    bundle: Path | None = None
    profile: Profile | None = None
    quiet: bool = False
    vectors: Keep = "spare"


def run_dumps(request: DumpRequest, *, strict: bool) -> int:
    """The exit code: 3 if an input that was named cannot be read, 1 under `strict` if an entry was skipped."""
    settings = settings_of(request.store, request.bundle, request.profile)
    fetcher = make_fetcher(settings)
    inputs = find_sources(request.inputs, lambda url: fetcher.fetch(url).body, sys.stdin.buffer)
    bar = sys.stderr.isatty() and not request.quiet
    with open_store(settings) as store, Interrupts() as interrupts, Voice(inputs, bar=bar) as voice:
        run = _Run(request, store, open_tagger(settings, request.vectors), voice, interrupts)
        try:
            run.all(inputs)
        except KeyboardInterrupt:
            voice.say(f"stopped: {run.total.summary()}; run the same command again to go on")
            return _INTERRUPTED
    return 3 if run.unreadable else int(strict and run.total.skipped > 0)


class _Run:
    def __init__(
        self, request: DumpRequest, store: Store, tagger: Tagger, voice: Voice, interrupts: Interrupts
    ) -> None:
        self._request = request
        self._store, self._tagger = store, tagger
        self._voice, self._held = voice, interrupts.held
        self._begun = time.monotonic()
        self._read = 0
        self.total = Tally()
        self.unreadable = 0

    def all(self, inputs: list[Input]) -> None:
        """Every input in order; one that cannot be read costs no other."""
        tag_pending(self._store, self._tagger, held=self._held)
        for one in inputs:
            try:
                with one.open() as stream:
                    self._one(one, stream)
            except (FeedError, FetchError, OSError) as error:
                self.unreadable += one.named
                reason = str(error).removeprefix(f"{one.name}: ")
                self._voice.report(Remark(one.name, 0, reason, "unreadable"))
            self._read += one.size or 0
        if not self._request.quiet:
            seconds = time.monotonic() - self._begun
            rate = f"{counted(round(self.total.entries / seconds), 'entry', 'entries')}/s"
            self._voice.say(f"{self.total.summary()}, in {seconds:.1f} s ({rate}), by {self._tagger.bundle}")
            self._tell_vectors()

    def _one(self, one: Input, stream: BinaryIO) -> None:
        ingest(
            recognised(stream, self._request.format)[1],
            self._store,
            self._tagger,
            source=_source_name(one),
            report=lambda entry: self._report(one, entry),
            held=self._held,
            progress=lambda _: self._show(one, stream),
            into=self.total,
        )

    def _tell_vectors(self) -> None:
        kept = self._tagger.vectors
        lacking = self._store.vectors.count_lacking(kept.encoder) if kept else 0
        if lacking:
            papers = counted(lacking, "paper")
            self._voice.say(
                f"similar papers are found by n-grams: `paperwire vectors fill` has the encoder read {papers}"
            )

    def _show(self, one: Input, stream: BinaryIO) -> None:
        progress = Progress(answered=self.total.entries, seconds=time.monotonic() - self._begun)
        self._voice.show(progress, Counts(bytes_read=self._read + _position(stream, one.size or 0)))

    def _report(self, one: Input, entry: Skipped | Note) -> None:
        if isinstance(entry, Skipped):
            self._voice.report(Remark(one.name, entry.position, entry.reason, "skipped", entry.id))
        elif not self._request.quiet:
            self._voice.report(Remark(one.name, 0, entry.text, "note"))


def _source_name(one: Input) -> str:
    path = Path(one.name)
    return path.absolute().as_uri() if path.exists() else one.name


def _position(stream: BinaryIO, size: int) -> int:
    try:
        return min(stream.tell(), size)
    except (OSError, ValueError):
        return 0
