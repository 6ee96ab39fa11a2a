"""Keys over HTTP: who gets in, what for, and whose things they meet."""

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select
from starlette.applications import Starlette

from app.access.service import SCOPES, Caller, Keys
from app.http import middleware
from app.main import create_app
from app.seeds.questions import new_solve
from app.seeds.wire import SeedRequest
from app.settings import Settings
from app.store.identifiers import new_id, now
from app.store.tables import FrontierRow, KeyRow, SeedRow

BUDGET = {"budget": {"fraction": 0.5}}
SCENES = [{"scene_id": f"s{k}", "cost": 1} for k in range(3)]
SOURCE = {"kind": "inline", "scenes": SCENES}
DATASET = {"name": "a", "source": SOURCE, "features": {"backbone": "colour_grid"}}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Return a client of a service of its own."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("keys"), solve_processes=1)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def make_key(guarded: TestClient) -> Callable[..., str]:
    """Return a function that makes a key."""

    def make(project: str, *scopes: str, days: int | None = None) -> str:
        app_state = guarded.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
        with app_state.sessions.begin() as session:
            keys = Keys(session)
            return keys.create(name="k", project=project, scopes=scopes or SCOPES, days=days)[0]

    return make


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_without_a_key_in_the_database_everybody_may_do_everything(client: TestClient) -> None:
    """A service on loopback works without keys until the first is made, whatever is presented."""
    for headers in ({}, _bearer("a.token.of-a-proxy"), {"X-API-Key": "sk_"}):
        assert client.get("/v1/datasets", headers=headers).status_code == 200


@pytest.mark.parametrize("emptied", [False, True])
def test_beyond_loopback_nobody_gets_in_when_the_last_key_is_gone(
    emptied: bool,  # noqa: FBT001 a case
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A public service never falls open: its last key revoked, or its table of keys emptied."""
    monkeypatch.setattr(middleware, "REMEMBERED_S", 0.0)
    settings = Settings(host="0.0.0.0", data_dir=tmp_path, solve_processes=1)  # noqa: S104 meant
    with TestClient(create_app(settings)) as client:
        assert client.get("/v1/datasets").status_code == 401
        app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
        with app_state.sessions.begin() as session:
            key, info = Keys(session).create(name="k", project="a", scopes=SCOPES, days=None)
        assert client.get("/v1/datasets", headers=_bearer(key)).status_code == 200
        with app_state.sessions.begin() as session:
            Keys(session).revoke(info.id)
            if emptied:
                session.execute(delete(KeyRow))
        for headers in ({}, _bearer(key)):
            assert client.get("/v1/datasets", headers=headers).status_code == 401


def test_once_there_is_a_key_nobody_gets_in_without(
    guarded: TestClient, make_key: Callable[..., str]
) -> None:
    """No key, a wrong one and a malformed one get the same 401; both headers take a good one."""
    key = make_key("a")
    wrong = f"{key[:-1]}{'A' if key[-1] != 'A' else 'B'}"
    details = set()
    for headers in ({}, _bearer(wrong), _bearer("sk_"), {"X-API-Key": "x" * 5000}):
        answer = guarded.get("/v1/datasets", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.headers["Content-Type"] == "application/problem+json"
        details.add(answer.json()["detail"])
    assert len(details) == 1
    assert guarded.get("/v1/datasets", headers=_bearer(key)).status_code == 200
    assert guarded.get("/v1/datasets", headers={"X-API-Key": key}).status_code == 200
    assert guarded.get("/v1/datasets", params={"key": key}).status_code == 401
    for open_path in ("/livez", "/readyz", "/metrics", "/openapi.json", "/"):
        assert guarded.get(open_path).status_code == 200


def test_revoked_and_expired_keys_are_worth_nothing(
    guarded: TestClient, make_key: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key ends when it is revoked, and when its days are over."""
    monkeypatch.setattr(middleware, "REMEMBERED_S", 0.0)
    key, short = make_key("a"), make_key("a", days=1)
    assert guarded.get("/v1/datasets", headers=_bearer(key)).status_code == 200
    app_state = guarded.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    with app_state.sessions.begin() as session:
        Keys(session).revoke(key[:15])
    assert guarded.get("/v1/datasets", headers=_bearer(key)).status_code == 401
    monkeypatch.setattr("app.access.service.now", _in_two_days)
    assert guarded.get("/v1/datasets", headers=_bearer(short)).status_code == 401


def test_a_revoked_key_works_for_five_seconds_at_most() -> None:
    """What the database said is believed for that long since it was asked, and not longer."""
    moment, answers = [100.0], [Caller(), None]

    def lookup(_: str | None) -> Caller | None:
        moment[0] += 2.0  # revoked while the answer is on its way
        return answers.pop(0)

    guard = middleware.Authentication(Starlette(), lookup, clock=lambda: moment[0])
    assert asyncio.run(guard._identify("a key")) == Caller()
    moment[0] = 104.9
    assert asyncio.run(guard._identify("a key")) == Caller()
    assert answers == [None]
    moment[0] = 105.0
    assert asyncio.run(guard._identify("a key")) is None


def _in_two_days() -> datetime:
    return datetime.now(UTC) + timedelta(days=2)


def test_a_key_is_good_for_its_scopes_only(
    guarded: TestClient, make_key: Callable[..., str]
) -> None:
    """What a key has no scope for is a 403 that names the scope."""
    reader = _bearer(make_key("a", "datasets:read"))
    assert guarded.get("/v1/datasets", headers=reader).status_code == 200
    refused = guarded.post("/v1/datasets", json=DATASET, headers=reader)
    assert (refused.status_code, "datasets:write" in refused.json()["detail"]) == (403, True)
    refused = guarded.get("/v1/seeds/x", headers=reader)
    assert (refused.status_code, "seeds:read" in refused.json()["detail"]) == (403, True)


def test_work_is_cancelled_with_the_scope_of_the_work(
    guarded: TestClient, make_key: Callable[..., str]
) -> None:
    """An extraction needs datasets:write, a solve seeds:write; another's is not found, not 403."""
    registered = guarded.post("/v1/datasets", json=DATASET, headers=_bearer(make_key("c"))).json()
    app_state = guarded.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    with app_state.sessions() as session:
        session.bind_to("c")
        request = SeedRequest.model_validate(BUDGET)
        session.add(solve := new_solve(registered["dataset"]["id"], request))
        session.commit()
        names = {"datasets": registered["operation"]["id"], "seeds": solve.id}
    for resource, name in names.items():
        path = f"/v1/operations/{name}:cancel"
        for scope in set(SCOPES) - {f"{resource}:write"}:
            refused = guarded.post(path, headers=_bearer(make_key("c", scope)))
            assert refused.status_code == 403, (scope, resource)
        stranger = _bearer(make_key("d", "datasets:write"))
        assert guarded.post(path, headers=stranger).status_code == 404
        ended = guarded.post(path, headers=_bearer(make_key("c", f"{resource}:write")))
        assert (ended.status_code, ended.json()["status"]) == (200, "cancelled")


def test_every_route_needs_a_scope(guarded: TestClient, make_key: Callable[..., str]) -> None:
    """A key that is good for nothing reaches no route under /v1."""
    key = make_key("a", "seeds:read")
    app_state = guarded.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    with app_state.sessions.begin() as session:
        session.scalars(select(KeyRow).where(KeyRow.prefix == key[3:15])).one().scopes = []
    asked = 0
    for path, operations in guarded.get("/openapi.json").json()["paths"].items():
        for method in operations:
            if path.startswith("/v1/") and not path.startswith(_CAPABILITIES):
                filled = re.sub(r"\{[^}]*\}", "x", path)
                answer = guarded.request(method, filled, headers=_bearer(key))
                assert answer.status_code == 403, (method, path, answer.text)
                asked += 1
    assert asked > 10


def test_every_route_needs_a_key(guarded: TestClient, make_key: Callable[..., str]) -> None:
    """Without a key every call under /v1 is the same 401, and so is whatever is no call."""
    make_key("a")
    paths = guarded.get("/openapi.json").json()["paths"]
    calls = [(method, path) for path, methods in paths.items() for method in methods]
    calls = [
        call
        for call in calls
        if call[1].startswith("/v1/") and not call[1].startswith(_CAPABILITIES)
    ]
    assert len(calls) > 15
    details = set()
    near = ("/v1/", "/v1/none", "/v1/hooks", "/v1/hooks/", "/v1/hooks/x/", "/v1/media/x/y")
    near += ("/v1/hooks/x/label-studio", "/v1/hooks/x/label-studio/none", "/v1/hooks/x/health")
    none = [("get", path) for path in near]
    for method, path in (*calls, *none, ("patch", "/v1/datasets")):
        answer = guarded.request(method, re.sub(r"\{[^}]*\}", "x", path), content=b"{")
        assert answer.status_code == 401, (method, path)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.headers["Content-Type"] == "application/problem+json"
        details.add(answer.json()["detail"])
    assert len(details) == 1


_CAPABILITIES = ("/v1/hooks/{", "/v1/media/{")
"""Paths that are keys by themselves."""

_BODIES = {
    "seeds": BUDGET,
    "frontiers": {"budgets": [{"fraction": 0.5}]},
    "labels": {"events": [{"scene_id": "s0", "state": "labelled"}]},
    "hooks": {"kind": "cvat"},
    "pushes": {"connection": "main"},
    "syncs": {"connection": "main"},
}
"""What is sent to the last part of a path."""


def test_projects_do_not_meet(guarded: TestClient, make_key: Callable[..., str]) -> None:
    """To another project's key, ids of mine are unknown, on every route that takes one."""
    mine, other = _bearer(make_key("mine")), _bearer(make_key("other"))
    registered = guarded.post("/v1/datasets", json=DATASET, headers=mine).json()
    names = {
        "dataset_id": registered["dataset"]["id"],
        "operation_id": registered["operation"]["id"],
        "scene_id": "s0",
        "seed_id": new_id(),
        "frontier_id": new_id(),
        "place": "0",
        "hook": "hk_0",
        "signature": "x",
    }
    app_state = guarded.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    answer = {
        "dataset_id": names["dataset_id"],
        "question_hash": "q",
        "answer": {},
        "created_at": now(),
    }
    with app_state.sessions() as session:
        session.bind_to("mine")
        session.add(SeedRow(id=names["seed_id"], **answer))
        session.add(FrontierRow(id=names["frontier_id"], **answer))
        session.commit()
    paths = guarded.get("/openapi.json").json()["paths"]
    asked = 0
    for path, operations in paths.items():
        if "{" not in path:
            continue
        filled = re.sub(r"\{(\w+)[^}]*\}", lambda match: names[match[1]], path)
        for method in operations:
            body = _BODIES.get(path.rpartition("/")[2], {"tasks": []})
            send = {"json": body} if method == "post" and "cancel" not in path else {}
            wanted = {"scene_id": "s0"} if path.endswith("represented") else {}
            answer = guarded.request(method, filled, headers=other, params=wanted, **send)
            assert answer.status_code == 404, (method, path, answer.text)
            asked += 1
    assert asked > 10
    assert guarded.get("/v1/datasets", headers=other).json()["items"] == []
    assert len(guarded.get("/v1/datasets", headers=mine).json()["items"]) == 1
    path = f"/v1/datasets/{names['dataset_id']}"
    assert guarded.get(path, headers=mine).status_code == 200


def test_a_key_is_not_in_the_log(
    guarded: TestClient, make_key: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The log names a request's key by its beginning alone."""
    key = make_key("a")
    guarded.get("/v1/datasets", headers=_bearer(key))
    captured = capsys.readouterr()
    written = captured.out + captured.err
    assert key[3:15] in written
    assert key[16:] not in written


def test_nothing_but_a_hash_is_stored(guarded: TestClient, make_key: Callable[..., str]) -> None:
    """Whoever reads the database cannot call with what is in it."""
    key = make_key("a")
    app_state = guarded.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    folder = app_state.settings.data_dir
    stored = b"".join(path.read_bytes() for path in folder.glob("seedal.sqlite*"))
    assert key[3:15].encode() in stored
    assert key[16:].encode() not in stored
