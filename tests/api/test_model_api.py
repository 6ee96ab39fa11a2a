"""Label Studio's model under a hook: its scores are the order of a whole seed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from label_studio_traffic import UID, prediction, set_up, task, told

from app.hooks.reading import HookReader
from app.operations import store as operations
from app.seeds.solving import Solver

QUICK = {"budget": {"fraction": 0.4}, "objective": "seedal", "time_limit_s": 5}


@pytest.fixture(scope="module")
def solver(client: TestClient) -> Iterator[Solver]:
    """Return what a worker solves with."""
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    solver = Solver(app_state.settings, app_state.sessions)
    yield solver
    solver.close()


@pytest.fixture
def model(client: TestClient, ready: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return where Label Studio finds a model of a dataset that is ready; set-ups do not wait."""
    monkeypatch.setattr("app.hooks.models._WAIT_S", 0)
    made = client.post(f"/v1/datasets/{ready}/hooks", json={"kind": "label_studio"}).json()
    path: str = made["model_url"]
    return path


@pytest.fixture
def solve(client: TestClient, solver: Solver) -> Callable[[], int]:
    """Return a function that does what a worker does with all that waits; it says how much."""
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI

    def run() -> int:
        with app_state.sessions() as session:
            waiting = [row.id for row in operations.active(session) if row.kind == "solve"]
        for name in waiting:
            solver.solve(name)
        return len(waiting)

    run()
    return run


def _scenes(client: TestClient, dataset: str) -> list[str]:
    return [s["scene_id"] for s in client.get(f"/v1/datasets/{dataset}/scenes").json()["items"]]


def _tasks(client: TestClient, dataset: str) -> list[dict[str, Any]]:
    return [task(100 + k, name) for k, name in enumerate(_scenes(client, dataset))]


def test_the_model_is_there(client: TestClient, model: str) -> None:
    """Label Studio asks for health first, and knows no seed yet."""
    assert client.get(f"{model}/health").json() == {"status": "UP", "model_class": "SeedAL"}
    assert client.get(f"{model}/versions").json() == {"versions": []}


def test_scores_are_the_ranks_of_the_whole_seed(
    client: TestClient, ready: str, model: str, solve: Callable[[], int]
) -> None:
    """Set-up answers before the seed is there; then each task's score is its rank in the seed.

    One task alone has the score that it has among all.
    """
    question = {**QUICK, "budget": {"fraction": 0.43}}  # that no other test asks
    answer = client.post(f"{model}/setup", json=set_up(**question))
    assert answer.json() == {"model_version": ""}
    early = client.post(f"{model}/predict", json=prediction(_tasks(client, ready)))
    assert early.status_code == 503
    assert early.headers["Retry-After"] == "1"
    assert early.json()["detail"].endswith("ask again in a moment.")
    assert solve() == 1
    version = client.post(f"{model}/setup", json=set_up(**question)).json()["model_version"]
    seed = client.get(f"/v1/seeds/{version.removeprefix('seedal-')}").json()
    ranks = {scene["scene_id"]: scene["rank"] for scene in seed["scenes"]}
    tasks = [*_tasks(client, ready), task(7, "of another dataset")]
    results = client.post(f"{model}/predict", json=prediction(tasks)).json()["results"]
    assert [one["result"] for one in results] == [[]] * len(tasks)
    assert {one["model_version"] for one in results} == {version}
    scores = {of["data"]["scene_id"]: one["score"] for of, one in zip(tasks, results, strict=True)}
    assert sorted(ranks, key=lambda name: scores[name]) == sorted(
        ranks, key=lambda name: ranks[name]
    )
    assert len({scores[name] for name in ranks}) == len(ranks)
    assert {scores[name] for name in scores if name not in ranks} == {1.0}
    assert max(scores[name] for name in ranks) < 1.0
    for of, one in zip(tasks, results, strict=True):
        assert client.post(f"{model}/predict", json=prediction([of])).json() == {"results": [one]}
    assert client.get(f"{model}/versions").json() == {"versions": [version]}


def test_a_question_that_was_asked_before_is_answered_at_once(
    client: TestClient, ready: str, model: str, solve: Callable[[], int]
) -> None:
    """The same seed as `POST /v1/datasets/{id}/seeds` gives, and no second solve."""
    question = {**QUICK, "budget": {"fraction": 0.5}}
    seed = client.post(f"/v1/datasets/{ready}/seeds", json=question).json()
    answer = client.post(f"{model}/setup", json=set_up(**question))
    assert answer.json() == {"model_version": f"seedal-{seed['id']}"}
    assert solve() == 0


def test_asking_again_starts_no_second_solve(
    client: TestClient, model: str, solve: Callable[[], int]
) -> None:
    """Each opened task asks for the set-up; one seed is solved for all of them."""
    question = {**QUICK, "budget": {"fraction": 0.31}}
    for _ in range(3):
        assert client.post(f"{model}/setup", json=set_up(**question)).json()["model_version"] == ""
    assert solve() == 1


def test_without_a_question_a_tenth_is_asked_for(
    client: TestClient, ready: str, model: str, solve: Callable[[], int]
) -> None:
    """A prediction before any set-up, and a set-up that says nothing, ask the same.

    A tenth of nine scenes buys none, and the sentence says so.
    """
    request = prediction(_tasks(client, ready)[:1])
    assert client.post(f"{model}/predict", json=request).status_code == 503
    assert solve() == 1
    for empty in (None, {}, "", "  "):
        body = {"project": UID, "extra_params": empty}
        answer = client.post(f"{model}/setup", json=body)
        assert answer.status_code == 409
        assert "The budget of 2.7 is below the cheapest scene" in answer.json()["detail"]
        assert client.post(f"{model}/setup", json=body).json() == {"model_version": ""}
        assert solve() == 1


def test_another_question_gets_another_seed(
    client: TestClient, model: str, solve: Callable[[], int]
) -> None:
    """Also as the text that Label Studio's form sends; projects do not mix."""
    versions = set()
    for fraction in (0.4, 0.8):
        question = json.dumps({**QUICK, "budget": {"fraction": fraction}})
        body = {"project": UID, "extra_params": question}
        client.post(f"{model}/setup", json=body)
        solve()
        versions.add(client.post(f"{model}/setup", json=body).json()["model_version"])
    body = {"project": "26.1", "extra_params": {**QUICK, "budget": {"fraction": 0.4}}}
    versions.add(client.post(f"{model}/setup", json=body).json()["model_version"])
    assert len(versions) == 2
    assert set(client.get(f"{model}/versions").json()["versions"]) == versions


def test_training_asks_again_with_what_is_labelled(
    client: TestClient,
    register: Callable[..., dict[str, Any]],
    extract: Callable[..., object],
    pool: Path,
    solve: Callable[[], int],
) -> None:
    """Until then the seed stays; the next one does not choose what is labelled already."""
    registered = register({"kind": "images", "root": str(pool)}, name="trained")
    extract(registered)
    dataset = registered["dataset"]["id"]
    hook = client.post(f"/v1/datasets/{dataset}/hooks", json={"kind": "label_studio"}).json()
    model = hook["model_url"]

    def version() -> str:
        client.post(f"{model}/setup", json=set_up(**QUICK))
        solve()
        found: str = client.post(f"{model}/setup", json=set_up(**QUICK)).json()["model_version"]
        return found

    first = version()
    chosen = client.get(f"/v1/seeds/{first.removeprefix('seedal-')}").json()["scenes"]
    labelled = chosen[0]["scene_id"]
    events = [{"scene_id": labelled, "state": "labelled"}]
    client.post(f"/v1/datasets/{dataset}/labels", json={"events": events})
    assert version() == first
    answer = client.post(f"{model}/webhook", json=told("START_TRAINING"))
    assert (answer.status_code, answer.json()) == (200, {"status": "taken"})
    reader = HookReader(client.app.state.app_state.sessions)  # type: ignore[attr-defined]  # starlette knows it as ASGI
    while reader.read_one():
        pass
    second = version()
    assert second != first
    seed = client.get(f"/v1/seeds/{second.removeprefix('seedal-')}").json()
    assert labelled not in {scene["scene_id"] for scene in seed["scenes"]}
    assert seed["constraints"]["labelled"] == [labelled]


@pytest.mark.parametrize(
    "extra",
    [
        {"budget": {"fraction": 2}}, {"budget": {}}, {"unknown": 1}, {"objective": "best"}, "{", 7,
        [1], "[1]", {"callback": {"url": "http://x", "secret": "x"}},
        {"budget": {"fraction": 0.1}, "resource": "euros"},
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_asked_is_one_sentence(
    client: TestClient, model: str, extra: object
) -> None:
    """Label Studio shows that the set-up failed; the sentence says which member is wrong."""
    answer = client.post(f"{model}/setup", json={"project": UID, "extra_params": extra})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]


def test_a_solve_that_failed_is_told_and_can_be_asked_for_again(
    client: TestClient, model: str, solve: Callable[[], int]
) -> None:
    """A cancelled operation is no seed; who asks again gets a new one."""
    question = {**QUICK, "budget": {"fraction": 0.61}}
    client.post(f"{model}/setup", json=set_up(**question))
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    with app_state.sessions() as session:
        (name,) = [row.id for row in operations.active(session) if row.kind == "solve"]
    assert client.post(f"/v1/operations/{name}:cancel").status_code == 200
    answer = client.post(f"{model}/setup", json=set_up(**question))
    assert answer.status_code == 409
    assert client.post(f"{model}/setup", json=set_up(**question)).json()["model_version"] == ""
    assert solve() == 1
    assert client.post(f"{model}/setup", json=set_up(**question)).json()["model_version"]


def test_credentials_may_be_sent_and_must_be_right_then(
    client: TestClient, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Label Studio's Basic authentication has the secret as the password; its webhook has none."""
    monkeypatch.setattr("app.hooks.models._WAIT_S", 0)
    hook = client.post(f"/v1/datasets/{ready}/hooks", json={"kind": "label_studio"}).json()
    model = hook["model_url"]
    for path, send in (("health", client.get), ("webhook", client.post)):
        assert send(f"{model}/{path}").status_code == 200
        assert send(f"{model}/{path}", auth=("seedal", hook["secret"])).status_code == 200
        assert send(f"{model}/{path}", auth=("seedal", "sk_abc")).status_code == 401


def test_so_many_projects_use_a_model(
    client: TestClient, model: str, solve: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more is a conflict: an address that got around does not fill the database."""
    monkeypatch.setattr("app.hooks.models._MOST", 1)
    body = {"extra_params": {**QUICK, "budget": {"fraction": 0.4}}}
    assert client.post(f"{model}/setup", json={**body, "project": "1.1"}).status_code == 200
    answer = client.post(f"{model}/setup", json={**body, "project": "2.1"})
    assert answer.status_code == 409
    assert "make another" in answer.json()["detail"]
    solve()


def test_a_dataset_that_is_not_ready_has_no_model(
    client: TestClient, register: Callable[..., dict[str, Any]], pool: Path
) -> None:
    """Health is fine, and the set-up says why there is no seed."""
    dataset = register({"kind": "images", "root": str(pool)}, name="raw")["dataset"]["id"]
    hook = client.post(f"/v1/datasets/{dataset}/hooks", json={"kind": "label_studio"}).json()
    assert client.get(f"{hook['model_url']}/health").status_code == 200
    answer = client.post(f"{hook['model_url']}/setup", json=set_up(**QUICK))
    assert answer.status_code == 409
    assert "is registered" in answer.json()["detail"]
