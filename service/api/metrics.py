"""Prometheus metrics of one server, in a registry of their own; every label has few values.

Where a server has several processes, each keeps its numbers in files, and the page of any of them adds up all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from models.tagging import ModelName, Tagging
from service.engine import BatchReport, Engine
from service.settings import shared_folder
from service.store import JobState

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """Counters and histograms; safe to use from any thread."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        labels = ("route", "method", "status")
        self._requests = Counter("paperwire_requests", "Requests answered.", labels, registry=registry)
        self._seconds = Histogram(
            "paperwire_request_seconds", "From first byte to last.", ("route",), buckets=_SECONDS, registry=registry
        )
        self._running = _gauge("paperwire_requests_running", "Requests being answered.", registry)
        self._refused = Counter("paperwire_refused", "Requests refused, by reason.", ("reason",), registry=registry)
        self._batch_texts = Histogram(
            "paperwire_batch_texts", "Texts of a batch.", ("work",), buckets=_TEXTS, registry=registry
        )
        self._batch_seconds = Histogram(
            "paperwire_batch_seconds", "Computing of a batch.", ("work",), buckets=_SECONDS, registry=registry
        )
        self._waited = Histogram(
            "paperwire_queue_seconds", "Wait of a batch's first text.", buckets=_SECONDS, registry=registry
        )
        papers = Counter("paperwire_papers", "Papers answered.", ("profile",), registry=registry)
        tags = Counter("paperwire_tags", "Tags given.", ("theme",), registry=registry)
        abstentions = Counter("paperwire_abstentions", "Papers without tags.", ("reason",), registry=registry)
        # Labels have few values, and to look a counter up under its lock costs more than to count.
        self._paper, self._tag, self._abstention = (cache(one.labels) for one in (papers, tags, abstentions))
        self._queue = _gauge("paperwire_queue_texts", "Texts waiting or being computed.", registry)
        self._ready = _gauge("paperwire_ready", "Processes whose model is warm and that take work.", registry)
        self._jobs = Gauge(
            "paperwire_jobs", "Jobs by state.", ("state",), registry=registry, multiprocess_mode="mostrecent"
        )
        self._jobs_ended = Counter("paperwire_jobs_ended", "Jobs that ended here.", ("state",), registry=registry)
        self._job_papers = Counter("paperwire_job_papers", "Papers answered by jobs.", registry=registry)
        names = ("name", "version", "sha256")
        self._model = _gauge("paperwire_model", "Processes that answer by this model.", registry, names)
        self._named: ModelName | None = None
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def begin(self) -> None:
        """Count a request as running."""
        self._running.inc()

    def end(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request as answered."""
        self._running.dec()
        key = (route, method, status)
        if key not in self._children:
            self._children[key] = (self._requests.labels(route, method, str(status)), self._seconds.labels(route))
        counter, histogram = self._children[key]
        counter.inc()
        histogram.observe(seconds)

    def refused(self, reason: str) -> None:
        """Count an error answer by its problem's slug."""
        self._refused.labels(reason).inc()

    def batch(self, report: BatchReport) -> None:
        """Count a computed batch."""
        self._batch_texts.labels(report.kind).observe(report.texts)
        self._batch_seconds.labels(report.kind).observe(report.seconds)
        self._waited.observe(report.waited_s)

    def answered(self, taggings: Iterable[Tagging]) -> None:
        """Count answers, their tags and abstentions."""
        for tagging in taggings:
            self._paper(tagging.profile).inc()
            for tag in tagging.tags:
                self._tag(tag.theme).inc()
            if tagging.abstained:
                self._abstention(tagging.reasons[0] if tagging.reasons else "none").inc()

    def jobs(self, counts: Mapping[JobState, int]) -> None:
        """Set how many jobs there are in each state, whichever server they are of."""
        for state, number in counts.items():
            self._jobs.labels(str(state)).set(number)

    def job_papers(self, papers: int) -> None:
        """Count papers that a job has answered."""
        self._job_papers.inc(papers)

    def job_ended(self, state: JobState) -> None:
        """Count a job that is done or has failed."""
        self._jobs_ended.labels(str(state)).inc()

    def page(self, engine: Engine, *, ready: bool) -> bytes:
        """The page in Prometheus' text format, of all processes of the server."""
        self.note(engine, ready=ready)
        folder = shared_folder()
        if folder is None:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def note(self, engine: Engine, *, ready: bool) -> None:
        """Bring up to date what is not counted as it happens."""
        self._queue.set(engine.admitted)
        self._ready.set(ready)
        self._name_model(engine.bundle.name)

    def _name_model(self, name: ModelName) -> None:
        if self._named is not None and self._named != name:
            self._model_gauge(self._named).set(0)
        self._named = name
        self._model_gauge(name).set(1)

    def _model_gauge(self, name: ModelName) -> Gauge:
        return self._model.labels(name.name, name.version, name.sha256)


def _gauge(name: str, description: str, registry: CollectorRegistry, labels: Sequence[str] = ()) -> Gauge:
    """A gauge that is added up over the processes that live."""
    return Gauge(name, description, labels, registry=registry, multiprocess_mode="livesum")
