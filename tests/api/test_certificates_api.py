"""Certificates over HTTP: each objective, each source, all rules; made once and then given."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from both_checkers import held
from fastapi.testclient import TestClient

from app.choosing.objectives import OBJECTIVES
from app.datasets.extraction import ExtractionOutcome

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COUNT: Final = 9
SCENES: Final = [
    {
        "scene_id": f"s/{k}",
        "costs": {"points": 10 + k, "hours": 1 + k % 3},
        "group": ("north", "south")[k % 2],
    }
    for k in range(COUNT)
]
RULES: Final[dict[str, Any]] = {
    "constraints": {
        "include": ["s/3"],
        "exclude": ["s/0"],
        "labelled": ["s/6"],
        "min_scenes": 2,
        "max_scenes": 4,
        "groups": [{"group": "north", "min": 1, "max": 3}],
    },
    "side_budgets": [{"resource": "hours", "limit": 7}],
}


def _unit_vectors(each: int) -> bytes:
    """Return an upload of float32 vectors of length 1, so many of each scene."""
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(COUNT * each, 24)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.repeat([str(scene["scene_id"]) for scene in SCENES], each)
    stream = io.BytesIO()
    np.savez(stream, scene_ids=ids, vectors=vectors)
    return stream.getvalue()


def _made_ready(
    client: TestClient,
    register: Callable[..., dict[str, Any]],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
    each: int,
) -> str:
    registered = register(
        {"kind": "inline", "scenes": SCENES},
        resource="points",
        features={"backbone": "precomputed", "clusters": 4},
    )
    name: str = registered["dataset"]["id"]
    headers = {"Content-Type": "application/x-npz"}
    sent = client.put(f"/v1/datasets/{name}/vectors", content=_unit_vectors(each), headers=headers)
    assert sent.status_code == 202, sent.text
    assert extract(registered) is ExtractionOutcome.DONE
    return name


@pytest.fixture(scope="module")
def single(
    client: TestClient,
    register: Callable[..., dict[str, Any]],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
) -> str:
    """Return a dataset with one unit vector of each scene, the commonest over HTTP."""
    return _made_ready(client, register, extract, 1)


@pytest.fixture(scope="module")
def several(
    client: TestClient,
    register: Callable[..., dict[str, Any]],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
) -> str:
    """Return a dataset with three vectors of each scene."""
    return _made_ready(client, register, extract, 3)


def _ask(client: TestClient, dataset: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401 any member
    answer = client.post(f"/v1/datasets/{dataset}/seeds", json={"budget": {"fraction": 0.5}} | body)
    assert answer.status_code == 201, answer.text
    seed: dict[str, Any] = answer.json()
    return seed


def _held(client: TestClient, answer: str, folder: Path) -> dict[str, Any]:
    """Download certificate and problem, and check both ways; return the certificate."""
    for what, name in (("certificate", "c.json"), ("problem", "p.npz")):
        sent = client.get(f"{answer}/{what}")
        assert sent.status_code == 200, sent.text
        (folder / name).write_bytes(sent.content)
    return held(folder / "p.npz", folder / "c.json")


def _chosen(problem: Path, certificate: dict[str, Any]) -> set[str]:
    with np.load(problem) as arrays:
        return set(arrays["ids"][certificate["selected"]].tolist())


@pytest.mark.parametrize("rules", [{}, RULES], ids=["budget", "rules"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_each_objective_has_certificates(
    client: TestClient, several: str, objective: str, rules: dict[str, Any], tmp_path: Path
) -> None:
    """Whatever is maximised, both checkers accept the proof of what was answered."""
    seed = _ask(client, several, objective=objective, **rules)
    certificate = _held(client, f"/v1/seeds/{seed['id']}", tmp_path)
    assert certificate["status"] == seed["status"] == "optimal"
    assert certificate["objective"] == pytest.approx(seed["objective"], rel=1e-9)
    chosen = {scene["scene_id"] for scene in seed["scenes"]}
    assert _chosen(tmp_path / "p.npz", certificate) == chosen


@pytest.mark.parametrize("rules", [{}, RULES], ids=["budget", "rules"])
@pytest.mark.parametrize("objective", ["seedal", "pairwise", "centred"])
def test_unit_vectors_are_hashed_as_they_were_given(
    client: TestClient, single: str, objective: str, rules: dict[str, Any], tmp_path: Path
) -> None:
    """A pool of one vector a scene, sent as float32, has certificates that hold."""
    seed = _ask(client, single, objective=objective, **rules)
    assert _held(client, f"/v1/seeds/{seed['id']}", tmp_path)["status"] == "optimal"


def test_images_have_certificates(client: TestClient, ready: str, tmp_path: Path) -> None:
    """So has a pool whose vectors the service made of images."""
    seed = _ask(client, ready, constraints={"labelled": ["floor_0/room 2"]})
    assert _held(client, f"/v1/seeds/{seed['id']}", tmp_path)["status"] == "optimal"


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_each_point_of_a_frontier_has_one(
    client: TestClient, several: str, objective: str, tmp_path: Path
) -> None:
    """A point is proven by itself, with the rules of the frontier."""
    body = {
        "budgets": [{"fraction": part} for part in (0.3, 0.5, 0.8)],
        "objective": objective,
        "constraints": {"exclude": ["s/0"], "labelled": ["s/6"], "max_scenes": 5},
        "side_budgets": RULES["side_budgets"],
    }
    answer = client.post(f"/v1/datasets/{several}/frontiers", json=body)
    assert answer.status_code == 201, answer.text
    frontier, chosen = answer.json(), set[str]()
    for place, point in enumerate(frontier["points"]):
        chosen = (chosen - set(point["removed"])) | set(point["added"])
        certificate = _held(client, f"/v1/frontiers/{frontier['id']}/points/{place}", tmp_path)
        assert certificate["budget"] == point["budget"]["limit"]
        assert certificate["objective"] == pytest.approx(point["objective"], rel=1e-9)
        assert certificate["upper_bound"] <= point["upper_bound"] + 1e-9 * abs(point["upper_bound"])
        assert _chosen(tmp_path / "p.npz", certificate) == chosen


def test_a_point_that_there_is_not(client: TestClient, several: str) -> None:
    """It is a 404 that says which; so is that of a frontier that there is not."""
    body = {"budgets": [{"fraction": 0.3}]}
    frontier = client.post(f"/v1/datasets/{several}/frontiers", json=body).json()["id"]
    for what in ("certificate", "problem"):
        answer = client.get(f"/v1/frontiers/{frontier}/points/1/{what}")
        assert (answer.status_code, "'1'" in answer.json()["detail"]) == (404, True)
        assert client.get(f"/v1/frontiers/none/points/0/{what}").status_code == 404
        assert client.get(f"/v1/frontiers/{frontier}/points/-1/{what}").status_code == 422


def _files(client: TestClient) -> set[Path]:
    settings = client.app.state.app_state.settings  # type: ignore[attr-defined]  # starlette's type
    return set(settings.certificates_dir.glob("*"))


def test_a_certificate_is_made_once(
    client: TestClient, several: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given again it is the same to the byte, and no solve process is asked."""
    path = f"/v1/seeds/{_ask(client, several, budget={'limit': 41})['id']}/certificate"
    first = client.get(path)
    pool = client.app.state.app_state.pool  # type: ignore[attr-defined]  # starlette's type
    monkeypatch.setattr(pool, "answer", lambda *_: pytest.fail("it is made again"))
    again = client.get(path)
    assert again.content == first.content
    for name in ("ETag", "Certificate-Bytes", "Certificate-Seconds"):
        assert again.headers[name] == first.headers[name]
    assert int(first.headers["Certificate-Bytes"]) == len(first.content)
    assert float(first.headers["Certificate-Seconds"]) > 0
    unchanged = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_a_certificate_is_sent_as_it_is_taken(client: TestClient, several: str) -> None:
    """Compressed to who takes gzip, plain to others, and caches are told."""
    path = f"/v1/seeds/{_ask(client, several, budget={'limit': 42})['id']}/certificate"
    answers = {
        accepted: client.get(path, headers={"Accept-Encoding": accepted})
        for accepted in ("gzip", "br, gzip;q=0.5", "identity", "gzip;q=0", "gzip; q=0.0", "br")
    }
    coded = {name: answer.headers.get("Content-Encoding") for name, answer in answers.items()}
    assert coded == {
        "gzip": "gzip",
        "br, gzip;q=0.5": "gzip",
        "identity": None,
        "gzip;q=0": None,
        "gzip; q=0.0": None,
        "br": None,
    }
    assert len({answer.content for answer in answers.values()}) == 1
    assert all("Accept-Encoding" in answer.headers["Vary"] for answer in answers.values())


def test_a_damaged_certificate_is_made_anew(client: TestClient, several: str) -> None:
    """A file that was changed on disk is never sent."""
    path = f"/v1/seeds/{_ask(client, several, budget={'limit': 43})['id']}/certificate"
    before = _files(client)
    first = client.get(path)
    (file,) = _files(client) - before
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(content)
    again = client.get(path)
    assert again.status_code == 200
    assert json.loads(again.content)["selected"] == json.loads(first.content)["selected"]
    assert file.read_bytes() != content
