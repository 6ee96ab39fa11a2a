import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from starlette.types import Message, Receive, Scope, Send

from app.observability import RequestLog, configure_logging


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Return what JSON logs write to; the session's own handlers come back afterwards."""
    stream = io.StringIO()
    root = logging.getLogger()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    configure_logging("info")
    yield stream
    structlog.reset_defaults()


def test_every_line_is_json_on_stderr(stderr: io.StringIO) -> None:
    """Our own lines and those of libraries look the same, traces included."""
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        structlog.get_logger("ours").info("told", answer=42)
    logging.getLogger("library").warning("said %s", "so")
    logging.getLogger("library").debug("too quiet")
    try:
        1 / 0  # noqa: B018  raises
    except ZeroDivisionError:
        logging.getLogger("library").exception("broke")
    lines = [json.loads(line) for line in stderr.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["told", "said so", "broke"]
    assert (lines[0]["answer"], lines[0]["request_id"], lines[0]["logger"]) == (42, "abc", "ours")
    assert "ZeroDivisionError" in lines[2]["exception"]
    assert all(line["timestamp"].endswith("Z") for line in lines)


def test_what_is_no_request_passes_through() -> None:
    """The log leaves the server's start and stop alone."""
    seen: list[str] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Message) -> Message:
        return {}

    asyncio.run(RequestLog(app)({"type": "lifespan"}, nothing, nothing))
    assert seen == ["lifespan"]
