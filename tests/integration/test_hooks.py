"""Webhooks against real processes and both databases: nothing is lost, and nothing counts twice."""

import json
import os
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from label_studio_traffic import annotation, evening, morning, prediction, set_up, task, told
from PIL import Image
from postgres import Postgres, installed, running_postgres
from service import Service, opened
from serving import eventually, free_port, serving
from sqlalchemy import func, select, update
from typing_extensions import override

from app.access.signatures import media_signer
from app.hooks import store
from app.hooks.reading import HookReader
from app.hooks.service import Hooks
from app.hooks.wire import HookRequest
from app.jobs.upkeep import Retention
from app.labels.service import Labels
from app.labels.wire import LabelPage
from app.settings import Settings
from app.store.identifiers import now
from app.store.tables import HookEventRow

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

SCENES = [f"room/{number}" for number in range(8)]
_ROOT = Path(__file__).resolve().parents[2]
_READER = """
import threading
from datetime import timedelta
from app.hooks.reading import HookReader
from app.settings import Settings
from app.store.engine import open_engine
from app.store.sessions import open_sessions
sessions = open_sessions(open_engine(Settings().database()))
HookReader(sessions, lease=timedelta(seconds=1)).run(threading.Event())
"""
"""What a worker's thread does, in a process that can be killed."""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Run a PostgreSQL server; skips where none is installed."""
    if not installed():
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Return settings with an empty database of each kind."""
    values: dict[str, Any] = {
        "data_dir": tmp_path / "data", "file_roots": str(tmp_path), "port": free_port(),
        "solve_processes": 1,
    }  # fmt: skip
    if request.param == "postgresql":
        values["database_url"] = request.getfixturevalue("server").new_database()
    return Settings.model_validate(values)


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    """Return a service on an empty database."""
    with opened(settings) as service:
        yield service


def _dataset(service: Service) -> str:
    scenes = [{"scene_id": name, "cost": 1} for name in SCENES]
    return service.register({"kind": "inline", "scenes": scenes})[0]


def _hook(service: Service, dataset: str, name: str = "main") -> str:
    request = HookRequest.model_validate({"kind": "label_studio", "name": name})
    with service.sessions.begin() as session:
        return Hooks(session, service.settings).create(dataset, request).id


def _put(service: Service, hook: str, *payloads: dict[str, Any]) -> None:
    for payload in payloads:
        with service.sessions.begin() as session:
            store.put(session, hook, json.dumps(payload).encode())


def _ledger(service: Service, dataset: str) -> LabelPage:
    with service.sessions() as session:
        return Labels(session).page(dataset, None, 1000, None)


def _states(service: Service, dataset: str) -> dict[str, str]:
    items = _ledger(service, dataset).items
    return {one.scene_id: one.state.value for one in items if one.state != "removed"}


def _waiting(service: Service) -> int:
    with service.sessions() as session:
        query = select(func.count()).where(HookEventRow.status == store.WAITING)
        return session.scalar(query) or 0


@contextmanager
def _reading(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, **settings.environment()}
    with subprocess.Popen([sys.executable, "-c", _READER], env=environment, cwd=_ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_killed_worker_loses_nothing_and_says_nothing_twice(
    service: Service, settings: Settings
) -> None:
    """Killed in the middle of an inbox, again and again; the last one ends as one alone would."""
    dataset = _dataset(service)
    hook = _hook(service, dataset)
    made = [task(number, SCENES[number % 8]) for number in range(400)]
    _put(service, hook, *(told("TASKS_CREATED", tasks=[one]) for one in made))
    for number, one in enumerate(made[:200]):
        body = told("ANNOTATION_CREATED", annotation=annotation(number, one, lead_time=1), task=one)
        _put(service, hook, body)
    left = _waiting(service)
    assert left == 600
    kills = 0
    while left:
        with _reading(settings) as process:
            goal = max(0, left - 150)
            eventually(lambda goal=goal: _waiting(service) <= goal, "nothing is worked off")  # type: ignore[misc]
            process.kill()
            process.wait()
        kills += 1
        left = _waiting(service)
    assert kills > 2
    ledger = _ledger(service, dataset)
    assert ledger.labelled_count == 8
    assert ledger.version == 600  # each event was new once
    assert ledger.spent == {"seconds": 200.0}
    with service.sessions() as session:
        assert session.scalars(select(HookEventRow.status).distinct()).all() == [store.DONE]


class _Watched(HookReader):
    """Notes in which order events are worked off."""

    order: dict[str, list[str]]

    @override
    def _work_off(self, event: HookEventRow) -> None:
        self.order[event.hook_id].append(event.id)
        super()._work_off(event)


def test_several_workers_keep_the_order_of_each_hook(service: Service) -> None:
    """No event is worked off before an earlier one of its hook, and each hook's by anybody."""
    dataset = _dataset(service)
    hooks = [_hook(service, dataset, name) for name in ("a", "b", "c")]
    for number in range(40):
        for hook in hooks:
            one = task(1, SCENES[number % 8])
            _put(service, hook, told("TASKS_CREATED", tasks=[one]))
    order: dict[str, list[str]] = defaultdict(list)

    def read() -> None:
        reader = _Watched(service.sessions)
        reader.order = order
        while _waiting(service):
            reader.read_one()

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {hook: len(seen) for hook, seen in order.items()} == dict.fromkeys(hooks, 40)
    assert all(seen == sorted(seen) for seen in order.values())
    assert _states(service, dataset) == {SCENES[7]: "queued"}
    assert _ledger(service, dataset).version == 120


def test_a_worker_that_dies_of_an_event_sets_it_aside(service: Service) -> None:
    """An event that ends each worker that tries it is not tried for ever."""
    dataset = _dataset(service)
    hook = _hook(service, dataset)
    _put(service, hook, told("TASKS_CREATED", tasks=[task(1, SCENES[0])]))
    _put(service, hook, told("TASKS_CREATED", tasks=[task(2, SCENES[1])]))
    for _ in range(2):
        with service.sessions.begin() as session:  # whoever had it is dead
            assert store.claim(session, timedelta(seconds=-1)) is not None
    reader = HookReader(service.sessions, schedule_s=(0.0,))
    while reader.read_one():
        pass
    assert _states(service, dataset) == {SCENES[1]: "queued"}
    with service.sessions() as session:
        state = store.states(session, [hook])[hook]
    assert (state.waiting, state.set_aside) == (0, 1)
    assert state.last_problem == "It ended its worker again and again."


class _Journal:
    """The jobs' journal, which has nothing to forget."""

    def forget(self, job_ids: Sequence[str]) -> None:
        raise AssertionError(job_ids)

    def forget_before(self, moment: object, most: int) -> int:
        return 0 * most if moment else 0


def test_old_events_are_forgotten_but_those_that_wait(service: Service) -> None:
    """Retention takes what was worked off or set aside before its days, and nothing else."""
    hook = _hook(service, _dataset(service))
    statuses = (store.DONE, store.SET_ASIDE, store.WAITING)
    for days in (31, 29):
        for status in statuses:
            with service.sessions.begin() as session:
                store.put(session, hook, f"{status} {days}".encode())
                newest = session.scalar(select(func.max(HookEventRow.id)))
                made = now() - timedelta(days=days)
                changed = update(HookEventRow).where(HookEventRow.id == newest)
                session.execute(changed.values(status=status, received_at=made))
    Retention(service.settings, service.sessions, _Journal()).round()
    with service.sessions() as session:
        left = session.scalars(select(HookEventRow.body).order_by(HookEventRow.id)).all()
    kept = [b"waiting 31", b"done 29", b"set_aside 29", b"waiting 29"]
    assert left == kept


def test_the_key_that_signs_is_made_once(service: Service) -> None:
    """Whoever asks first makes it; all others get the same."""
    start, keys = threading.Barrier(4), []

    def ask() -> None:
        start.wait()
        with service.sessions.begin() as session:
            keys.append(media_signer(session))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 4
    assert len(set(keys)) == 1


def _pool(folder: Path) -> Path:
    for number in range(10):
        place = folder / f"{number:02d}"
        place.mkdir(parents=True)
        picture = Image.radial_gradient("L").rotate(37 * number).resize((64, 48))
        picture.convert("RGB").save(place / f"view {number}.png")
    return folder


def _send(client: httpx2.Client, hook: dict[str, Any], payload: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {hook['secret']}"}
    answer = client.post(hook["url"], json=payload, headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")


def _shown(client: httpx2.Client, dataset: str) -> dict[str, str]:
    items = client.get(f"/v1/datasets/{dataset}/labels").json()["items"]
    return {one["scene_id"]: one["state"] for one in items if one["state"] != "removed"}


def test_a_project_of_label_studio_meets_a_real_server(settings: Settings, tmp_path: Path) -> None:
    """Connected as a model it gets an order; what it sends makes the second round another one."""
    source = {"kind": "images", "root": str(_pool(tmp_path / "pool"))}
    body = {"name": "x", "source": source, "features": {"backbone": "colour_grid"}}
    with serving(settings) as client:
        made = client.post("/v1/datasets", json=body).json()
        operation = f"/v1/operations/{made['operation']['id']}"
        eventually(lambda: client.get(operation).json()["finished_at"] is not None, "extracting")
        dataset = made["dataset"]["id"]
        scenes = [
            one["scene_id"] for one in client.get(f"/v1/datasets/{dataset}/scenes").json()["items"]
        ]
        path = f"/v1/datasets/{dataset}/hooks"
        hook = client.post(path, json={"kind": "label_studio", "name": "main"}).json()
        model = hook["model_url"]
        question = set_up(budget={"fraction": 0.4}, objective="seedal", time_limit_s=2)
        assert client.get(f"{model}/health").json()["status"] == "UP"

        def version() -> str:
            found: str = client.post(f"{model}/setup", json=question).json()["model_version"]
            return found

        eventually(lambda: version() != "", "the seed is not solved")
        first = version()
        tasks = [task(2265 + number, name) for number, name in enumerate(scenes)]
        scored = client.post(f"{model}/predict", json=prediction(tasks)).json()["results"]
        seed = client.get(f"/v1/seeds/{first.removeprefix('seedal-')}").json()
        ordered = sorted(zip(scored, scenes, strict=True), key=lambda pair: pair[0]["score"])
        chosen = [one["scene_id"] for one in seed["scenes"]]
        assert [name for _, name in ordered[: len(chosen)]] == chosen

        for payload in morning(chosen + [name for name in scenes if name not in chosen]):
            _send(client, hook, payload)
        wanted = {"labelled", "skipped", "queued"}
        eventually(lambda: set(_shown(client, dataset).values()) == wanted, "nothing is heard")
        eventually(lambda: client.get(path).json()["items"][0]["waiting"] == 0, "it waits")
        assert _shown(client, dataset)[chosen[0]] == "labelled"
        assert _shown(client, dataset)[chosen[1]] == "skipped"
        assert client.post(f"{model}/webhook", json=told("START_TRAINING")).status_code == 200
        eventually(lambda: version() not in {"", first}, "no second round")
        seed = client.get(f"/v1/seeds/{version().removeprefix('seedal-')}").json()
        assert chosen[0] in seed["constraints"]["labelled"]
        assert chosen[0] not in {one["scene_id"] for one in seed["scenes"]}
        for payload in evening():
            _send(client, hook, payload)
        eventually(lambda: _shown(client, dataset) == {}, "what is deleted is labelled still")


def test_without_its_database_the_receiver_says_503(server: Postgres, tmp_path: Path) -> None:
    """CVAT comes again then; once the database is back, what it sends is taken."""
    settings = Settings.model_validate(
        {"data_dir": tmp_path / "data", "database_url": server.new_database(), "port": free_port()}
    )
    with opened(settings) as service:
        hook = _hook(service, _dataset(service))
        with service.sessions() as session:
            found = store.receiver(session, hook)
    assert found is not None
    made = {"url": f"/v1/hooks/{hook}", "secret": found.secret}
    with serving(settings, "--no-worker") as client:
        _send(client, made, told("TASKS_DELETED", tasks=[{"id": 1}]))
        server.stop()
        try:
            headers = {"Authorization": f"Bearer {found.secret}"}
            answer = client.post(made["url"], json={}, headers=headers, timeout=60)
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "1"
        finally:
            server.start()
        eventually(
            lambda: client.post(made["url"], json={}, headers=headers).status_code == 204,
            "the database is back",
        )
