"""Scenes over HTTP."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from fastapi.testclient import TestClient
from PIL import Image


def test_scenes_are_paged_in_the_sources_order(client: TestClient, ready: str) -> None:
    """Following the page tokens shows all scenes once, by position."""
    path = f"/v1/datasets/{ready}/scenes"
    positions, token = [], ""
    while True:
        page = client.get(path, params={"page_size": 4, "page_token": token}).json()
        positions += [scene["position"] for scene in page["items"]]
        token = page["next_page_token"]
        if not token:
            break
    assert positions == list(range(9))


def test_a_scene_is_shown_by_its_id(client: TestClient, ready: str) -> None:
    """An id with slashes and spaces is found, percent-encoded or not."""
    scene_id = "floor_1/room 3"
    for name in (quote(scene_id, safe=""), quote(scene_id)):
        scene = client.get(f"/v1/datasets/{ready}/scenes/{name}").json()
        assert scene["scene_id"] == scene_id
        assert (scene["costs"], scene["group"], scene["usable"]) == ({"images": 3}, "floor_1", True)
        assert len(scene["images"]) == 3


def test_a_thumbnail_is_a_small_jpeg(client: TestClient, ready: str) -> None:
    """A scene's first image comes as a JPEG of at most 320 pixels a side."""
    answer = client.get(f"/v1/datasets/{ready}/scenes/floor_1%2Froom%203/thumbnail")
    assert answer.headers["Content-Type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, image.size) == ("JPEG", (320, 240))


def test_every_image_of_a_scene_is_shown(client: TestClient, ready: str, pool: Path) -> None:
    """The image of a number comes as it lies in the source, as large as was asked for."""
    path = f"/v1/datasets/{ready}/scenes/floor_1%2Froom%203/thumbnail"
    assert client.get(path).content == client.get(f"{path}?image=0&side=320").content
    for number in range(3):
        answer = client.get(path, params={"image": number, "side": 64})
        with (
            Image.open(io.BytesIO(answer.content)) as image,
            Image.open(pool / f"floor_1/room 3/{number}.png") as source,
        ):
            assert image.size == (64, 48)
            expected = np.asarray(source.resize((64, 48)), dtype=float)
            assert np.abs(np.asarray(image) - expected).mean() < 8
    with Image.open(io.BytesIO(client.get(f"{path}?side=1600").content)) as image:
        assert image.size == (640, 480)


def test_an_image_that_is_not_there_is_not_found(client: TestClient, ready: str) -> None:
    """A number beyond the last image is a 404 that names both; sizes out of range are 422."""
    path = f"/v1/datasets/{ready}/scenes/floor_1%2Froom%203/thumbnail"
    answer = client.get(path, params={"image": 3})
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "There is no readable image 3 of scene 'floor_1/room 3'.",
    )
    for params in ({"image": -1}, {"side": 31}, {"side": 1601}):
        assert client.get(path, params=params).status_code == 422


def test_an_unchanged_thumbnail_is_not_sent_again(client: TestClient, ready: str) -> None:
    """Asked with the ETag that it gave, the server answers 304 without a body."""
    path = f"/v1/datasets/{ready}/scenes/floor_1%2Froom%203/thumbnail"
    etag = client.get(path).headers["ETag"]
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_scene_without_a_readable_image_has_no_thumbnail(
    client: TestClient, register: Callable[..., dict[str, Any]], pool: Path
) -> None:
    """The first readable image is shown; where there is none, that is a 404 problem."""
    broken = pool.parent / "cut.png"
    broken.write_bytes(b"\x89PNG")
    good = str(next(pool.glob("*/*/0.png")))
    scenes = [
        {"scene_id": "bare", "cost": 1},
        {"scene_id": "lost", "cost": 1, "images": [str(broken)]},
        {"scene_id": "half", "cost": 1, "images": [str(broken), good]},
    ]
    registered = register({"kind": "inline", "scenes": scenes})
    path = f"/v1/datasets/{registered['dataset']['id']}/scenes"
    for name in ("bare", "lost"):
        answer = client.get(f"{path}/{name}/thumbnail")
        assert answer.status_code == 404
        assert name in answer.json()["detail"]
    assert client.get(f"{path}/half/thumbnail").status_code == 200
    assert client.get(f"{path}/half/thumbnail?image=1").status_code == 200
    assert client.get(f"{path}/half/thumbnail?image=0").status_code == 404


def test_an_unknown_scene_is_not_found(client: TestClient, ready: str) -> None:
    """An unknown dataset and an unknown scene are 404 problems that name the id."""
    for path in (
        f"{ready}/scenes/none",
        "none/scenes/x",
        "none/scenes",
        f"{ready}/scenes/none/thumbnail",
    ):
        answer = client.get(f"/v1/datasets/{path}")
        assert answer.status_code == 404
        assert "'none'" in answer.json()["detail"]


def test_a_wrong_page_is_refused(client: TestClient, ready: str) -> None:
    """A negative size and a token of another listing are 422; a huge size is served."""
    path = f"/v1/datasets/{ready}/scenes"
    for params in ({"page_size": -1}, {"page_token": "nonsense"}, {"page_token": "WyJ4IiwgMV0"}):
        answer = client.get(path, params=params)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == next(iter(params))
    assert len(client.get(path, params={"page_size": 10**6}).json()["items"]) == 9
    assert len(client.get(path, params={"page_size": 0}).json()["items"]) == 9
