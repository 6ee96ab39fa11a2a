"""What an extraction does when things go wrong under it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from app.datasets import extraction
from app.datasets.extraction import ExtractionOutcome
from app.datasets.translate import feature_settings
from app.datasets.wire import FeatureRequest
from app.operations import store as operations
from app.settings import Settings
from features.pipeline import Preparation

Register = Callable[..., dict[str, Any]]
Extract = Callable[[dict[str, Any]], ExtractionOutcome]


def _raise(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_an_unexpected_error_ends_the_operation_without_its_reason(
    client: TestClient,
    register: Register,
    extract: Extract,
    pool: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What nobody thought of fails the operation and points to the log."""
    monkeypatch.setattr(extraction, "read_source", _raise(RuntimeError("secret")))
    registered = register({"kind": "images", "root": str(pool)})
    assert extract(registered) is ExtractionOutcome.STOPPED
    operation = client.get(f"/v1/operations/{registered['operation']['id']}").json()
    assert operation["status"] == "failed"
    assert "log" in operation["error"]["detail"]
    assert "secret" not in operation["error"]["detail"]


def test_a_database_that_is_away_is_not_the_datasets_fault(
    client: TestClient,
    register: Register,
    extract: Extract,
    pool: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A failure of the database is raised, so that the step is tried again."""
    registered = register({"kind": "images", "root": str(pool)})
    with monkeypatch.context() as patch:
        patch.setattr(operations, "start", _raise(OperationalError("", {}, Exception())))
        with pytest.raises(OperationalError):
            extract(registered)
    path = f"/v1/operations/{registered['operation']['id']}"
    assert client.get(path).json()["status"] == "not_started"
    assert extract(registered) is ExtractionOutcome.DONE
    assert client.get(path).json()["status"] == "succeeded"


@pytest.mark.parametrize("step", ["run_group", "finish"])
def test_cancelling_in_the_middle_stops_at_the_next_step(
    client: TestClient,
    register: Register,
    extract: Extract,
    pool: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """A cancellation while images are read or signatures are made wins over the result."""
    registered = register({"kind": "images", "root": str(pool)})
    path = f"/v1/operations/{registered['operation']['id']}"
    genuine = getattr(Preparation, step)

    def cancelled_meanwhile(self: Preparation, *arguments: int) -> object:
        assert client.post(f"{path}:cancel").status_code == 200
        return genuine(self, *arguments)

    monkeypatch.setattr(Preparation, step, cancelled_meanwhile)
    assert extract(registered) is ExtractionOutcome.STOPPED
    assert client.get(path).json()["status"] == "cancelled"
    dataset = client.get(f"/v1/datasets/{registered['dataset']['id']}").json()
    assert (dataset["status"], dataset["usable_scene_count"]) == ("failed", None)


def test_a_pool_that_was_not_read_cannot_be_extracted(
    client: TestClient, register: Register, pool: Path
) -> None:
    """A group asked for before the source was read fails the operation instead of inventing one."""
    registered = register({"kind": "images", "root": str(pool)})
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    names = (registered["operation"]["id"], registered["dataset"]["id"])
    attempt = extraction.ExtractionJob(app_state.settings, app_state.sessions, *names)
    assert attempt.extract_group(0) is ExtractionOutcome.STOPPED
    assert client.get(f"/v1/operations/{names[0]}").json()["status"] == "failed"


def test_a_sparsified_dataset_compares_some_frames_of_each_sequence(
    client: TestClient, register: Register, extract: Extract, pool: Path
) -> None:
    """Of a sequence of like frames one is kept; the others say which stands for them."""
    features = {
        "backbone": "colour_grid",
        "token": "patch_keys",
        "sparsify": {"threshold": -1},
    }
    registered = register({"kind": "images", "root": str(pool)}, features=features)
    assert extract(registered) is ExtractionOutcome.DONE
    path = f"/v1/datasets/{registered['dataset']['id']}"
    dataset = client.get(path).json()
    assert (dataset["status"], dataset["usable_scene_count"]) == ("ready", 2)
    assert dataset["features"]["resolved"]["sparsify"] == {"threshold": -1, "tail": "keep"}
    assert dataset["left_out_count"] == 0  # nothing is wrong with them
    scenes = client.get(f"{path}/scenes").json()["items"]
    usable = {scene["scene_id"] for scene in scenes if scene["usable"]}
    assert len(usable) == 2
    for scene in scenes:
        if scene["scene_id"] not in usable:
            stand_in = scene["left_out_reason"].rpartition("; ")[2].removesuffix(" stands for it")
            assert stand_in in usable
            assert stand_in.startswith(scene["group"])
    seed = client.post(f"{path}/seeds", json={"budget": {"fraction": 0.5}}).json()
    assert seed["provenance"]["sparsify"] == {"threshold": -1, "tail": "keep"}
    operation = client.get(f"/v1/operations/{registered['operation']['id']}").json()
    assert operation["done"] == operation["total"] == 27 + 2 * 3


@pytest.mark.parametrize(
    ("sparsify", "place"),
    [({"threshold": 2}, "threshold"), ({"tail": "cut"}, "tail"), ({"first": 1}, "first")],
)
def test_a_sparsification_that_cannot_be_is_refused(
    client: TestClient, pool: Path, sparsify: dict[str, object], place: str
) -> None:
    """A threshold that is no cosine, an unknown tail or member: 422, with its place."""
    body = {
        "name": "test",
        "source": {"kind": "images", "root": str(pool)},
        "features": {"sparsify": sparsify},
    }
    answer = client.post("/v1/datasets", json=body)
    assert answer.status_code == 422
    assert place in answer.json()["errors"][0]["pointer"]


def test_a_worker_computes_where_its_settings_say(pool: Path) -> None:
    """Device, engine and actors are the worker's, whatever a request asks for."""
    settings = Settings(device="cpu", engine="ray", actors=3, file_roots=(pool,))
    chosen = feature_settings(FeatureRequest(backbone="colour_grid"), settings)
    assert (chosen.device, chosen.engine, chosen.actors) == ("cpu", "ray", 3)
    assert feature_settings(FeatureRequest()).engine == "local"
