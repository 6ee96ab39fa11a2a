"""Hooks: made with a key, sent to without one, worked off into the ledger."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from label_studio_traffic import annotation, evening, morning, task, told
from sqlalchemy import event as events
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from app.hooks import store
from app.hooks.reading import HookReader
from app.labels.service import Labels
from app.labels.wire import LabelsRequest
from app.store.identifiers import now
from app.store.tables import HookEventRow, HookRow, LabelRow

SCENES = [f"room/{number}" for number in range(6)]
NEVER = "hk_" + "0" * 32


@pytest.fixture
def dataset(register: Callable[..., dict[str, Any]], pool: Path) -> str:
    """Return a dataset of six scenes; hooks need no features."""
    scenes = [
        {"scene_id": name, "cost": 1, "images": [f"{pool}/{place % 5}.png"],
         "external_ids": {"label_studio": str(900 + place)}}
        for place, name in enumerate(SCENES)
    ]  # fmt: skip
    name: str = register({"kind": "inline", "scenes": scenes})["dataset"]["id"]
    return name


@pytest.fixture
def hook(client: TestClient, dataset: str) -> dict[str, Any]:
    """Return a hook of Label Studio."""
    return _hook(client, dataset)


@pytest.fixture
def reader(client: TestClient) -> Iterator[HookReader]:
    """Return what works off inboxes, without pauses; other tests' inboxes are empty before."""
    reader = HookReader(_sessions(client), schedule_s=(0.0, 0.0))
    _work_off(reader)
    yield reader
    _work_off(reader)


def _sessions(client: TestClient) -> Any:  # noqa: ANN401 the application's
    return client.app.state.app_state.sessions  # type: ignore[attr-defined]  # starlette knows it as ASGI


def _hook(client: TestClient, dataset: str, kind: str = "label_studio") -> dict[str, Any]:
    answer = client.post(f"/v1/datasets/{dataset}/hooks", json={"kind": kind})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _bearer(hook: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {hook['secret']}"}


def _signed(hook: dict[str, Any], body: bytes) -> dict[str, str]:
    digest = hmac.new(hook["secret"].encode(), body, hashlib.sha256).hexdigest()
    return {"X-Signature-256": f"sha256={digest}"}


def _send(client: TestClient, hook: dict[str, Any], payloads: Iterable[dict[str, Any]]) -> None:
    for payload in payloads:
        body = json.dumps(payload)
        answer = client.post(hook["url"], content=body, headers=_bearer(hook))
        assert (answer.status_code, answer.content) == (204, b"")


def _work_off(reader: HookReader) -> None:
    while reader.read_one():
        pass


def _states(client: TestClient, dataset: str) -> dict[str, str]:
    items = client.get(f"/v1/datasets/{dataset}/labels").json()["items"]
    return {one["scene_id"]: one["state"] for one in items if one["state"] != "removed"}


def _shown(client: TestClient, hook: dict[str, Any]) -> dict[str, Any]:
    answer = client.get(f"/v1/datasets/{hook['dataset_id']}/hooks/{hook['id']}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def test_a_hook_shows_its_secret_once(client: TestClient, dataset: str) -> None:
    """Its address has 128 random bits; listed and shown it has no secret; it is deleted."""
    made = _hook(client, dataset)
    assert made["url"] == f"http://testserver/v1/hooks/{made['id']}"
    assert made["model_url"] == f"{made['url']}/label-studio"
    assert len(made["id"]) == len("hk_") + 32
    other = _hook(client, dataset, "cvat")
    assert other["model_url"] is None
    assert other["secret"] != made["secret"]
    path = f"/v1/datasets/{dataset}/hooks"
    listed = client.get(path).json()["items"]
    assert [one["id"] for one in listed] == [made["id"], other["id"]]
    assert listed[0] == {name: value for name, value in made.items() if name != "secret"}
    assert client.delete(f"{path}/{made['id']}").status_code == 204
    assert client.delete(f"{path}/{made['id']}").status_code == 404
    assert [one["id"] for one in client.get(path).json()["items"]] == [other["id"]]
    assert client.post(made["url"], json={}, headers=_bearer(made)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "segments"}, {}, {"kind": "cvat", "name": "a/b"}, {"kind": "cvat", "name": ""},
        {"kind": "cvat", "name": "x" * 101}, {"kind": "cvat", "secret": "mine"},
    ],
)  # fmt: skip
def test_a_hook_that_cannot_be_is_one_sentence(
    client: TestClient, dataset: str, body: dict[str, str]
) -> None:
    """Unknown kinds, names that would break a source in two, and secrets of one's own."""
    assert client.post(f"/v1/datasets/{dataset}/hooks", json=body).status_code == 422


def test_a_dataset_has_so_many_hooks(
    client: TestClient, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more is a conflict, and says what to do."""
    monkeypatch.setattr("app.hooks.service._MOST", 1)
    _hook(client, dataset)
    answer = client.post(f"/v1/datasets/{dataset}/hooks", json={"kind": "cvat"})
    assert answer.status_code == 409
    assert "delete some" in answer.json()["detail"]


def test_a_day_in_label_studio_ends_in_the_ledger(
    client: TestClient, dataset: str, hook: dict[str, Any], reader: HookReader
) -> None:
    """Labelled, skipped, deleted, an id used again, imported: as the platform has it."""
    for payload in morning(SCENES):
        _send(client, hook, [payload])
    assert _states(client, dataset) == {}  # nothing is said while the platform waits
    assert _shown(client, hook)["waiting"] == 8
    _work_off(reader)
    assert _states(client, dataset) == {
        "room/0": "labelled", "room/1": "skipped", "room/2": "queued", "room/4": "labelled",
    }  # fmt: skip
    summary = client.get(f"/v1/datasets/{dataset}/labels").json()
    assert summary["labelled_count"] == 2
    assert summary["spent"] == {"seconds": 23.0}
    shown = _shown(client, hook)
    assert (shown["waiting"], shown["set_aside"], shown["last_problem"]) == (0, 0, None)
    assert shown["last_received_at"] is not None
    for payload in evening():
        _send(client, hook, [payload])
    _work_off(reader)
    assert _states(client, dataset) == {}
    with _sessions(client)() as session:
        rows = session.scalars(select(LabelRow).where(LabelRow.dataset_id == dataset)).all()
    assert {row.source for row in rows} == {"label_studio:main/25"}
    assert {row.ref for row in rows if row.scene_id} == {
        *(f"task:{number}" for number in range(2265, 2269)),
        *("task:2265/annotation:107", "task:2266/annotation:108", "task:2267/annotation:109"),
    }


def test_the_same_day_twice_by_two_hooks_is_one_day(
    client: TestClient, dataset: str, reader: HookReader
) -> None:
    """Two hooks of one name hear the same; what the second says is nothing new."""
    hooks = [_hook(client, dataset), _hook(client, dataset)]
    for payload in morning(SCENES):
        for one in hooks:
            _send(client, one, [payload])
        _work_off(reader)
    before = client.get(f"/v1/datasets/{dataset}/labels").json()
    assert before["spent"] == {"seconds": 23.0}
    assert before["labelled_count"] == 2


def test_a_scene_is_found_by_what_both_know(
    client: TestClient, dataset: str, hook: dict[str, Any], reader: HookReader
) -> None:
    """By its id, else by the task's in external ids, else by a file that only it has."""
    shows = {"image": "/data/local-files/?d=pool/0.png"}
    other = {"seedal": {"dataset_id": "another"}}
    tasks = [
        task(1, "room/1"),
        task(902, "unknown"),
        task(3, "unknown", data={"images": ["http://x/a%20b/3.png?sig=1"]}),
        task(4, "unknown", data=shows),  # two scenes have a file of this name
        task(5, "room/5", meta=other),
        task(6, "room/5", meta=[1]) | {"data": {"scene_id": True}},
        task(7, "room/4\0"),
        task(8, "room/4\ud800"),
        task(9, "room/4", meta={"seedal": {"dataset_id": dataset}}),
    ]
    _send(client, hook, [told("TASKS_CREATED", tasks=tasks)])
    _work_off(reader)
    assert _states(client, dataset) == dict.fromkeys(
        ["room/1", "room/2", "room/3", "room/4"], "queued"
    )
    assert _shown(client, hook)["set_aside"] == 0


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Authorization": ""}, {"Authorization": "Bearer "}, {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic c2VlZGFsOndyb25n"}, {"Authorization": "Basic %%%"},
        {"Authorization": "Bearer é"}, {"X-API-Key": "sk_000000000000_" + "A" * 43},
    ],
)  # fmt: skip
def test_without_its_secret_label_studios_webhook_is_refused(
    client: TestClient, hook: dict[str, Any], headers: dict[str, str]
) -> None:
    """Whatever is wrong with it, the answer is the same, and nothing is kept."""
    sent = {name: value.encode() for name, value in headers.items()}
    answer = client.post(hook["url"], json=told("TASKS_DELETED", tasks=[]), headers=sent)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert _shown(client, hook)["last_received_at"] is None


def test_cvats_webhook_is_signed(client: TestClient, dataset: str, reader: HookReader) -> None:
    """A job that a push queued is labelled once it is accepted; every wrong signature is 401."""
    hook = _hook(client, dataset, "cvat")
    made = {"scene_id": "room/1", "state": "queued", "source": "cvat:main/7", "ref": "job:5"}
    with _sessions(client).begin() as session:
        Labels(session).record(dataset, LabelsRequest.model_validate({"events": [made]}))
    job = {"id": 5, "task_id": 3, "project_id": 7, "stage": "acceptance", "state": "completed"}
    payload = {"event": "update:job", "job": job, "webhook_id": 1}
    body = json.dumps(payload).encode()
    good = _signed(hook, body)["X-Signature-256"]
    wrong = (
        None, "", good.removeprefix("sha256="), good.upper(), good[:-1], f"{good}0",
        _signed(hook, body + b" ")["X-Signature-256"], f"sha256={hook['secret']}",
    )  # fmt: skip
    for signature in wrong:
        headers = {} if signature is None else {"X-Signature-256": signature}
        answer = client.post(hook["url"], content=body, headers=headers | _bearer(hook))
        assert answer.status_code == 401, signature
    assert client.post(hook["url"], content=body, headers=_signed(hook, body)).status_code == 204
    _work_off(reader)
    assert _states(client, dataset) == {"room/1": "labelled"}


def test_an_unknown_hook_is_not_found(client: TestClient, dataset: str) -> None:
    """Guessed, of another kind, or with more behind it: no answer tells that a hook is near."""
    cvat = _hook(client, dataset, "cvat")
    for path in (f"/v1/hooks/{NEVER}", "/v1/hooks/x", f"/v1/hooks/{NEVER}/label-studio/webhook"):
        answer = client.post(path, json={})
        assert (answer.status_code, answer.json()["title"]) == (404, "Not found")
    for name in ("health", "versions"):
        assert client.get(f"{cvat['url']}/label-studio/{name}").status_code == 404
    assert client.post(f"{cvat['url']}/label-studio/webhook", json={}).status_code == 404
    assert client.get(cvat["url"]).status_code == 405


def test_a_body_is_kept_as_it_came(client: TestClient, hook: dict[str, Any]) -> None:
    """Also one that is no JSON: the platform is answered before anybody looks."""
    bodies = [b"", b"\xff\x00", b"{", b"[" * 1000, json.dumps({"action": "X"}).encode()]
    for body in bodies:
        assert client.post(hook["url"], content=body, headers=_bearer(hook)).status_code == 204
    with _sessions(client)() as session:
        query = select(HookEventRow.body).where(HookEventRow.hook_id == hook["id"])
        assert session.scalars(query.order_by(HookEventRow.id)).all() == bodies


def test_a_body_that_is_too_long_is_refused(client: TestClient, hook: dict[str, Any]) -> None:
    """10 MiB are taken, and not a byte more, whatever its length is said to be."""
    most = 10 * 2**20
    assert client.post(hook["url"], content=b" " * most, headers=_bearer(hook)).status_code == 204
    answer = client.post(hook["url"], content=b" " * (most + 1), headers=_bearer(hook))
    assert answer.status_code == 413
    assert "10 MiB" in answer.json()["detail"]

    def endless() -> Iterator[bytes]:
        for _ in range(11):
            yield b" " * 2**20

    assert client.post(hook["url"], content=endless(), headers=_bearer(hook)).status_code == 413


def test_what_cannot_be_read_is_set_aside_and_holds_up_nothing(
    client: TestClient, dataset: str, hook: dict[str, Any], reader: HookReader
) -> None:
    """The hook says how many such events there are, and why the latest is one."""
    headers = _bearer(hook)
    future = (now() + timedelta(days=3)).isoformat()
    client.post(hook["url"], content=b"no JSON", headers=headers)
    _send(client, hook, [told("TASKS_CREATED", tasks=[task(1, "room/1", future)])])
    _send(client, hook, [told("TASKS_CREATED", tasks=[task(2, "room/2")])])
    _work_off(reader)
    assert _states(client, dataset) == {"room/2": "queued"}
    shown = _shown(client, hook)
    assert (shown["waiting"], shown["set_aside"]) == (0, 2)
    assert "is in the future" in shown["last_problem"]


def test_an_event_that_fails_again_and_again_is_set_aside(
    client: TestClient,
    dataset: str,
    hook: dict[str, Any],
    reader: HookReader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is tried three times here; those behind it wait for it, and come then."""
    tried: list[int] = []
    write = Labels.write

    def poisoned(labels: Labels, dataset_id: str, given: Any) -> Any:  # noqa: ANN401 what the method takes
        if given[0].ref == "task:666":
            tried.append(1)
            raise ZeroDivisionError
        return write(labels, dataset_id, given)

    monkeypatch.setattr(Labels, "write", poisoned)
    _send(client, hook, [told("TASKS_CREATED", tasks=[task(666, "room/1")])])
    _send(client, hook, [told("TASKS_CREATED", tasks=[task(2, "room/2")])])
    assert reader.read_one()
    assert _states(client, dataset) == {}
    _work_off(reader)
    assert len(tried) == 3
    assert _states(client, dataset) == {"room/2": "queued"}
    assert "unexpected" in _shown(client, hook)["last_problem"]


def test_a_hook_whose_event_waits_holds_up_no_other(
    client: TestClient, dataset: str, reader: HookReader
) -> None:
    """While one hook's oldest event is not due, a later one of it waits, and others' are read."""
    slow, quick = _hook(client, dataset), _hook(client, dataset)
    for number in (1, 2):
        _send(client, slow, [told("TASKS_CREATED", tasks=[task(number, f"room/{number}")])])
    with _sessions(client).begin() as session:
        first = select(func.min(HookEventRow.id)).where(HookEventRow.hook_id == slow["id"])
        session.execute(
            update(HookEventRow)
            .where(HookEventRow.id == session.scalar(first))
            .values(due_at=now() + timedelta(minutes=5))
        )
    _send(client, quick, [told("TASKS_CREATED", tasks=[task(3, "room/3")])])
    _work_off(reader)
    assert _states(client, dataset) == {"room/3": "queued"}
    assert _shown(client, slow)["waiting"] == 2


def test_an_event_that_is_another_workers_is_not_said_twice(
    client: TestClient, dataset: str, hook: dict[str, Any], reader: HookReader
) -> None:
    """Whose lease is over says nothing: it is said by who has the event since."""
    _send(client, hook, [told("TASKS_CREATED", tasks=[task(1, "room/1")])])
    sessions = _sessions(client)
    with sessions.begin() as session:
        late = store.claim(session, timedelta(seconds=-1))
    assert late is not None
    _work_off(reader)
    version = client.get(f"/v1/datasets/{dataset}/labels").json()["version"]
    with sessions.begin() as session:
        assert not store.settle(session, late)
    reader._work_off(late)
    assert client.get(f"/v1/datasets/{dataset}/labels").json()["version"] == version == 1


def test_a_deleted_hook_takes_its_inbox_along(
    client: TestClient, dataset: str, hook: dict[str, Any], reader: HookReader
) -> None:
    """What was not worked off is gone; what was said stays said."""
    _send(client, hook, [told("TASKS_CREATED", tasks=[task(1, "room/1")])])
    _work_off(reader)
    _send(client, hook, [told("TASKS_CREATED", tasks=[task(2, "room/2")])])
    path = f"/v1/datasets/{dataset}/hooks/{hook['id']}"
    assert client.delete(path).status_code == 204
    _work_off(reader)
    assert _states(client, dataset) == {"room/1": "queued"}
    with _sessions(client)() as session:
        kept = select(HookEventRow.id).where(HookEventRow.hook_id == hook["id"])
        assert session.scalars(kept).all() == []


def test_a_deleted_dataset_takes_its_hooks_along(
    client: TestClient, dataset: str, hook: dict[str, Any]
) -> None:
    """Its address is good for nothing any more."""
    _send(client, hook, [told("TASKS_CREATED", tasks=[task(1, "room/1")])])
    assert client.delete(f"/v1/datasets/{dataset}").status_code == 204
    assert client.post(hook["url"], json={}, headers=_bearer(hook)).status_code == 404
    with _sessions(client)() as session:
        assert session.scalars(select(HookRow).where(HookRow.id == hook["id"])).all() == []


def test_our_own_failure_is_503(client: TestClient, hook: dict[str, Any]) -> None:
    """CVAT sends again what is answered 5xx, and never what is answered 4xx."""
    engine = _sessions(client).kw["bind"]

    def fail(*_: object) -> None:
        raise OperationalError("", {}, OSError())  # noqa: EM101 a statement

    events.listen(engine, "before_cursor_execute", fail)
    try:
        answer = client.post(hook["url"], json={}, headers=_bearer(hook))
    finally:
        events.remove(engine, "before_cursor_execute", fail)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert "nothing was changed" in answer.json()["detail"]


def test_what_is_worked_off_is_not_kept_for_ever(
    client: TestClient, hook: dict[str, Any], reader: HookReader
) -> None:
    """A body goes when it is worked off, the row with retention; what waits stays."""
    _send(client, hook, [told("TASKS_CREATED", tasks=[task(1, "room/1")])])
    client.post(hook["url"], content=b"no JSON", headers=_bearer(hook))
    _work_off(reader)
    _send(client, hook, [told("TASKS_CREATED", tasks=[task(2, "room/2")])])
    with _sessions(client).begin() as session:
        mine = HookEventRow.hook_id == hook["id"]
        rows = session.execute(
            select(HookEventRow.status, HookEventRow.body).where(mine).order_by(HookEventRow.id)
        )
        found = [(row.status, bool(row.body)) for row in rows]
        assert found == [("done", False), ("set_aside", True), ("waiting", True)]
        assert store.forget(session, now() - timedelta(minutes=5), 100) == 0
        assert store.forget(session, now() + timedelta(minutes=5), 100) >= 2
        left = session.scalars(select(HookEventRow.status).where(mine)).all()
        assert left == ["waiting"]


def test_the_log_does_not_have_the_hook(
    client: TestClient, hook: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Who reads the log cannot send, nor by the log of whoever deletes it."""
    client.post(hook["url"], json={}, headers=_bearer(hook))
    client.get(f"{hook['url']}/label-studio/health")
    client.delete(f"/v1/datasets/{hook['dataset_id']}/hooks/{hook['id']}")
    captured = capsys.readouterr()
    written = captured.out + captured.err
    assert "/v1/hooks/..." in written
    assert hook["id"] not in written
    assert hook["secret"] not in written


def test_a_bulk_of_tasks_is_one_event(
    client: TestClient, dataset: str, hook: dict[str, Any], reader: HookReader
) -> None:
    """Hundreds of tasks, with annotations of all of them deleted again."""
    tasks = [task(number, SCENES[number % 6]) for number in range(500)]
    _send(client, hook, [told("TASKS_CREATED", tasks=tasks)])
    ones = [annotation(number, of) for number, of in enumerate(tasks)]
    _send(client, hook, [told("ANNOTATIONS_CREATED", annotation=ones, task=tasks)])
    _work_off(reader)
    assert set(_states(client, dataset).values()) == {"labelled"}
    gone = [{"id": number} for number in range(500)]
    _send(client, hook, [told("ANNOTATIONS_DELETED", annotations=gone)])
    _work_off(reader)
    assert set(_states(client, dataset).values()) == {"queued"}
    _send(client, hook, [told("TASKS_DELETED", tasks=gone)])
    _work_off(reader)
    assert _states(client, dataset) == {}
