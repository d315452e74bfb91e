"""One visit to one source: what was got, what became of it, what is remembered."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from models.errors import ConflictError, FetchError, InputError, NotFoundError
from service.feeds import Note, Skipped
from service.fetch import Fetched, Fetcher
from service.ingest.answers import Tagger
from service.ingest.intake import Hold, ingest
from service.ingest.reading import facts_of, judged, read_entries
from service.ingest.spec import Kind, Spec, parse_spec
from service.ingest.tally import Tally
from service.manners import FeedHealth, channel
from service.store import Clock, Source, Store
from service.store.database import now


@dataclass(frozen=True, slots=True)
class Desk:
    """What every visit needs.

    Attributes:
        store: where papers go and sources are remembered. tagger: what tags.
        fetcher: the way to the network.
        report: told of skipped entries and notes, with the source's URL.
        held: see `ingest`. clock: aware present.
        largest: bytes of the largest file read at a visit.
    """

    store: Store
    tagger: Tagger
    fetcher: Fetcher
    report: Callable[[str, Skipped | Note], object] = lambda _, __: None
    held: Hold = nullcontext
    clock: Clock = now
    largest: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visit came to.

    Attributes:
        source: as it was before. tally: what became of the entries.
        error: why it failed, "" if it did not; entries taken in before count in `tally`.
        unchanged: the server, or the file's date, says that nothing is new.
        health: what there is to say of the batch, None without one.
        moved_to: the address that the server says is the feed's from now on, "" unless it does.
        stays: why the source keeps its old address all the same, "" where it was moved.
    """

    source: Source
    tally: Tally = field(default_factory=Tally)
    error: str = ""
    unchanged: bool = False
    health: FeedHealth | None = None
    moved_to: str = ""
    stays: str = ""


def failed(desk: Desk, source: Source, reason: str, tally: Tally | None = None) -> Visit:
    """The visit that failed, noted in the store unless the source was removed meanwhile."""
    line = " ".join(reason.removeprefix(f"{source.url}: ").split())
    with suppress(NotFoundError):
        desk.store.sources.failed(source.url, line)
    return Visit(source, tally or Tally(), error=line)


def take_feed(desk: Desk, source: Source, fetched: Fetched) -> Visit:
    """The visit to a feed whose answer has come; its validators are kept once its papers are.

    A feed that every redirect on the way calls moved for good (301, 308) is watched under its new
    address once something good has come from there.

    Raises:
        FeedError: the answer is no feed.
    """
    seen = {"etag": fetched.etag, "last_modified": fetched.last_modified}
    if fetched.not_modified:
        desk.store.sources.succeeded(source.url, **seen)
        visit = Visit(source, unchanged=True)
    else:
        tally, health = _take_body(desk, source, fetched.body, seen)
        visit = Visit(source, tally, health=health)
    return _moved(desk, visit, fetched.final_url) if fetched.redirected_permanently else visit


def _moved(desk: Desk, visit: Visit, place: str) -> Visit:
    """The visit, its source moved to `place` if that can be watched as a feed."""
    try:
        spec = parse_spec(place, stored=True)
        if spec.kind is not Kind.FEED:
            return replace(visit, moved_to=place, stays=f"that is read as {spec.kind}: add it, and remove this one")
        if spec.url != visit.source.url:
            desk.store.sources.move(visit.source.url, spec.url)
            return replace(visit, moved_to=spec.url)
    except NotFoundError:  # removed meanwhile
        return visit
    except ConflictError:
        return replace(visit, moved_to=place, stays="that is watched already: remove this one")
    except (InputError, FetchError) as error:
        return replace(visit, moved_to=place, stays=str(error))
    return visit


def take_file(desk: Desk, source: Source, spec: Spec) -> Visit:
    """The visit to a file; one that has the size and date of last time is not read.

    Raises:
        OSError: it cannot be read. FeedError: it is no feed. InputError: it is too large to be watched.
    """
    path = Path(spec.address)
    found = path.stat()
    state = f"{found.st_mtime_ns}-{found.st_size}"
    if state == source.etag:
        desk.store.sources.succeeded(source.url)
        return Visit(source, unchanged=True)
    if found.st_size > desk.largest:
        raise InputError(f"{path} has {found.st_size:,} bytes, more than {desk.largest:,}: use `paperwire ingest`")
    tally, health = _take_body(desk, source, path.read_bytes(), {"etag": state})
    return Visit(source, tally, health=health)


def _take_body(desk: Desk, source: Source, body: bytes, seen: dict[str, str]) -> tuple[Tally, FeedHealth]:
    entries = read_entries(body, source.format)
    facts = facts_of(entries, desk.clock(), channel(body))
    tally = ingest(
        entries,
        desk.store,
        desk.tagger,
        source=source.url,
        report=lambda entry: desk.report(source.url, entry),
        held=desk.held,
    )
    health = judged(desk.store, source.url, facts)
    desk.store.sources.succeeded(source.url, facts=facts.to_text(), **seen)
    return tally, health
