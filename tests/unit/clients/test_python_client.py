"""The Python client against a service that is made up: what is sent again, and what is not."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from seedal_client import (
    AsyncClient,
    BusyError,
    Client,
    ConflictError,
    ConnectionFailedError,
    InvalidArgumentError,
    InvalidRequestError,
    NotFoundError,
    OperationFailedError,
    ProblemError,
    Retries,
    SeedalError,
    ServiceFailedError,
    UnexpectedAnswerError,
    WaitTimeoutError,
)
from seedal_client.protocol import parse_budget, parse_retry_after

NOW = "2026-11-30T08:01:00Z"
DATASET = {"id": "ds_1", "name": "x", "status": "ready", "created_at": NOW}
Answer = httpx2.Response | Exception


def _operation(status: str, **more: object) -> dict[str, Any]:
    ended = None if status in {"not_started", "running"} else NOW
    told = {"id": "op_1", "kind": "solve", "status": status, "finished_at": ended}
    return {**told, "created_at": NOW, **more}


def _seed(name: str = "se_1") -> dict[str, Any]:
    return {
        "id": name,
        "dataset_id": "ds_1",
        "status": "optimal",
        "objective": 1.0,
        "gap": 0.0,
        "budget": {"limit": 2.0, "resource": "points", "fraction": 0.1},
        "total_cost": 2.0,
        "scenes": [{"scene_id": "07/5", "rank": 1, "cost": 2.0, "gain": 1.0}],
        "solver": {"objective": "seedal", "strategy": "auto", "used": "tree", "seconds": 0.1},
        "created_at": NOW,
        "something_new": {"of": "a later version"},
    }


def _json(status: int, body: object, **headers: str) -> httpx2.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, json=body, headers=given)


def _problem(status: int, detail: str = "No.", **more: object) -> httpx2.Response:
    return _json(status, {"title": "Refused", "detail": detail, **more})


class Script:
    """A service that gives the answers of a list, one after the other, and keeps the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Return, or raise, what is next."""
        request.read()
        return self._next(request)

    async def later(self, request: httpx2.Request) -> httpx2.Response:
        """Do the same for the asynchronous client."""
        await request.aread()
        return self._next(request)

    def _next(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


Ask = Callable[..., Any]


def _sync(script: Script, retries: Retries, name: str, *words: object, **options: object) -> Any:  # noqa: ANN401 whatever the call returns
    transport = httpx2.MockTransport(script)
    with Client("http://service", "key", retries=retries, transport=transport) as client:
        found = getattr(client, name)(*words, **options)
        return [*found] if isinstance(found, Iterator) else found


def _async(script: Script, retries: Retries, name: str, *words: object, **options: object) -> Any:  # noqa: ANN401 whatever the call returns
    async def ask() -> object:
        transport = httpx2.MockTransport(script.later)
        async with AsyncClient("http://service", "key", retries=retries, transport=transport) as it:
            found = getattr(it, name)(*words, **options)
            if isinstance(found, AsyncIterator):
                return [one async for one in found]
            return await found

    return asyncio.run(ask())


@pytest.fixture(params=[_sync, _async], ids=["sync", "async"])
def ask(request: pytest.FixtureRequest, pauses: list[float]) -> Ask:
    """Return a way to make one call by a client, whose pauses take no time."""

    def asked(
        script: Script, name: str, *words: object, attempts: int = 3, **options: object
    ) -> Any:  # noqa: ANN401 whatever the call returns
        return request.param(script, Retries(attempts=attempts), name, *words, **options)

    del pauses
    return asked


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the pauses that were made, in seconds; they take no time."""
    made: list[float] = []

    async def later(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr("seedal_client.client.time.sleep", made.append)
    monkeypatch.setattr("seedal_client.aio.asyncio.sleep", later)
    return made


def test_work_is_started_once_however_often_it_is_sent(ask: Ask) -> None:
    """Each attempt of a POST that starts work carries the same key; another call has another."""
    script = Script(httpx2.ReadTimeout("slow"), _problem(503), _json(201, _seed()))
    assert ask(script, "create_seed", "ds_1", "10%").scenes[0].scene_id == "07/5"
    keys = {request.headers["Idempotency-Key"] for request in script.requests}
    assert len(script.requests) == 3
    assert len(keys) == 1
    assert {json.loads(one.content)["budget"]["fraction"] for one in script.requests} == {0.1}
    other = Script(_json(201, _seed()))
    ask(other, "create_seed", "ds_1", "10%")
    assert other.requests[0].headers["Idempotency-Key"] not in keys


def test_attempts_end(ask: Ask, pauses: list[float]) -> None:
    """A service that is never there is an error that says how often it was tried."""
    script = Script(*(httpx2.ConnectError("refused") for _ in range(3)))
    with pytest.raises(ConnectionFailedError, match="3 times: ConnectError: refused"):
        ask(script, "get_dataset", "ds_1")
    assert len(pauses) == 2


def test_a_busy_service_says_when_to_come_back(ask: Ask, pauses: list[float]) -> None:
    """Retry-After is the pause, or a little more; the last refusal is the error."""
    script = Script(*(_json(429, {"title": "Busy"}, Retry_After="7") for _ in range(3)))
    with pytest.raises(BusyError, match="Busy"):
        ask(script, "get_dataset", "ds_1")
    assert [7.0 <= pause <= 7.7 for pause in pauses] == [True, True]


def test_nobody_waits_for_an_hour(ask: Ask, pauses: list[float]) -> None:
    """A pause that is longer than the longest one is an error at once."""
    with pytest.raises(BusyError):
        ask(Script(_json(503, {"title": "Later"}, Retry_After="3600")), "get_dataset", "ds_1")
    assert pauses == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, NotFoundError),
        (409, ConflictError),
        (422, InvalidRequestError),
        (500, ServiceFailedError),
        (418, ProblemError),
    ],
)
def test_refusals_are_not_repeated(ask: Ask, status: int, kind: type[ProblemError]) -> None:
    """What the service refuses is an error of its own kind, with its sentence and its place."""
    errors = [{"pointer": "#/budget/limit", "detail": "must be above 0"}]
    with pytest.raises(kind, match="No") as caught:
        ask(Script(_problem(status, errors=errors)), "get_dataset", "ds_1")
    assert (caught.value.status, caught.value.detail) == (status, "No.")
    assert (caught.value.pointer, caught.value.title) == ("#/budget/limit", "Refused")


def test_a_delete_whose_answer_was_lost_counts(ask: Ask) -> None:
    """Not found is success after an attempt that may have deleted it, and an error without one."""
    lost = Script(httpx2.ReadError("cut"), _problem(404))
    assert ask(lost, "delete_dataset", "ds_1") is None
    for first in ([], [httpx2.ConnectError("refused")], [_problem(429)]):
        with pytest.raises(NotFoundError):
            ask(Script(*first, _problem(404)), "delete_dataset", "ds_1")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"html": "<h1>Log in</h1>"}),
        (200, {"json": {"items": []}}),
        (302, {"headers": {"Location": "https://login.example.org"}}),
        (204, {}),
    ],
)
def test_what_is_no_service_is_named(ask: Ask, status: int, body: dict[str, Any]) -> None:
    """A login page, another's JSON, a redirect or nothing is an error that says so."""
    with pytest.raises(UnexpectedAnswerError, match=r"URL|sends on"):
        ask(Script(httpx2.Response(status, **body)), "get_dataset", "ds_1")


def test_an_error_page_without_a_problem_is_an_error(ask: Ask) -> None:
    """A proxy's page is reported by its status and type, not quoted."""
    with pytest.raises(NotFoundError, match="answered 404 with text/html"):
        ask(Script(httpx2.Response(404, html="<h1>nginx</h1>")), "get_dataset", "ds_1")


def test_a_long_solve_is_waited_for(ask: Ask, pauses: list[float]) -> None:
    """An operation is asked for as often as the service wants, and its seed is fetched."""
    seen: list[str] = []
    script = Script(
        _json(202, _operation("not_started"), Retry_After="1"),
        _json(200, _operation("running"), Retry_After="5"),
        _json(200, _operation("succeeded", seed_id="se_9")),
        _json(200, _seed("se_9")),
    )
    progress = lambda operation: seen.append(operation.status)  # noqa: E731
    assert ask(script, "create_seed", "ds_1", 5, progress=progress).id == "se_9"
    assert seen == ["running", "succeeded"]
    assert pauses == [5.0]
    assert json.loads(script.requests[0].content) == {"budget": {"limit": 5.0}}


def test_waiting_ends_but_the_work_goes_on(ask: Ask) -> None:
    """A time limit is for the wait; its error has the operation."""
    script = Script(_json(200, _operation("running"), Retry_After="5"))
    with pytest.raises(WaitTimeoutError) as caught:
        ask(script, "wait", "op_1", timeout_s=1)
    assert caught.value.operation.id == "op_1"
    assert len(script.requests) == 1


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_work_without_a_result_is_an_error(ask: Ask, status: str) -> None:
    """An operation that failed or was cancelled raises its own sentence."""
    error = {"title": "x", "detail": "The network is gone."}
    with pytest.raises(OperationFailedError, match="The network is gone"):
        ask(Script(_json(200, _operation(status, error=error))), "wait", "op_1")


def test_pages_are_fetched_when_they_are_needed(pauses: list[float]) -> None:
    """The second page is asked for after the last item of the first one, by its token."""
    page = {"items": [DATASET], "next_page_token": "t 1"}
    script = Script(_json(200, page), _json(200, {"items": [DATASET], "next_page_token": ""}))
    with Client("http://service", transport=httpx2.MockTransport(script)) as client:
        found = client.list_datasets(page_size=1)
        assert script.requests == []
        next(found)
        assert len(script.requests) == 1
        assert len([*found]) == 1
    assert dict(script.requests[1].url.params) == {"page_size": "1", "page_token": "t 1"}
    assert pauses == []


def test_a_list_that_never_ends_is_an_error(ask: Ask) -> None:
    """A page that names itself as the next one does not loop."""
    page = {"items": [DATASET], "next_page_token": "same"}
    with pytest.raises(UnexpectedAnswerError, match="names itself"):
        ask(Script(_json(200, page), _json(200, page)), "list_datasets")


def _event(version: int, status: str) -> str:
    told = json.dumps(_operation(status, version=version))
    return f"id: {version}\nevent: progress\ndata: {told}\n\n"


def _stream(*events: str) -> httpx2.Response:
    kind = {"Content-Type": "text/event-stream"}
    return httpx2.Response(
        200, content=("retry: 2000\n\n" + "".join(events)).encode(), headers=kind
    )


def test_a_broken_stream_is_taken_up_again(ask: Ask) -> None:
    """The next stream is asked for after the last event that was seen; nothing comes twice."""
    script = Script(
        _stream(_event(1, "running"), ": keep-alive\n\n", _event(2, "running")),
        httpx2.ReadError("cut"),
        _problem(503),
        _stream(_event(3, "succeeded")),
    )
    seen = ask(script, "watch_operation", "op_1", attempts=5)
    assert [one.version for one in seen] == [1, 2, 3]
    asked = [request.headers.get("Last-Event-ID") for request in script.requests]
    assert asked == [None, "2", "2", "2"]


def test_a_stream_that_has_ended_is_left(ask: Ask) -> None:
    """No content says that the end was reported."""
    assert ask(Script(httpx2.Response(204)), "watch_operation", "op_1") == []


def test_a_stream_that_never_says_anything_is_an_error(ask: Ask) -> None:
    """Streams that break without news are opened a few times, not for ever."""
    with pytest.raises(ConnectionFailedError, match="broke off 3 times"):
        ask(Script(*(_stream() for _ in range(3))), "watch_operation", "op_1")
    with pytest.raises(UnexpectedAnswerError, match="no events"):
        ask(Script(httpx2.Response(200, html="Log in")), "watch_operation", "op_1")
    with pytest.raises(NotFoundError):
        ask(Script(_problem(404)), "watch_operation", "op_1")


def test_a_file_is_there_once_it_is_whole(ask: Ask, tmp_path: Path) -> None:
    """A download that breaks is tried again; what was there stays until the new file is whole."""

    def breaking() -> Iterator[bytes]:
        yield b"half"
        assert place.read_bytes() == b"old"
        message = "cut"
        raise httpx2.ReadError(message)

    async def breaking_later() -> AsyncIterator[bytes]:
        for part in breaking():
            yield part

    class Both(httpx2.SyncByteStream, httpx2.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return breaking()

        def __aiter__(self) -> AsyncIterator[bytes]:
            return breaking_later()

    place = tmp_path / "seed.csv"
    place.write_bytes(b"old")
    script = Script(httpx2.Response(200, stream=Both()), httpx2.Response(200, content=b"whole"))
    assert ask(script, "export_seed", "se_1", place, "csv") == place
    assert place.read_bytes() == b"whole"
    with pytest.raises(NotFoundError):
        ask(Script(_problem(404)), "export_seed", "none", place)
    assert [one.name for one in tmp_path.iterdir()] == ["seed.csv"]
    assert place.read_bytes() == b"whole"


def test_a_file_is_sent_whole_in_each_attempt(ask: Ask, tmp_path: Path) -> None:
    """An upload is read anew, says its length, and says what it is."""
    vectors = tmp_path / "vectors.parquet"
    vectors.write_bytes(b"PAR1" + bytes(600_000))
    accepted = {"dataset": DATASET, "operation": _operation("not_started")}
    script = Script(httpx2.WriteError("cut"), _json(202, accepted))
    assert ask(script, "put_vectors", "ds_1", vectors).id == "ds_1"
    for request in script.requests:
        assert request.content == vectors.read_bytes()
        assert request.headers["Content-Length"] == "600004"
        assert "Transfer-Encoding" not in request.headers
        assert request.headers["Content-Type"] == "application/vnd.apache.parquet"


def test_many_labels_are_recorded_in_parts(ask: Ask) -> None:
    """Events go 10,000 at a time, and the reports are added up."""
    report = {"labelled_cost": {}, "labelled_count": 1, "version": 1, "duplicates": 1}
    first = {**report, "accepted": 9_999, "unknown": ["b"]}
    second = {**report, "accepted": 1, "unknown": ["a", "b"], "version": 2}
    script = Script(_json(200, first), _json(200, second))
    events = ({"scene_id": str(number), "state": "labelled"} for number in range(10_002))
    found = ask(script, "record_labels", "ds_1", events)
    assert (found.accepted, found.duplicates, found.version) == (10_000, 2, 2)
    assert found.unknown == ("a", "b")
    sent = [len(json.loads(request.content)["events"]) for request in script.requests]
    assert sent == [10_000, 2]


@pytest.mark.parametrize("name", ["07/000005", "..", ".", "a?b#c%2F", "é😀", " "])
def test_names_may_hold_anything(ask: Ask, name: str) -> None:
    """The id of a scene is one segment of the path, whatever it is made of."""
    scene = {"scene_id": name, "position": 0, "costs": {}}
    script = Script(_json(200, scene))
    assert ask(script, "get_scene", "ds_1", name).scene_id == name
    path = script.requests[0].url.raw_path.decode()
    assert path.startswith("/v1/datasets/ds_1/scenes/")
    assert path.count("/") == 5
    assert not path.endswith(("/.", "/.."))
    assert "?" not in path


def test_mistakes_are_found_before_anything_is_sent(ask: Ask, tmp_path: Path) -> None:
    """A budget, an id or a file that makes no sense raises a sentence; nothing is sent."""
    mistakes: list[tuple[str, tuple[object, ...]]] = [
        *(
            ("create_seed", ("ds_1", budget))
            for budget in ("x%", "", -1, 0, True, "nan", "inf", None)
        ),
        ("get_seed", ("",)),
        ("get_seed", (7,)),
        ("upload_manifest", (tmp_path / "none.jsonl",)),
        ("export_seed", ("se_1", tmp_path)),
        ("export_seed", ("se_1", tmp_path / "none" / "seed.csv")),
        ("record_labels", ("ds_1", [])),
    ]
    for name, words in mistakes:
        with pytest.raises(InvalidArgumentError):
            ask(Script(), name, *words)


@pytest.mark.parametrize("url", ["", "service:8000", "ftp://service", "http://", "//service"])
def test_a_url_names_a_service(url: str) -> None:
    """What is no URL of HTTP is refused when the client is made."""
    for kind in (Client, AsyncClient):
        with pytest.raises(InvalidArgumentError, match="URL"):
            kind(url)


def test_a_key_is_sent_and_never_shown() -> None:
    """The key goes into the header; one that no header can hold is refused without quoting it."""
    script = Script(_json(200, DATASET))
    client = Client("http://service/under/", "sk_1", transport=httpx2.MockTransport(script))
    client.get_dataset("ds_1")
    assert script.requests[0].headers["Authorization"] == "Bearer sk_1"
    assert script.requests[0].url.path == "/under/v1/datasets/ds_1"
    assert "sk_1" not in repr(client)
    with pytest.raises(InvalidArgumentError) as caught:
        Client("http://service", "sk_1\r\nX: y")
    assert "sk_1" not in str(caught.value)


def test_retry_after_is_seconds_or_a_date() -> None:
    """Both forms of RFC 9110 are read; a date that is over means at once."""
    now = datetime.now(UTC)
    assert parse_retry_after("12") == 12.0
    assert parse_retry_after("soon") is None
    assert parse_retry_after("") is None
    assert parse_retry_after(format_datetime(now - timedelta(hours=1), usegmt=True)) == 0.0
    found = parse_retry_after(format_datetime(now + timedelta(days=365), usegmt=True))
    assert found is not None
    assert found > 86_400


def test_budgets_are_what_people_write() -> None:
    """A part, a number as text or as itself, and a mapping are understood."""
    assert parse_budget(" 2.5 %") == {"fraction": 0.025}
    assert parse_budget("6_500_000") == {"limit": 6_500_000.0}
    both = {"fraction": 0.2, "includes_labelled": True}
    assert parse_budget(both) == both


def test_both_clients_have_the_same_calls() -> None:
    """What one can do, the other can, with the same arguments."""
    calls = [
        {name for name in vars(kind) if not name.startswith("_")} for kind in (Client, AsyncClient)
    ]
    assert calls[0] == calls[1]
    for name in calls[0]:
        sync, later = (vars(kind)[name].__annotations__ for kind in (Client, AsyncClient))
        assert {**sync, "return": ""} == {**later, "return": ""}


_COMPOSED = {"close", "start_seed", "summarize_labels", "wait", "wait_until_ready"}


def test_calls_are_named_as_in_the_document() -> None:
    """A method is an operation of the OpenAPI document, but for a few that are made of them."""
    document = json.loads((Path(__file__).parents[3] / "docs" / "openapi.json").read_text())
    known = {call["operationId"] for path in document["paths"].values() for call in path.values()}
    named = {name for name in vars(Client) if not name.startswith("_")}
    assert named - _COMPOSED <= known
    assert not named & _COMPOSED & known


def test_every_error_is_one_of_the_tree() -> None:
    """`except SeedalError` is enough."""
    kinds = (BusyError, ConnectionFailedError, InvalidArgumentError, OperationFailedError)
    assert all(issubclass(kind, SeedalError) for kind in (*kinds, UnexpectedAnswerError))
