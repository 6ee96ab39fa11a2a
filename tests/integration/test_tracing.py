"""Traces are sent where OpenTelemetry's own variables say."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from loopback import Handler, Web, reply
from loopback import serving as web
from opentelemetry.sdk.trace import TracerProvider
from planted import plant
from serving import eventually, free_port, serving

from app import observability
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
    """A collector gets spans of a request and its solve, under the trace that the caller named."""
    settings = Settings(data_dir=tmp_path, port=free_port(), solve_processes=1)
    path = f"/v1/datasets/{plant(settings, 12)}/seeds"
    with serving(settings, "--no-worker") as http:
        header = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        assert http.post(path, json={"budget": {"fraction": 0.5}}, headers=header).is_success

        def spans(word: bytes) -> bool:
            """Tell whether a span of the trace has a word in it."""
            found = re.escape(bytes.fromhex(TRACE)) + b".{0,200}?" + re.escape(word)
            return any(re.search(found, body, re.DOTALL) for body in collector[1])

        eventually(lambda: spans(b"POST /v1/datasets/{dataset_id}/seeds"), "no request arrives")
        eventually(lambda: spans(b"seedal.solve"), "no solve arrives")
        assert spans(b"SeedTask")
    assert not any(b"readyz" in body for body in collector[1])


def test_an_address_that_is_a_key_is_in_no_span(
    tmp_path: Path, collector: tuple[Web, list[bytes]]
) -> None:
    """Who reads traces can neither send to a hook nor open a file; the route is told."""
    settings = Settings(data_dir=tmp_path, port=free_port(), solve_processes=1)
    key = "hk_5ec2e75ec2e7"
    with serving(settings, "--no-worker") as http:
        for path in (f"/v1/hooks/{key}", f"/v1/hooks/{key}/none", f"/v1/media/{key}"):
            http.request("POST" if "media" not in path else "GET", path)
        http.get(f"/v1/datasets/x/hooks/{key}")
        http.get("/v1/objectives")

        def arrived(word: bytes) -> bool:
            return any(word in body for body in collector[1])

        for route in (b"/v1/hooks/{hook}", b"/v1/media/{signature}", b"/v1/objectives"):
            eventually(lambda route=route: arrived(route), f"{route!r} does not arrive")  # type: ignore[misc]
    found = [re.findall(b".{60}" + key.encode(), body, re.DOTALL) for body in collector[1]]
    assert [one for some in found for one in some] == []


def test_log_lines_carry_the_span_in_hand() -> None:
    """Within a span, what is logged names it; outside, nothing is added."""
    with TracerProvider().get_tracer("test").start_as_current_span("x") as current:
        event = observability.trace_ids(None, "info", {"event": "told"})
    context = current.get_span_context()
    assert event["trace_id"] == f"{context.trace_id:032x}"
    assert event["span_id"] == f"{context.span_id:016x}"
    assert observability.trace_ids(None, "info", {"event": "told"}) == {"event": "told"}


def test_without_the_extra_a_collector_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector that is named and cannot be used is said at the start."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.fastapi", None)
    with pytest.raises(SettingsError, match="tracing"):
        observability.install_tracing(FastAPI())


def test_without_a_collector_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable, no tracing."""
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    observability.install_tracing(FastAPI())()
