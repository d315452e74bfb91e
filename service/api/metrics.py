"""Prometheus metrics of one server, in a registry of their own; every label has few values."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from models.tagging import ModelName, Tagging
from service.engine import BatchReport, Engine

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
        self._running = Gauge("paperwire_requests_running", "Requests being answered.", registry=registry)
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
        self._papers = Counter("paperwire_papers", "Papers answered.", ("profile",), registry=registry)
        self._tags = Counter("paperwire_tags", "Tags given.", ("theme",), registry=registry)
        self._abstentions = Counter("paperwire_abstentions", "Papers without tags.", ("reason",), registry=registry)
        self._queue = Gauge("paperwire_queue_texts", "Texts waiting or being computed.", registry=registry)
        self._ready = Gauge("paperwire_ready", "1 when the model is warm and the server takes work.", registry=registry)
        names = ("name", "version", "sha256")
        self._model = Gauge("paperwire_model", "The live model.", names, registry=registry)
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
            self._papers.labels(tagging.profile).inc()
            for tag in tagging.tags:
                self._tags.labels(tag.theme).inc()
            if tagging.abstained:
                self._abstentions.labels(tagging.reasons[0] if tagging.reasons else "none").inc()

    def page(self, engine: Engine, *, ready: bool) -> bytes:
        """The page in Prometheus' text format."""
        self._queue.set(engine.admitted)
        self._ready.set(ready)
        self._name_model(engine.bundle.name)
        return generate_latest(self.registry)

    def _name_model(self, name: ModelName) -> None:
        self._model.clear()
        self._model.labels(name.name, name.version, name.sha256).set(1)
