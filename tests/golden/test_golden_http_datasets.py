"""Datasets over HTTP: registered, looked at, listed, deleted; their scenes, maps and neighbours."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import PIL.Image
import pytest
from http_service import SCENES, Service, answer_of, serving, vectors
from sources_on_disk import PLACE
from stored import Golden, Plain

OCTETS: Final = {"Content-Type": "application/octet-stream"}

FOLDERS: Final[dict[str, dict[str, Any]]] = {
    "manifest": {"kind": "manifest", "uri": f"file://{PLACE}/manifest/broken.jsonl"},
    "images": {"kind": "images", "root": f"{PLACE}/images"},
    "coco": {"kind": "coco", "root": f"{PLACE}/coco/instances.json", "scene_from": "key:video_id"},
    "semantic_kitti": {
        "kind": "semantic_kitti",
        "root": f"{PLACE}/semantic_kitti",
        "split": "train",
    },
    "s3dis": {"kind": "s3dis", "root": f"{PLACE}/s3dis"},
    "nuscenes": {"kind": "nuscenes", "root": f"{PLACE}/nuscenes", "unit": "keyframe"},
    "scannet": {"kind": "scannet", "root": f"{PLACE}/scannet"},
    "kitti_360": {"kind": "kitti_360", "root": f"{PLACE}/kitti_360"},
}

PAPER: Final = {"objective": "seedal"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> Iterator[Service]:
    """Return a service of this file's own, which may read the sources."""
    with serving(tmp_path_factory.mktemp("service"), sources) as service:
        yield service


@pytest.fixture(scope="module")
def by_vectors(service: Service) -> str:
    """Return the path of a dataset that is ready."""
    return f"/v1/datasets/{service.by_vectors()}"


def test_the_life_of_a_dataset_stays(service: Service) -> None:
    """Registered, waiting, with vectors, ready, deleted: each answer is golden."""
    client, plain, told = service.client, Plain(), {}
    source = {"kind": "inline", "scenes": SCENES}
    features = {"backbone": "precomputed"}
    body = {"name": "Haus 7", "source": source, "features": features, "resource": "points"}
    created = client.post("/v1/datasets", json=body)
    registered = created.json()
    path = f"/v1/datasets/{registered['dataset']['id']}"
    operation = f"/v1/operations/{registered['operation']['id']}"
    told["registered"] = plain(answer_of(created))
    told["too early"] = plain(
        answer_of(client.post(f"{path}/seeds", json={"budget": {"limit": 9}, **PAPER}))
    )
    told["uploaded"] = plain(answer_of(service.upload(registered, vectors())))
    told["uploaded again"] = plain(answer_of(service.upload(registered, vectors())))
    told["others uploaded"] = plain(answer_of(service.upload(registered, vectors(seed=1))))
    told["operation before"] = plain(answer_of(client.get(operation)))
    told["outcome"] = service.work(registered)
    told["dataset"] = plain(answer_of(client.get(path)))
    told["operation"] = plain(answer_of(client.get(operation)))
    told["cancelled too late"] = plain(answer_of(client.post(f"{operation}:cancel")))
    told["deleted"] = plain(answer_of(client.delete(path)))
    told["gone"] = plain(answer_of(client.get(path)))
    told["operation gone"] = plain(answer_of(client.get(operation)))
    Golden("http_datasets").holds("the life of a dataset", told)


@pytest.mark.parametrize("kind", FOLDERS)
def test_datasets_of_images_stay(kind: str, service: Service) -> None:
    """Looked at, extracted and asked: report, dataset, scenes and a seed are golden."""
    client, source = service.client, FOLDERS[kind]
    report = client.post("/v1/datasets:validate", json={"source": source})
    path = f"/v1/datasets/{service.by_images(source)}"
    scenes = client.get(f"{path}/scenes")
    asked = {"budget": {"fraction": 0.6}, "time_limit_s": 60, **PAPER}
    seed = client.post(f"{path}/seeds", json=asked)
    answers = {
        "report": answer_of(report),
        "dataset": answer_of(client.get(path)),
        "scenes": answer_of(scenes),
        "seed": answer_of(seed),
    }
    Golden("http_datasets").holds(f"a dataset of {kind}", Plain()(answers))


def test_a_source_that_is_wrong_stays_reported(service: Service, tmp_path: Path) -> None:
    """A manifest with mistakes is reported line by line, and fails its dataset in one sentence."""
    lines = [{"scene_id": "a", "cost": 1}, {"scene_id": "a", "cost": 2}, {"cost": 3}]
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    uploaded = service.client.post("/v1/manifests", content=content, headers=OCTETS)
    source = {"kind": "manifest", "uri": uploaded.json()["uri"]}
    report = service.client.post("/v1/datasets:validate", json={"source": source})
    registered = service.register(source, features={"backbone": "colour_grid"})
    outcome = service.work(registered)
    dataset = service.client.get(f"/v1/datasets/{registered['dataset']['id']}")
    operation = service.client.get(f"/v1/operations/{registered['operation']['id']}")
    answers = {"uploaded": uploaded, "report": report, "dataset": dataset, "operation": operation}
    told = {name: answer_of(response) for name, response in answers.items()} | {"outcome": outcome}
    Golden("http_datasets").holds("a wrong manifest", Plain({str(tmp_path): "<TMP>"})(told))


def test_scenes_stay(service: Service, by_vectors: str) -> None:
    """Pages of scenes, one scene, its neighbours, and the map of all are golden."""
    get, plain = service.client.get, Plain()
    first = get(f"{by_vectors}/scenes?page_size=6")
    rest = get(first.headers["Link"].partition(">")[0].removeprefix("<"))
    answers = {
        "first page": first,
        "second page": rest,
        "scene": get(f"{by_vectors}/scenes/room/3"),
        "neighbours": get(f"{by_vectors}/scenes/room/3/neighbors?k=5"),
        "no picture": get(f"{by_vectors}/scenes/room/3/thumbnail"),
        "no points": get(f"{by_vectors}/scenes/room/3/pointcloud"),
        "no scene": get(f"{by_vectors}/scenes/nowhere"),
        "no scene's neighbours": get(f"{by_vectors}/scenes/nowhere/neighbors"),
    }
    told = {name: plain(answer_of(response)) for name, response in answers.items()}
    Golden("http_datasets").holds("scenes", told)


def test_maps_stay(service: Service, by_vectors: str) -> None:
    """The map of a dataset is golden, in size if not in signs."""
    answer = answer_of(service.client.get(f"{by_vectors}/map"))
    for axis in ("x", "y"):
        places = answer["body"][axis]
        answer["body"][axis] = [float(f"{place:.4g}") for place in places]
    Golden("http_datasets").holds("map", Plain()(answer))


def test_pictures_and_points_stay(service: Service) -> None:
    """A thumbnail's size and a point cloud's points are golden."""
    path = f"/v1/datasets/{service.by_images(FOLDERS['semantic_kitti'])}/scenes/00/000001"
    told: dict[str, Any] = {}
    for side in (32, 320):
        response = service.client.get(f"{path}/thumbnail", params={"side": side})
        size = PIL.Image.open(io.BytesIO(response.content)).size
        told[f"thumbnail {side}"] = answer_of(response) | {"size": size}
    told["no such image"] = answer_of(service.client.get(f"{path}/thumbnail?image=7"))
    told["points"] = answer_of(service.client.get(f"{path}/pointcloud", params={"points": 5}))
    Golden("http_datasets").holds("pictures and points", Plain()(told))


def test_lists_stay(tmp_path: Path) -> None:
    """Datasets and seeds are listed newest first, page by page, by a service that has few."""
    with serving(tmp_path / "data", tmp_path) as service:
        client, plain = service.client, Plain()
        ready = f"/v1/datasets/{service.by_vectors()}"
        for k in range(2):
            service.await_vectors(callback=None)
            asked = {"budget": {"limit": 500 + 100 * k}, **PAPER}
            client.post(f"{ready}/seeds", json=asked)
        told = {}
        for name, path in (("datasets", "/v1/datasets"), ("seeds", f"{ready}/seeds")):
            for number in range(2):
                page = client.get(path) if number else client.get(f"{path}?page_size=1")
                told[f"{name}, page size {number or 'given'}"] = plain(answer_of(page))
        told["livez"] = plain(answer_of(client.get("/livez")))
        told["readyz"] = plain(answer_of(client.get("/readyz")))
    Golden("http_datasets").holds("lists", told)


def test_the_openapi_document_stays(service: Service) -> None:
    """Every call and every schema of the document is golden."""
    document = service.client.get("/openapi.json").json()
    document["info"]["version"] = "<version>"
    golden = Golden("openapi")
    golden.holds("rest", {k: v for k, v in document.items() if k not in {"paths", "components"}})
    for path, calls in document["paths"].items():
        golden.holds(path, calls)
    for kind, entries in document["components"].items():
        for name, entry in entries.items():
            golden.holds(f"{kind}/{name}", entry)
    golden.has_no_others(
        {"rest", *document["paths"]}
        | {f"{kind}/{name}" for kind, entries in document["components"].items() for name in entries}
    )
