"""Sources over HTTP before anything is made of them: dry runs, and who looks like whom."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.store.artifacts import Artifacts
from features.signatures.model import Signatures

SCENES = [{"scene_id": f"s/{k}", "cost": 10 + k, "group": "g"} for k in range(6)]


def test_a_dry_run_tells_what_is_there(
    client: TestClient, pool: Path, validate: Callable[..., dict[str, Any]]
) -> None:
    """Scenes, images, groups and costs are counted; nothing is registered."""
    before = client.get("/v1/datasets?page_size=1000").json()["items"]
    report = validate({"kind": "images", "root": str(pool)})
    assert report["valid"]
    assert (report["scene_count"], report["image_count"], report["group_count"]) == (9, 27, 2)
    assert report["resources"]["images"] == {"total": 27, "lowest": 3, "highest": 3}
    assert (report["images_looked_at"], report["missing_image_count"]) == (27, 0)
    assert client.get("/v1/datasets?page_size=1000").json()["items"] == before


def test_a_dry_run_names_every_line_that_is_wrong(
    pool: Path, validate: Callable[..., dict[str, Any]]
) -> None:
    """Of a manifest in JSON Lines the first 20 mistakes are listed with their lines."""
    lines = [json.dumps({"scene_id": f"s{k}", "cost": 1, "images": ["none.png"]}) for k in range(5)]
    manifest = pool.parent / "wrong.jsonl"
    manifest.write_text("\n".join([*lines, "{", lines[0], '{"scene_id": "x", "cost": -1}', ""]))
    report = validate({"kind": "manifest", "uri": manifest.as_uri()})
    assert not report["valid"]
    places = [error["place"].rpartition(":")[2] for error in report["errors"]]
    assert places == ["6", "7", "8"]
    assert [error["line"] for error in report["errors"]] == [6, 7, 8]
    assert [error["scene_id"] for error in report["errors"]] == [None, "s0", "x"]
    assert "already used" in report["errors"][1]["detail"]
    assert (report["scene_count"], report["image_count"], report["error_count"]) == (5, 5, 3)
    manifest.write_text("\n".join(["{"] * 50))
    report = validate({"kind": "manifest", "uri": manifest.as_uri()})
    assert (len(report["errors"]), report["error_count"]) == (20, 51)  # the last: no scene is left
    manifest.write_text("\n".join(lines))
    report = validate({"kind": "manifest", "uri": manifest.as_uri()})
    assert (report["valid"], report["missing_image_count"]) == (True, 1)
    assert report["duplicate_images"] == [{"uri": str(manifest.parent / "none.png"), "count": 5}]
    assert report["missing_images"][0].endswith("none.png")


def test_a_dry_run_reads_nothing_that_may_not_be_read(
    client: TestClient, validate: Callable[..., dict[str, Any]]
) -> None:
    """A source outside the permitted folders is refused like a registration."""
    body = {"name": "x", "source": {"kind": "manifest", "uri": "file:///etc/passwd"}}
    assert client.post("/v1/datasets:validate", json=body).status_code == 422
    report = validate(
        {"kind": "inline", "scenes": [{"scene_id": "a", "cost": 1, "images": ["/etc/passwd"]}]},
    )
    assert (report["valid"], len(report["errors"])) == (False, 1)


@pytest.mark.parametrize("path", ["/v1/datasets", "/v1/datasets:validate"])
def test_options_of_other_kinds_are_refused_at_once(
    client: TestClient, pool: Path, path: str
) -> None:
    """An option that a kind of source does not have is told by the request, not by a worker."""
    source = {"kind": "images", "root": str(pool), "scene_from": "key:x"}
    answer = client.post(path, json={"name": "x", "source": source})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/source/scene_from"


def test_neighbors_are_the_scenes_with_the_largest_cosine(client: TestClient, ready: str) -> None:
    """Against all cosines of the stored signatures."""
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    seed = client.post(f"/v1/datasets/{ready}/seeds", json={"budget": {"fraction": 1}}).json()
    key = seed["provenance"]["dataset_key"]
    signatures = Signatures.load(app_state.settings.signatures_dir / f"{key}.npz")
    m = signatures.vectors / np.linalg.norm(signatures.vectors, axis=1, keepdims=True)
    name = "floor_0/room 4"
    place = signatures.scene_ids.index(name)
    path = f"/v1/datasets/{ready}/scenes/floor_0%2Froom%204/neighbors"
    found = client.get(path, params={"k": 4}).json()
    assert found["scene_id"] == name
    expected = sorted(m @ m[place], reverse=True)[1:5]
    assert [item["similarity"] for item in found["items"]] == pytest.approx(expected)
    assert name not in [item["scene_id"] for item in found["items"]]
    assert len(client.get(path, params={"k": 100}).json()["items"]) == 8
    assert client.get(path, params={"k": 0}).status_code == 422
    assert client.get(f"/v1/datasets/{ready}/scenes/none/neighbors").status_code == 404


@pytest.mark.usefixtures("ready")
def test_another_host_finds_what_the_first_one_made(client: TestClient, tmp_path: Path) -> None:
    """Published files are fetched once, whole, by a host whose data directory is empty."""
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    here = app_state.settings.data_dir
    path = next((here / "cache" / "signatures").glob("*.npz"))
    (tmp_path / "store").mkdir()
    url = (tmp_path / "store").as_uri()
    Artifacts(here, url).publish([path])
    there = tmp_path / "there"
    other = there / "cache" / "signatures" / path.name
    assert Artifacts(there, None).fetch(other) == other
    assert not other.exists()
    assert Artifacts(there, url).fetch(other).read_bytes() == path.read_bytes()
    assert not Artifacts(there, url).fetch(other.with_name("none.npz")).exists()


def test_an_inline_source_tells_every_mistake(validate: Callable[..., dict[str, Any]]) -> None:
    """Scenes in the request are looked at like lines; the sound ones are counted."""
    scenes = [{"scene_id": f"s{k}", "cost": k - 2} for k in range(4)]
    report = validate({"kind": "inline", "scenes": [*scenes, scenes[3]]})
    told = [(error["place"], error["scene_id"]) for error in report["errors"]]
    assert told == [("scenes[0]", "s0"), ("scenes[1]", "s1"), ("scenes[4]", "s3")]
    assert (report["scene_count"], report["valid"]) == (2, False)


def test_a_dry_run_needs_no_name(client: TestClient) -> None:
    """The source is enough; features are checked if they are given."""
    body = {"source": {"kind": "inline", "scenes": SCENES}}
    report = client.post("/v1/datasets:validate", json=body).json()
    assert report["groups"] == [{"group": "g", "scene_count": 6}]
    wrong = body | {"features": {"backbone": "nonsense"}}
    answer = client.post("/v1/datasets:validate", json=wrong)
    assert answer.json()["errors"][0]["pointer"] == "#/features"


def test_a_dry_run_survives_files_that_cannot_be_read(client: TestClient, pool: Path) -> None:
    """A manifest that is missing, has an endless line or is a link to itself is told so."""
    folder = pool.parent
    (folder / "long.jsonl").write_bytes(b'{"scene_id":"' + b"a" * 2**24 + b'","cost":1}\n')
    (folder / "loop.jsonl").symlink_to("loop.jsonl")
    for name, words in (("none.jsonl", "does not exist"), ("long.jsonl", "bytes")):
        source = {"kind": "manifest", "uri": str(folder / name)}
        answer = client.post("/v1/datasets:validate", json={"name": "x", "source": source})
        assert answer.status_code == 200, answer.text
        assert [words in error["detail"] for error in answer.json()["errors"]] == [True]
    source = {"kind": "manifest", "uri": str(folder / "loop.jsonl")}
    for path in ("/v1/datasets:validate", "/v1/datasets"):
        answer = client.post(path, json={"name": "x", "source": source})
        assert answer.status_code == 422, answer.text
        assert answer.json()["type"] == "urn:seedal:problem:source-refused"
