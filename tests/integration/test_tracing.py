"""Traces are sent where OpenTelemetry's own variables say."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from loopback import Handler, Web, reply
from loopback import serving as web
from serving import eventually, free_port, serving

from app import tracing
from app.errors import SettingsError
from app.settings import Settings

pytestmark = pytest.mark.enable_socket

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Web, list[bytes]]]:
    """Run a collector and return it with the bodies that it got."""
    bodies: list[bytes] = []

    def take(handler: Handler) -> None:
        bodies.append(handler.rfile.read(int(handler.headers["Content-Length"])))
        reply(handler, 200, b"", {})

    with web() as server:
        server.pages["/v1/traces"] = take
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        yield server, bodies


def test_requests_become_spans_of_the_callers_trace(
    tmp_path: Path, collector: tuple[Web, list[bytes]]
) -> None:
    """A collector gets a span for each request, under the trace that the caller named."""
    settings = Settings(data_dir=tmp_path, port=free_port(), solve_processes=1)
    with serving(settings, "--no-worker") as http:
        header = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        assert http.get("/v1/datasets", headers=header).is_success
        eventually(
            lambda: any(bytes.fromhex(TRACE) in body for body in collector[1]), "no span arrives"
        )
    assert any(b"/v1/datasets" in body for body in collector[1])
    assert not any(b"readyz" in body for body in collector[1])


def test_without_the_extra_a_collector_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector that is named and cannot be used is said at the start."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.fastapi", None)
    with pytest.raises(SettingsError, match="tracing"):
        tracing.install(FastAPI())


def test_without_a_collector_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable, no tracing."""
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    tracing.install(FastAPI())()
