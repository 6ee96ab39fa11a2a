"""What Prometheus reads: numbers about requests, solves and operations; no id is ever a label."""

import math
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from typing_extensions import override

REMEMBERED_S: Final = 5.0
"""How long what was looked up is shown: anybody who reaches the server may read metrics."""

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_REQUEST_S: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""The buckets of OpenTelemetry's ``http.server.request.duration``."""

_SOLVE_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_GAPS: Final = (0.0, 1e-5, 1e-4, 1e-3, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)


class Metrics:
    """The numbers of one process, in a registry of their own.

    Parameters
    ----------
    version
        Of the program.
    """

    def __init__(self, version: str) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        build = Info("seedal_build", "What is running.", registry=self._registry)
        build.info({"version": version, "python": platform.python_version()})
        self._requests = Histogram(
            "http_server_request_duration_seconds",
            "Time from a request's head to its response's end.",
            ("method", "route", "status"),
            buckets=_REQUEST_S,
            registry=self._registry,
        )
        self._solves = Counter(
            "seedal_solves",
            "Budgets answered; stored answers are those that were given before.",
            ("status", "source"),
            registry=self._registry,
        )
        self._solve_s = Histogram(
            "seedal_solve_duration_seconds",
            "Time of the search for new answers.",
            buckets=_SOLVE_S,
            registry=self._registry,
        )
        self._gap = Histogram(
            "seedal_solver_gap_ratio",
            "Certified gap of new answers.",
            buckets=_GAPS,
            registry=self._registry,
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def solved(self, status: str, seconds: float, gap: float) -> None:
        """Count a new answer."""
        self._solves.labels(status, "new").inc()
        self._solve_s.observe(seconds)
        if math.isfinite(gap):  # without a bound there is no gap, and the sum would be lost
            self._gap.observe(gap)

    def recalled(self, status: str) -> None:
        """Count an answer that was stored."""
        self._solves.labels(status, "stored").inc()

    def gauge(self, name: str, description: str, value: Callable[[], float]) -> None:
        """Show a number that is looked up whenever the metrics are read."""
        Gauge(name, description, registry=self._registry).set_function(value)

    def table(
        self,
        name: str,
        description: str,
        labels: tuple[str, ...],
        rows: Callable[[], Mapping[tuple[str, ...], float]],
    ) -> None:
        """Show numbers by labels that are looked up when the metrics are read, not too often."""
        self._registry.register(_Table(name, description, labels, rows))

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)

    @contextmanager
    def served(self, host: str, port: int | None) -> Iterator[None]:
        """Serve everything on a port of its own within the context; nothing where there is none.

        Raises
        ------
        OSError
            The port is taken.
        """
        if port is None:
            yield
            return
        server, thread = start_http_server(port, host, self._registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Table(Collector):
    def __init__(
        self,
        name: str,
        description: str,
        labels: tuple[str, ...],
        rows: Callable[[], Mapping[tuple[str, ...], float]],
    ) -> None:
        self._name, self._description, self._labels, self._rows = name, description, labels, rows
        self._known: Mapping[tuple[str, ...], float] = {}
        self._until = 0.0

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return the family without values: registering it asks no database."""
        return [GaugeMetricFamily(self._name, self._description, labels=self._labels)]

    @override
    def collect(self) -> Iterable[GaugeMetricFamily]:
        family = GaugeMetricFamily(self._name, self._description, labels=self._labels)
        if time.monotonic() >= self._until:
            self._known = self._rows()
            self._until = time.monotonic() + REMEMBERED_S
        for names, value in self._known.items():
            family.add_metric(names, value)
        yield family
