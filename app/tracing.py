"""Traces (OpenTelemetry), sent where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says; without it, nothing."""

import os
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from fastapi import FastAPI

from app.errors import SettingsError

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_EXCLUDED = "livez,readyz,metrics"


def install(app: FastAPI) -> Callable[[], None]:
    """Trace an application's requests, if a collector is named.

    Returns
    -------
    Callable[[], None]
        Sends what is left and ends the tracing.

    Raises
    ------
    SettingsError
        A collector is named and the extra ``tracing`` is not installed.
    """
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return lambda: None
    try:
        exporter = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        trace = import_module("opentelemetry.trace")
        sdk = import_module("opentelemetry.sdk.trace")
        export = import_module("opentelemetry.sdk.trace.export")
        resources = import_module("opentelemetry.sdk.resources")
        instrumentation = import_module("opentelemetry.instrumentation.fastapi")
    except ImportError as error:
        rule = "OTEL_EXPORTER_OTLP_ENDPOINT is set; install seedal-service[tracing] to send traces."
        raise SettingsError(rule) from error
    named = {"service.name": os.environ.get("OTEL_SERVICE_NAME", "seedal")}
    provider = sdk.TracerProvider(resource=resources.Resource.create(named))
    provider.add_span_processor(export.BatchSpanProcessor(exporter.OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    instrumentation.FastAPIInstrumentor.instrument_app(
        app, tracer_provider=provider, excluded_urls=_EXCLUDED
    )
    shutdown: Callable[[], None] = provider.shutdown
    return shutdown


@contextmanager
def span(name: str, **attributes: str) -> Iterator[None]:
    """Trace what is done within the context, as a part of the request in hand."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        yield
        return
    with trace.get_tracer("seedal").start_as_current_span(name, attributes=attributes):
        yield


def trace_ids(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the ids of the span in hand to what is logged (a structlog processor)."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return event
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event
