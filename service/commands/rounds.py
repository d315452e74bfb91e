"""What `paperwire feeds run` and `paperwire sync` do: rounds of visits, told on stderr."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import FetchError, InputError, NotFoundError
from models.tagging import Profile
from models.words import counted
from service.commands.voice import Voice
from service.commands.workplace import make_fetcher, open_store, open_tagger, settings_of
from service.feeds import Note, Skipped
from service.ingest import Desk, Keep, Tally, Visit, due_sources, parse_spec, visit_all
from service.pipeline import Interrupts, Remark
from service.store import Source, Store

_INTERRUPTED = 130
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class RoundRequest:
    """What was asked for on the command line.

    Attributes:
        names: the sources to visit whether due or not; () for those that are due.
        everything: all active sources, due or not.
        every_s: seconds between rounds, None for one round.
        store, bundle, profile, vectors: as the options of these names. quiet: only say what went wrong.
    """

    names: tuple[str, ...] = ()
    everything: bool = False
    every_s: int | None = None
    store: str | None = None
    bundle: Path | None = None
    profile: Profile | None = None
    quiet: bool = False
    vectors: Keep = "all"


def run_rounds(request: RoundRequest) -> int:
    """The exit code of one round, or of rounds until interrupted: 3 if every source of a single round failed."""
    settings = settings_of(request.store, request.bundle, request.profile)
    with open_store(settings) as store, Interrupts() as interrupts, Voice([], bar=False) as voice:
        teller = _Teller(voice, quiet=request.quiet)
        if not store.sources.all():
            voice.say("no feeds are watched: add one with `paperwire feeds add URL`")
            return 0
        chosen = _named(store, request.names)  # a wrong name should not wait for the model
        tagger = open_tagger(settings, request.vectors)
        teller.tagger = tagger.bundle
        desk = Desk(store, tagger, make_fetcher(settings), report=teller.report, held=interrupts.held)
        try:
            return _rounds(request, desk, teller, chosen)
        except KeyboardInterrupt:
            voice.say("stopped; what was fetched is stored and tagged, the rest comes with the next run")
            return 0 if request.every_s else _INTERRUPTED


def _rounds(request: RoundRequest, desk: Desk, teller: _Teller, chosen: Sequence[Source]) -> int:
    start = time.monotonic()
    while True:
        visits = _round(_due(request, desk, chosen), desk, teller)
        if request.every_s is None:
            return 3 if visits and all(visit.error for visit in visits) else 0
        # Rounds keep to their beat however long one takes; a beat that was missed is left out.
        time.sleep(request.every_s - (time.monotonic() - start) % request.every_s)


def _due(request: RoundRequest, desk: Desk, chosen: Sequence[Source]) -> list[Source]:
    watched = desk.store.sources.all()  # anew each round: feeds come and go meanwhile
    if chosen:
        urls = {desk.store.sources.moved_to(source.url) for source in chosen}
        return [source for source in watched if source.url in urls]
    if request.everything:
        return [source for source in watched if source.active]
    return due_sources(watched, desk.clock(), (request.every_s or 0) / 2)


def _round(sources: Sequence[Source], desk: Desk, teller: _Teller) -> list[Visit]:
    begun, visits = time.monotonic(), []
    teller.begin(sources)
    for visit in visit_all(sources, desk):
        visits.append(visit)
        teller.tell(visit)
    teller.end(visits, time.monotonic() - begun)
    return visits


def _named(store: Store, names: Sequence[str]) -> list[Source]:
    return [find_source(store, name) for name in names]


def find_source(store: Store, name: str) -> Source:
    """The watched source of that URL, present or past, or of that title.

    Raises:
        NotFoundError: there is none, or several have that title.
    """
    watched = store.sources.all()
    urls = {store.sources.moved_to(url) for url in (name.strip(), _canonical(name))}
    found = [source for source in watched if source.url in urls]
    found = found or [source for source in watched if source.title == name]
    if len(found) != 1:
        problem = f"{len(found)} watched feeds are called" if found else "no watched feed is called"
        raise NotFoundError(f"{problem} {name!r}: `paperwire feeds list` lists their addresses")
    return found[0]


def _canonical(name: str) -> str:
    try:
        return parse_spec(name, stored=True).url
    except (InputError, FetchError):
        return ""


class _Teller:
    """Tells the visits of a round, one line each, and what needs a look."""

    def __init__(self, voice: Voice, *, quiet: bool) -> None:
        self.tagger = ""
        self._voice = voice
        self._quiet = quiet
        self._done = self._all = 0

    def begin(self, sources: Sequence[Source]) -> None:
        self._done, self._all = 0, len(sources)
        if not sources and not self._quiet:
            self._voice.say("no feed is due")

    def report(self, url: str, entry: Skipped | Note) -> None:
        """One entry that was passed over, or a remark of the parser."""
        if isinstance(entry, Skipped):
            self._voice.report(Remark(url, entry.position, entry.reason, "skipped", entry.id))
        elif not self._quiet:
            self._voice.report(Remark(url, 0, entry.text, "note"))

    def tell(self, visit: Visit) -> None:
        self._done += 1
        name = visit.source.title or visit.source.url
        place = f"[{self._done}/{self._all}] {name[:_LONGEST_NAME]}"
        if visit.error:
            kept = f" (before that: {visit.tally.summary()})" if visit.tally.entries else ""
            self._voice.say(f"{place}: FAILED: {visit.error}{kept}")
            return
        if not self._quiet:
            self._voice.say(f"{place}: {'not modified' if visit.unchanged else visit.tally.summary()}")
            self._tell_retags(visit.tally)
        self._warn(visit)

    def end(self, visits: Sequence[Visit], seconds: float) -> None:
        if self._quiet or not visits:
            return
        total, failures = Tally(), sum(bool(visit.error) for visit in visits)
        for visit in visits:
            total.add(visit.tally)
        feeds = counted(len(visits), "feed")
        wrong = f", {failures} failed" if failures else ""
        self._voice.say(f"{feeds}{wrong}: {total.summary()}, in {seconds:.1f} s, by {self.tagger}")

    def _tell_retags(self, tally: Tally) -> None:
        for retag in tally.retags:
            self._voice.say(f"  {retag}")
        if tally.retagged > len(tally.retags):
            self._voice.say(f"  and {tally.retagged - len(tally.retags):,} more tagged again")

    def _warn(self, visit: Visit) -> None:
        if visit.moved_to:
            self._voice.say(f"  moved for good to {visit.moved_to}: {visit.stays or 'watched there from now on'}")
        for finding in visit.health.findings if visit.health else ():
            if not finding.normal:
                self._voice.say(f"  {finding.sentence}")
