"""Seeds over HTTP."""

import io
import json
import math
import os
import signal
import threading
import zipfile
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from app.choosing.objectives import OBJECTIVES
from app.datasets.extraction import ExtractionOutcome

ASK = {"strategy": "local_search", "time_limit_s": 1}


def _ask(client: TestClient, dataset_id: str, budget: object, **more: object) -> Response:
    body = {"budget": budget, **ASK, **more}
    return client.post(f"/v1/datasets/{dataset_id}/seeds", json=body)


def test_a_budget_is_answered_with_a_seed(client: TestClient, ready: str) -> None:
    """The seed keeps the budget, is ranked without gaps, and its numbers agree with each other."""
    answer = _ask(client, ready, {"limit": 10})
    assert answer.status_code == 201, answer.text
    seed = answer.json()
    assert answer.headers["Location"] == f"/v1/seeds/{seed['id']}"
    assert seed["dataset_id"] == ready
    assert seed["status"] in {"optimal", "feasible"}
    assert seed["budget"] == {"limit": 10, "resource": "images", "fraction": 10 / 27}
    assert seed["total_cost"] == math.fsum(scene["cost"] for scene in seed["scenes"]) <= 10
    assert [scene["rank"] for scene in seed["scenes"]] == list(range(1, len(seed["scenes"]) + 1))
    assert {scene["group"] for scene in seed["scenes"]} <= {"floor_0", "floor_1"}
    assert seed["upper_bound"] >= seed["objective"]
    assert seed["gap"] >= 0
    assert seed["solver"]["strategy"] == "local_search"
    assert seed["provenance"]["backbone"] == "colour_grid"
    assert "numpy" in seed["provenance"]["versions"]
    assert client.get(answer.headers["Location"]).json() == seed


def test_the_same_question_gets_the_same_seed(client: TestClient, ready: str) -> None:
    """A question asked again is answered from the store; a changed one is not."""
    first = _ask(client, ready, {"limit": 12}).json()
    assert _ask(client, ready, {"limit": 12}).json() == first
    assert _ask(client, ready, {"limit": 12}, random_seed=1).json()["id"] != first["id"]
    assert _ask(client, ready, {"limit": 12}, objective="pairwise").json()["id"] != first["id"]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_can_be_asked_for(client: TestClient, ready: str, objective: str) -> None:
    """Each gives a seed within the budget, and a bound that is not below it."""
    answer = _ask(client, ready, {"limit": 13}, objective=objective)
    assert answer.status_code == 201, answer.text
    seed = answer.json()
    assert seed["scenes"]
    assert seed["total_cost"] <= 13
    assert seed["upper_bound"] >= seed["objective"]


def test_the_document_lists_every_objective(client: TestClient) -> None:
    """What OpenAPI offers is what there is."""
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["SeedRequest"]["properties"]["objective"]["enum"] == list(OBJECTIVES)


def test_two_who_ask_at_once_get_one_seed(client: TestClient, ready: str) -> None:
    """The same new question asked twice at the same time is stored once."""
    seeds: list[dict[str, Any]] = []
    ask = [
        threading.Thread(target=lambda: seeds.append(_ask(client, ready, {"limit": 15}).json()))
        for _ in range(2)
    ]
    for thread in ask:
        thread.start()
    for thread in ask:
        thread.join()
    assert seeds[0]["id"] == seeds[1]["id"]


def test_a_fraction_is_of_what_all_usable_scenes_cost(client: TestClient, ready: str) -> None:
    """A third of 27 images is a budget of 9, and is the same question as that limit."""
    seed = _ask(client, ready, {"fraction": 1 / 3}).json()
    assert seed["budget"]["limit"] == pytest.approx(9)
    assert seed["total_cost"] <= seed["budget"]["limit"]


def test_everything_is_chosen_where_the_budget_pays_for_it(client: TestClient, ready: str) -> None:
    """A budget of everything buys everything."""
    seed = _ask(client, ready, {"fraction": 1.0}).json()
    assert (len(seed["scenes"]), seed["total_cost"]) == (9, 27)


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"budget": {"limit": 2.5}}, "#/budget", "budget of 2.5 is below the cheapest scene"),
        ({"budget": {"limit": 0}}, "#/budget/limit", "greater than 0"),
        ({"budget": {"limit": "5"}}, "#/budget/limit", "number"),
        ({"budget": {"limit": True}}, "#/budget/limit", "number"),
        ({"budget": {"fraction": 1.5}}, "#/budget/fraction", "less than or equal to 1"),
        ({"budget": {}}, "#/budget", "either limit or fraction"),
        ({"budget": {"limit": 5, "fraction": 0.5}}, "#/budget", "either limit or fraction"),
        ({}, "#/budget", "required"),
        ({"budget": {"limit": 5}, "resource": "points"}, "#/resource", "images"),
        ({"budget": {"limit": 5}, "objective": "beauty"}, "#/objective", "seedal"),
        ({"budget": {"limit": 5}, "strategy": "luck"}, "#/strategy", "greedy"),
        ({"budget": {"limit": 5}, "time_limit_s": 21}, "#/time_limit_s", "at most 20"),
        ({"budget": {"limit": 5}, "time_limit_s": 0}, "#/time_limit_s", "greater than 0"),
        ({"budget": {"limit": 5}, "gap": -0.1}, "#/gap", "greater than or equal to 0"),
        ({"budget": {"limit": 5}, "random_seed": 1.5}, "#/random_seed", "integer"),
        ({"budget": {"limit": 5}, "wishes": []}, "#/wishes", "not permitted"),
        ([], "#", "valid dictionary"),
    ],
)
def test_a_wrong_question_is_refused_by_name(
    client: TestClient, ready: str, body: object, pointer: str, words: str
) -> None:
    """Each mistake is a 422 that points at the member and names the rule."""
    answer = client.post(f"/v1/datasets/{ready}/seeds", json=body)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["errors"][0]["pointer"] == pointer
    assert words in problem["detail"]


def test_a_budget_below_the_cheapest_scene_names_both_numbers(
    client: TestClient, ready: str
) -> None:
    """The problem has a type of its own and tells the budget and the cheapest cost."""
    problem = _ask(client, ready, {"limit": 1}).json()
    assert problem["type"] == "urn:seedal:problem:budget-too-small"
    assert "budget of 1" in problem["detail"]
    assert "costs 3" in problem["detail"]


def test_a_dataset_that_is_not_ready_is_a_conflict(
    client: TestClient, register: Callable[..., dict[str, Any]], pool: Path
) -> None:
    """The request is sound and its time has not come: 409."""
    registered = register({"kind": "images", "root": str(pool)})
    answer = _ask(client, registered["dataset"]["id"], {"limit": 5})
    assert answer.status_code == 409
    assert "registered" in answer.json()["detail"]


def test_what_is_unknown_is_not_found(client: TestClient) -> None:
    """Unknown datasets and seeds are 404 problems."""
    assert _ask(client, "nothing", {"limit": 5}).status_code == 404
    for path in ("/v1/seeds/nothing", "/v1/seeds/nothing/export"):
        assert client.get(path).status_code == 404


def test_a_solve_process_that_dies_costs_one_request(
    client: TestClient, app: FastAPI, ready: str
) -> None:
    """Kill -9 of the solve process is a 500 problem; the next question is answered."""
    process = app.state.app_state.pool._all[0]._process
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    answer = _ask(client, ready, {"limit": 18})
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:seedal:problem:solve-crashed"
    assert "Traceback" not in answer.text
    assert _ask(client, ready, {"limit": 18}).status_code == 201


def test_what_a_solve_cannot_do_is_told_without_a_trace(
    client: TestClient, app: FastAPI, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a solve process cannot read is a 503 problem in a sentence; the process lives on."""
    pid = app.state.app_state.pool._all[0]._process.pid
    settings = app.state.app_state.settings
    away = {"data_dir": settings.data_dir / "away", "cache_dir": settings.data_dir / "away/cache"}
    elsewhere = settings.model_copy(update=away)
    known = _ask(client, ready, {"limit": 20}).json()["provenance"]["dataset_key"]
    monkeypatch.setattr(app.state.app_state, "settings", elsewhere)
    missing = _ask(client, ready, {"limit": 21})
    assert (missing.status_code, "signatures" in missing.json()["detail"]) == (503, True)
    elsewhere.signatures_dir.mkdir(parents=True)
    (elsewhere.signatures_dir / f"{known}.npz").write_bytes(b"damaged")
    answer = _ask(client, ready, {"limit": 21})
    assert answer.status_code == 503
    assert "were damaged and are removed" in answer.json()["detail"]
    assert app.state.app_state.pool._all[0]._process.pid == pid


def test_a_busy_server_says_when_to_come_back(
    client: TestClient, app: FastAPI, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no process free in time the answer is 429 with Retry-After."""
    pool = app.state.app_state.pool
    monkeypatch.setattr(pool, "_patience_s", 0.01)
    process = pool._free.get()
    answer = _ask(client, ready, {"limit": 24})
    pool._free.put(process)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("name", "media_type", "filename"),
    [
        ("json", "application/json", "seed.json"),
        ("csv", "text/csv; charset=utf-8", "seed.csv"),
        ("contact_sheet", "image/png", "contact_sheet.png"),
    ],
)
def test_a_seed_is_downloaded_in_a_format(
    client: TestClient, ready: str, name: str, media_type: str, filename: str
) -> None:
    """An export comes with its type and a file name."""
    seed = _ask(client, ready, {"limit": 10}).json()
    answer = client.get(f"/v1/seeds/{seed['id']}/export", params={"format": name})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{filename}"'
    if name == "json":
        assert answer.json() == seed
    if name == "csv":
        assert answer.text.splitlines()[1].startswith(f"1,{seed['scenes'][0]['scene_id']},")


def test_an_export_has_addresses_that_others_can_open(client: TestClient, ready: str) -> None:
    """Signed files of an export are the very bytes of the images, without a key."""
    seed = _ask(client, ready, {"limit": 10}).json()
    path = f"/v1/seeds/{seed['id']}/export"
    plain, signed = (
        [
            json.loads(line)["images"]
            for line in client.get(
                path, params={"format": "jsonl", "media": media}
            ).text.splitlines()
        ]
        for media in ("source", "signed")
    )
    for image, other in zip(chain(*plain), chain(*signed), strict=True):
        assert client.get(other["uri"]).content == Path(image["uri"]).read_bytes()
    refused = client.get(path, params={"format": "csv", "media": "signed"})
    assert refused.status_code == 422
    assert "media=signed is for these" in refused.json()["detail"]


def test_redal_files_partition_the_dataset(
    client: TestClient,
    register: Callable[..., dict[str, Any]],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
    pool: Path,
) -> None:
    """For a pool in a layout that ReDAL knows, labelled and unlabelled scans are all scans."""
    root = pool.parent / "kitti"
    scans, images = root / "sequences/00/velodyne", root / "sequences/00/image_2"
    scans.mkdir(parents=True)
    images.mkdir()
    for frame, picture in enumerate(sorted(pool.glob("*/*/0.png"))):
        (scans / f"{frame:06d}.bin").write_bytes(b"\0" * 16 * (frame + 1))
        (images / f"{frame:06d}.png").write_bytes(picture.read_bytes())
    registered = register({"kind": "semantic_kitti", "root": str(root), "split": "train"})
    assert extract(registered) is ExtractionOutcome.DONE
    seed = _ask(client, registered["dataset"]["id"], {"limit": 8}).json()
    answer = client.get(f"/v1/seeds/{seed['id']}/export", params={"format": "redal"})
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        labelled = json.loads(archive.read("init_label_scan.json"))
        unlabelled = json.loads(archive.read("init_ulabel_scan.json"))
    assert len(labelled) == len(seed["scenes"])
    everything = [f"00/velodyne/{frame:06d}.bin" for frame in range(9)]
    assert sorted(labelled + unlabelled) == everything


@pytest.fixture
def scanned(
    client: TestClient,
    register: Callable[..., dict[str, Any]],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
    pool: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, Path]:
    """Return the path of a seed of scans, and the folder of the scans."""
    root = pool.parent / tmp_path_factory.mktemp("bundles").name
    scans, images = root / "sequences/00/velodyne", root / "sequences/00/image_2"
    scans.mkdir(parents=True)
    images.mkdir()
    for frame, picture in enumerate(sorted(pool.glob("*/*/0.png"))):
        (scans / f"{frame:06d}.bin").write_bytes(b"\0" * 16 * (frame + 1))
        (images / f"{frame:06d}.png").write_bytes(picture.read_bytes())
    registered = register({"kind": "semantic_kitti", "root": str(root), "split": "train"})
    assert extract(registered) is ExtractionOutcome.DONE
    seed = _ask(client, registered["dataset"]["id"], {"limit": 8}).json()
    return f"/v1/seeds/{seed['id']}", scans


@pytest.mark.parametrize("name", ["cvat", "supervisely"])
def test_files_are_downloaded_with_the_seed(
    client: TestClient, scanned: tuple[str, Path], name: str
) -> None:
    """A zip has the scans and images of the chosen scenes, ranked, at their costs."""
    path, scans = scanned
    seed = client.get(path).json()
    answer = client.get(f"{path}/export", params={"format": name})
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.zip"'
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        order = json.loads(archive.read("seedal.json"))
        contents = {archive.read(one) for one in archive.namelist() if one.endswith(".png")}
    assert [(one["scene_id"], one["cost"]) for one in order["scenes"]] == [
        (one["scene_id"], one["cost"]) for one in seed["scenes"]
    ]
    images = [scans.parent / "image_2" / f"{one['scene_id'][3:]}.png" for one in seed["scenes"]]
    assert contents == {image.read_bytes() for image in images}


@pytest.mark.parametrize("name", ["cvat", "supervisely"])
@pytest.mark.parametrize("damage", ["cut", "gone", "outside"])
def test_a_scan_that_cannot_be_read_refuses_the_download(
    client: TestClient,
    scanned: tuple[str, Path],
    name: str,
    damage: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A scan that is cut, missing or may not be read is a sentence with its scene."""
    path, scans = scanned
    scene = client.get(path).json()["scenes"][-1]["scene_id"]
    scan = scans / f"{scene[3:]}.bin"
    scan.unlink()
    if damage == "cut":
        scan.write_bytes(b"123")
    elif damage == "outside":
        outside = tmp_path_factory.mktemp("elsewhere") / "secret.bin"
        outside.write_bytes(bytes(16))
        scan.symlink_to(outside)
    answer = client.get(f"{path}/export", params={"format": name})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"].startswith(f"Scene '{scene}': ")


def test_a_format_that_does_not_fit_is_refused(client: TestClient, ready: str) -> None:
    """An unknown format and one that does not fit the dataset are 422, each with its reason."""
    seed = _ask(client, ready, {"limit": 10}).json()
    for name, word in (("papyrus", "json, csv"), ("redal", "semantic_kitti")):
        answer = client.get(f"/v1/seeds/{seed['id']}/export", params={"format": name})
        assert answer.status_code == 422
        assert word in answer.json()["detail"]


def test_no_answer_holds_what_json_cannot(client: TestClient, ready: str) -> None:
    """Every number in a seed is finite: an unbounded gap is null."""

    def refuse(constant: str) -> None:
        message = f"{constant} in a response"
        raise AssertionError(message)

    for strategy in ("greedy", "auto"):
        answer = _ask(client, ready, {"limit": 3}, strategy=strategy)
        assert answer.status_code == 201, answer.text
        json.loads(answer.text, parse_constant=refuse)
