"""Metrics of a server, for Prometheus."""

from prometheus_client import (
    GC_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32)


class Metrics:
    """Counters of one server. Labels have few values, whatever clients send."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        registry.register(PROCESS_COLLECTOR)
        registry.register(GC_COLLECTOR)
        self._requests = Counter(
            "automl_requests", "Requests answered.", ["route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "automl_request_seconds",
            "From the first byte of a request to the last of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "automl_requests_in_flight", "Requests being answered.", registry=registry
        )
        self._batch_size = Histogram(
            "automl_batch_size",
            "Pictures in one run of the model; their sum is the pictures answered.",
            ["model"],
            buckets=_SIZES,
            registry=registry,
        )

        self._shadowed = Counter(
            "automl_shadow_pictures",
            "Pictures by what came of showing them to the second model.",
            ["outcome"],
            registry=registry,
        )

    def shadowed(self, outcome: str) -> None:
        """Count a picture: agrees, differs, dropped or failed."""
        self._shadowed.labels(outcome).inc()

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def ran(self, model: str, batch_size: int) -> None:
        """Count a run of a model."""
        self._batch_size.labels(model).observe(batch_size)

    def text(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self._registry)
