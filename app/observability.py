"""Logs and traces: JSON lines on stderr, and OpenTelemetry where a collector is named.

Each line carries the request or operation that it belongs to. Traces are sent where
``OTEL_EXPORTER_OTLP_ENDPOINT`` says; without it, nothing is.
"""

import logging
import os
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

import structlog
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import SettingsError

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_EXCLUDED = "livez,readyz,metrics"


def install_tracing(app: FastAPI) -> Callable[[], None]:
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
        app,
        tracer_provider=provider,
        excluded_urls=_EXCLUDED,
        server_request_hook=_shorten,
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


REQUEST_ID: Final = "X-Request-ID"

_ACCEPTABLE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_API: Final = "/v1/"
UNMATCHED: Final = "unmatched"
"""The route of requests that no route takes: their paths are anybody's choice."""

_CAPABILITY: Final = re.compile(r"(/hooks/|/v1/media/)[^/?#\s]+")
_UNEXPECTED: Final = 500
_PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})


def configure_logging(level: str) -> None:
    """Send everything that is logged, by us or by libraries, to stderr as JSON.

    Parameters
    ----------
    level
        Least severe level that is written, for example ``"info"``.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        trace_ids,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for chatty in ("dbos", "alembic", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class RequestLog:
    """ASGI middleware: names each request, logs it once, and tells the caller its name.

    Parameters
    ----------
    app
        What is wrapped.
    count
        Called with method, route, status and seconds of every request.
    """

    def __init__(
        self, app: ASGIApp, count: Callable[[str, str, int, float], None] | None = None
    ) -> None:
        self._app = app
        self._count = count
        self._log = structlog.get_logger("app.requests")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _ACCEPTABLE_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        start = time.perf_counter()
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_named)
            except BaseException:
                status = status or _UNEXPECTED  # it is answered around this middleware
                raise
            finally:
                self._tell(scope, status, time.perf_counter() - start)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        route = _template(scope)
        if self._count is not None:
            self._count(method, route, status, seconds)
        if scope["path"] in _PROBES:
            return
        caller = scope["state"].get("caller")
        self._log.info(
            "request",
            method=scope["method"],
            path=shown(scope["path"]),
            route=route,
            status=status,
            seconds=round(seconds, 4),
            key=getattr(caller, "key", None),
        )


def shown(path: str) -> str:
    """Return a path without what is a key by itself: ids of hooks, and signatures of files.

    Examples
    --------
    >>> shown("/v1/hooks/hk_0123/label-studio/setup")
    '/v1/hooks/.../label-studio/setup'
    """
    return _CAPABILITY.sub(r"\1...", path)


def _shorten(span: Any, _: Scope) -> None:  # noqa: ANN401 OpenTelemetry's
    """Keep what `shown` leaves out of a request's span, too."""
    if span is None or not span.is_recording():
        return
    for name, value in dict(span.attributes or {}).items():
        if isinstance(value, str) and shown(value) != value:
            span.set_attribute(name, shown(value))


def _template(scope: Scope) -> str:
    """Return the path of a request's route; routers do not know what they are included under."""
    path = getattr(scope.get("route"), "path", UNMATCHED)
    under = scope["path"].startswith(_API) and path != UNMATCHED and not path.startswith(_API)
    return f"{_API}{path.lstrip('/')}" if under else str(path)
