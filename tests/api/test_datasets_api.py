"""Datasets over HTTP."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from app.datasets.extraction import ExtractionOutcome
from features.sources import KINDS

Register = Callable[..., dict[str, Any]]
Extract = Callable[[dict[str, Any]], ExtractionOutcome]


def _inline(pool: Path, count: int = 3) -> dict[str, Any]:
    picture = str(next(pool.glob("*/*/0.png")))
    scenes = [{"scene_id": f"s{k}", "cost": k + 1, "images": [picture]} for k in range(count)]
    return {"kind": "inline", "scenes": scenes}


def test_registering_is_accepted_with_an_operation(client: TestClient, pool: Path) -> None:
    """A dataset is accepted at once; Location names the operation that makes it ready."""
    body = {"name": "Haus 7", "source": {"kind": "images", "root": str(pool)}}
    answer = client.post("/v1/datasets", json=body)
    assert answer.status_code == 202
    dataset, operation = answer.json()["dataset"], answer.json()["operation"]
    assert answer.headers["Location"] == f"/v1/operations/{operation['id']}"
    assert (dataset["status"], operation["status"]) == ("registered", "not_started")
    assert dataset["created_at"].endswith("Z")
    assert dataset["operation_id"] == operation["id"]
    assert client.get(f"/v1/datasets/{dataset['id']}").json() == dataset
    assert client.get(answer.headers["Location"]).json() == operation


def test_a_ready_dataset_says_what_it_is(client: TestClient, ready: str) -> None:
    """Once ready, counts, costs and the features that were used are told."""
    dataset = client.get(f"/v1/datasets/{ready}").json()
    assert dataset["status"] == "ready"
    assert dataset["error"] is None
    assert (dataset["scene_count"], dataset["usable_scene_count"]) == (9, 9)
    assert (dataset["resource"], dataset["resources"]) == ("images", ["images"])
    assert (dataset["total_cost"], dataset["cheapest_cost"]) == (27, 3)
    resolved = dataset["features"]["resolved"]
    assert (resolved["backbone"], resolved["token"]) == ("colour_grid", "cls")
    assert dataset["source"]["cost_origin"]
    assert dataset["notes"]


def test_an_extraction_is_told_by_its_operation(
    client: TestClient, register: Register, extract: Extract, pool: Path
) -> None:
    """A finished operation is at 100 percent, with its times."""
    registered = register(_inline(pool))
    assert extract(registered) is ExtractionOutcome.DONE
    operation = client.get(f"/v1/operations/{registered['operation']['id']}").json()
    assert (operation["status"], operation["percent_complete"]) == ("succeeded", 100)
    assert operation["created_at"] <= operation["started_at"] <= operation["finished_at"]


def test_inline_scenes_are_there_at_once(
    client: TestClient, register: Register, pool: Path
) -> None:
    """Scenes given in the request are stored with it."""
    registered = register(_inline(pool))
    assert registered["dataset"]["scene_count"] == 3
    assert registered["dataset"]["resource"] == "cost"
    assert "scenes" not in registered["dataset"]["source"]
    dataset_id = registered["dataset"]["id"]
    items = client.get(f"/v1/datasets/{dataset_id}/scenes").json()["items"]
    assert [scene["scene_id"] for scene in items] == ["s0", "s1", "s2"]


def test_a_manifest_is_read_by_the_worker(
    client: TestClient, register: Register, extract: Extract, pool: Path
) -> None:
    """A manifest named by a file URI becomes a dataset; other content of a scene is kept."""
    manifest = pool.parent / "scenes.jsonl"
    picture = str(next(pool.glob("*/*/1.png")).relative_to(pool.parent))
    lines = [
        {"scene_id": f"a/{k}", "costs": {"points": k + 1, "hours": 1}, "images": [picture]}
        | {"regions": [1, 2], "external_ids": {"cvat": {"task": k}}, "meta": {"type": "lab"}}
        for k in range(3)
    ]
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    registered = register({"kind": "manifest", "uri": manifest.as_uri()}, resource="points")
    assert extract(registered) is ExtractionOutcome.DONE
    dataset_id = registered["dataset"]["id"]
    dataset = client.get(f"/v1/datasets/{dataset_id}").json()
    assert dataset["resources"] == ["hours", "points"]
    assert dataset["resource"] == "points"
    scene = client.get(f"/v1/datasets/{dataset_id}/scenes/a%2F1").json()
    assert (scene["region_count"], scene["meta"]) == (2, {"type": "lab"})
    assert scene["external_ids"] == {"cvat": {"task": 1}}


def test_a_coco_file_is_grouped_as_the_request_says(
    client: TestClient, register: Register, extract: Extract, pool: Path
) -> None:
    """The rule of the request reaches the worker, and the dataset shows it."""
    names = [str(path.relative_to(pool)) for path in sorted(pool.glob("*/*/*.png"))]
    images = [{"id": i, "file_name": name} for i, name in enumerate(names)]
    file = pool.parent / "instances.json"
    file.write_text(json.dumps({"images": images}))
    rule = {"images_root": str(pool), "scene_from": "(room [0-9]+)/"}
    registered = register({"kind": "coco", "root": str(file), **rule})
    assert extract(registered) is ExtractionOutcome.DONE
    dataset = client.get(f"/v1/datasets/{registered['dataset']['id']}").json()
    assert dataset["source"]["scene_from"] == rule["scene_from"]
    assert (dataset["scene_count"], dataset["resource"]) == (9, "images")


def test_every_kind_can_be_registered(client: TestClient) -> None:
    """The request knows the kinds that the sources know, no fewer and no more."""
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert {"manifest", *schemas["FolderSource"]["properties"]["kind"]["enum"]} == set(KINDS)


def test_a_wrong_manifest_fails_its_dataset_by_file_and_line(
    client: TestClient, register: Register, extract: Extract, pool: Path
) -> None:
    """What is wrong with a source is told by the operation and the dataset, in one sentence."""
    manifest = pool.parent / "wrong.jsonl"
    manifest.write_text('{"scene_id": "a", "cost": 1}\n{"scene_id": "b", "cost": -1}\n')
    registered = register({"kind": "manifest", "uri": str(manifest)})
    assert extract(registered) is ExtractionOutcome.STOPPED
    dataset = client.get(f"/v1/datasets/{registered['dataset']['id']}").json()
    operation = client.get(f"/v1/operations/{registered['operation']['id']}").json()
    assert (dataset["status"], operation["status"]) == ("failed", "failed")
    assert "wrong.jsonl:2" in dataset["error"]
    assert operation["error"]["detail"] == dataset["error"]
    assert dataset["scene_count"] is None


def test_scenes_without_readable_images_are_left_out(
    client: TestClient, register: Register, extract: Extract, pool: Path
) -> None:
    """Unreadable images are listed; a scene that has no other is left out, with the reason."""
    good, broken = pool.parent / "good.png", pool.parent / "broken.png"
    Image.new("RGB", (32, 32), "red").save(good)
    broken.write_text("no picture")
    scenes = [
        {"scene_id": "whole", "cost": 1, "images": [str(good)]},
        {"scene_id": "half", "cost": 1, "images": [str(good), str(broken)]},
        {"scene_id": "lost", "cost": 1, "images": [str(broken)]},
        {"scene_id": "bare", "cost": 1},
    ]
    registered = register({"kind": "inline", "scenes": scenes})
    assert extract(registered) is ExtractionOutcome.DONE
    dataset_id = registered["dataset"]["id"]
    dataset = client.get(f"/v1/datasets/{dataset_id}").json()
    assert (dataset["scene_count"], dataset["usable_scene_count"]) == (4, 2)
    assert [scene["scene_id"] for scene in dataset["left_out"]] == ["lost", "bare"]
    assert dataset["left_out_count"] == 2
    assert [image["scene_id"] for image in dataset["image_failures"]] == ["half", "lost"]
    bare = client.get(f"/v1/datasets/{dataset_id}/scenes/bare").json()
    assert (bare["usable"], bare["left_out_reason"]) == (False, "it has no images")


def test_a_dataset_without_any_readable_image_fails(
    client: TestClient, register: Register, extract: Extract
) -> None:
    """A pool of which nothing can be used is a failed dataset, not an empty one."""
    registered = register({"kind": "inline", "scenes": [{"scene_id": "bare", "cost": 1}]})
    assert extract(registered) is ExtractionOutcome.STOPPED
    dataset = client.get(f"/v1/datasets/{registered['dataset']['id']}").json()
    assert dataset["status"] == "failed"
    assert "bare" in dataset["error"]


def test_pages_list_every_dataset_once(client: TestClient, register: Register, pool: Path) -> None:
    """Following the page tokens shows all datasets, newest first, whatever the page's size."""
    for _ in range(3):
        register(_inline(pool, 1))
    whole = client.get("/v1/datasets", params={"page_size": 1000}).json()
    assert whole["next_page_token"] == ""
    ids, token = [], None
    while token != "":
        params = {"page_size": 2} | ({"page_token": token} if token else {})
        page = client.get("/v1/datasets", params=params).json()
        ids += [dataset["id"] for dataset in page["items"]]
        token = page["next_page_token"]
    assert ids == [dataset["id"] for dataset in whole["items"]]
    assert ids == sorted(ids, reverse=True)


def test_a_deleted_dataset_is_gone(
    client: TestClient, register: Register, extract: Extract, pool: Path
) -> None:
    """Deleting answers 204; afterwards nothing of it is found, and its job stops by itself."""
    registered = register(_inline(pool))
    path = f"/v1/datasets/{registered['dataset']['id']}"
    assert client.delete(path).status_code == 204
    for gone in (path, f"{path}/scenes", f"{path}/scenes/s0"):
        assert client.get(gone).status_code == 404
    assert client.delete(path).status_code == 404
    assert client.get(f"/v1/operations/{registered['operation']['id']}").status_code == 404
    assert extract(registered) is ExtractionOutcome.STOPPED


@pytest.mark.parametrize(
    ("change", "pointer", "words"),
    [
        ({"features": {"backbone": "nonsense"}}, "#/features", "nonsense"),
        ({"features": {"clusters": 0}}, "#/features/clusters", "greater"),
        ({"source": {"kind": "images", "root": "/etc"}}, "#/source/root", "SEEDAL_FILE_ROOTS"),
        ({"source": {"kind": "manifest", "uri": "relative.jsonl"}}, "#/source/uri", "absolute"),
        ({"source": {"kind": "manifest", "uri": "s3://b/a.jsonl"}}, "#/source/uri", "s3://b/a"),
        (
            {"source": {"kind": "s3dis", "root": "POOL", "images_root": "/etc"}},
            "#/source/images_root",
            "outside",
        ),
        ({"source": {"kind": "nonsense", "root": "/"}}, "#/source", "nonsense"),
        (
            {
                "source": {
                    "kind": "coco",
                    "root": "POOL",
                    "scene_from": "(.{0,512}).{0,512}X",
                }
            },
            "#/source/scene_from",
            "must be smaller",
        ),
        (
            {"source": {"kind": "nuscenes", "root": "POOL", "unit": "sweep"}},
            "#/source/unit",
            "keyframe",
        ),
        ({"source": {"kind": "inline", "scenes": []}}, "#/source/scenes", "at least 1"),
        ({"source": {"kind": "inline", "scenes": [{"cost": 1}]}}, "#/source/scenes/0/scene_id", ""),
        (
            {"source": {"kind": "inline", "scenes": [{"scene_id": "a", "cost": True}]}},
            "#/source/scenes/0/cost",
            "number",
        ),
        (
            {"source": {"kind": "inline", "scenes": [{"scene_id": "a", "cost": -1}]}},
            "#/source/scenes",
            "scenes[0]",
        ),
        (
            {"source": {"kind": "inline", "scenes": [{"scene_id": "a", "cost": 1}] * 2}},
            "#/source/scenes",
            "scenes[1]",
        ),
        (
            {
                "source": {
                    "kind": "inline",
                    "scenes": [{"scene_id": "a", "cost": 1, "images": ["/etc/passwd"]}],
                }
            },
            "#/source",
            "outside",
        ),
        ({"name": ""}, "#/name", "at least 1"),
        (
            {"source": {"kind": "inline", "scenes": [{"scene_id": "a", "regions": [False]}]}},
            "#/source/scenes/0/regions/0",
            "integer",
        ),
        ({"name": "a\u0000b"}, "#/name", "NUL"),
        ({"surprise": 1}, "#/surprise", "not permitted"),
        ({"resource": "points"}, "#/source/scenes", "points"),
    ],
)
def test_a_wrong_request_is_refused_by_name(
    client: TestClient, pool: Path, change: dict[str, Any], pointer: str, words: str
) -> None:
    """Each mistake is a 422 that points at the member and names the rule; nothing is stored."""
    before = client.get("/v1/datasets", params={"page_size": 1}).json()["items"]
    body = {"name": "test", "source": _inline(pool), **change}
    text = json.dumps(body).replace("POOL", str(pool))
    answer = client.post("/v1/datasets", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["errors"][0]["pointer"] == pointer
    assert words in problem["detail"]
    assert client.get("/v1/datasets", params={"page_size": 1}).json()["items"] == before


def test_a_link_out_of_the_permitted_folder_is_refused(
    client: TestClient, register: Register, extract: Extract, pool: Path, tmp_path: Path
) -> None:
    """Links are followed before a path is permitted: on the root, and on the images of a source."""
    outside = tmp_path / "outside"
    (outside / "room").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(outside / "room" / "0.png")
    link = pool.parent / "link"
    link.symlink_to(outside)
    body = {"name": "x", "source": {"kind": "images", "root": str(link)}}
    assert client.post("/v1/datasets", json=body).status_code == 422
    sly = pool.parent / "sly"
    sly.mkdir()
    (sly / "room").mkdir()
    (sly / "room" / "0.png").symlink_to(outside / "room" / "0.png")
    registered = register({"kind": "images", "root": str(sly)})
    assert extract(registered) is ExtractionOutcome.STOPPED
    dataset = client.get(f"/v1/datasets/{registered['dataset']['id']}").json()
    assert "SEEDAL_FILE_ROOTS" in dataset["error"]


@pytest.mark.parametrize("led_astray", ["costs.csv", "room", "floor/room"])
def test_a_file_or_folder_beside_the_images_is_no_way_out(
    client: TestClient,
    register: Register,
    extract: Extract,
    validate: Callable[..., dict[str, Any]],
    pool: Path,
    tmp_path: Path,
    led_astray: str,
) -> None:
    """A side file and a sub-folder that are links out are refused, and nothing of them is shown."""
    root = pool.parent / f"beside_{led_astray.replace('/', '_')}"
    (root / "own").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(root / "own" / "0.png")
    (tmp_path / "room").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "room" / "hush.png")
    (tmp_path / "costs.csv").write_text("root:x:hush\n")
    (root / led_astray).parent.mkdir(exist_ok=True)
    (root / led_astray).symlink_to(tmp_path / Path(led_astray).name)
    source = {"kind": "images", "root": str(root)}
    registered = register(source)
    assert extract(registered) is ExtractionOutcome.STOPPED
    dataset = client.get(f"/v1/datasets/{registered['dataset']['id']}").json()
    report = validate(source)
    assert (dataset["status"], report["valid"]) == ("failed", False)
    for told in (dataset["error"], str(report["errors"])):
        assert "is a link that leads out of the folders" in told
        assert f"{root.name}/{led_astray}" in told
    for whole in (str(dataset), str(report)):
        assert "hush" not in whole


def test_links_within_the_permitted_folders_are_followed(
    register: Register, extract: Extract, pool: Path
) -> None:
    """A folder that is put together of links into other permitted folders is a source."""
    root = pool.parent / "together"
    root.mkdir()
    for scene in sorted(pool.glob("floor_0/*")):
        (root / scene.name).symlink_to(scene)
    names = "".join(f"{folder.name},1\n" for folder in root.iterdir())
    (pool.parent / "elsewhere.csv").write_text(f"scene_id,hours\n{names}")
    (root / "costs.csv").symlink_to(pool.parent / "elsewhere.csv")
    registered = register({"kind": "images", "root": str(root)})
    assert extract(registered) is ExtractionOutcome.DONE


@pytest.mark.parametrize("kind", ["images", "inline"])
def test_one_image_that_strays_fails_alone(
    client: TestClient,
    register: Register,
    extract: Extract,
    pool: Path,
    tmp_path: Path,
    kind: str,
) -> None:
    """A link that leads out is listed as a failure and never read; its scene, and others, go on."""
    outside = tmp_path / "secret.png"
    Image.new("RGB", (400, 400), "red").save(outside)
    root = pool.parent / f"astray_{kind}"
    for name in ("half", "lost", "whole"):
        (root / name).mkdir(parents=True)
    for name in ("half", "whole"):
        Image.new("RGB", (32, 32), "blue").save(root / name / "1.png")
    for name in ("half", "lost"):
        (root / name / "0.png").symlink_to(outside)
    images = {folder.name: sorted(map(str, folder.iterdir())) for folder in sorted(root.iterdir())}
    scenes = [{"scene_id": name, "cost": 1, "images": found} for name, found in images.items()]
    folder = {"kind": "images", "root": str(root)}
    registered = register(folder if kind == "images" else {"kind": "inline", "scenes": scenes})
    assert extract(registered) is ExtractionOutcome.DONE
    path = f"/v1/datasets/{registered['dataset']['id']}"
    dataset = client.get(path).json()
    assert (dataset["status"], dataset["usable_scene_count"]) == ("ready", 2)
    assert [failure["scene_id"] for failure in dataset["image_failures"]] == ["half", "lost"]
    assert [scene["scene_id"] for scene in dataset["left_out"]] == ["lost"]
    assert "SEEDAL_FILE_ROOTS" in dataset["left_out"][0]["reason"]
    half = client.get(f"{path}/scenes/half/thumbnail")
    assert half.status_code == 200
    with Image.open(io.BytesIO(half.content)) as picture:
        assert picture.size == (32, 32)
    assert client.get(f"{path}/scenes/lost/thumbnail").status_code == 422
    seed = client.post(f"{path}/seeds", json={"budget": {"fraction": 1}}).json()
    sheet = client.get(f"/v1/seeds/{seed['id']}/export", params={"format": "contact_sheet"})
    with Image.open(io.BytesIO(sheet.content)) as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(2**24) or ()}
    assert (255, 0, 0) not in colours
    assert (0, 0, 255) in colours
