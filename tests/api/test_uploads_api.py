"""Uploads over HTTP: manifests that become datasets, vectors that take the place of images."""

import asyncio
import gzip
import hashlib
import io
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.datasets import extraction
from app.datasets import store as datasets
from app.datasets.extraction import ExtractionOutcome
from app.datasets.uploads import Uploads
from app.errors import SlowRequestError

OCTETS = {"Content-Type": "application/octet-stream"}
SCENES = [{"scene_id": f"s/{k}", "cost": 10 + k, "group": "g"} for k in range(6)]


@pytest.fixture
def awaiting(register: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Register a dataset whose vectors are to be uploaded."""
    return register(
        {"kind": "inline", "scenes": SCENES}, features={"backbone": "precomputed", "clusters": 4}
    )


def _npz(**arrays: Any) -> bytes:  # noqa: ANN401 whatever numpy takes
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _vectors(seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    ids = np.repeat([scene["scene_id"] for scene in SCENES], 3)
    return _npz(scene_ids=ids, vectors=rng.normal(size=(18, 8)).astype(np.float32))


def _put(client: TestClient, registered: dict[str, Any], content: bytes, kind: str = "") -> Any:  # noqa: ANN401 a response
    path = f"/v1/datasets/{registered['dataset']['id']}/vectors"
    headers = {"Content-Type": kind or "application/x-npz"}
    return client.put(path, content=content, headers=headers)


def test_uploaded_vectors_take_the_place_of_images(
    client: TestClient,
    awaiting: dict[str, Any],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
) -> None:
    """A dataset without images waits for its vectors, and then answers budgets."""
    path = f"/v1/datasets/{awaiting['dataset']['id']}"
    assert awaiting["dataset"]["status"] == "awaiting_vectors"
    assert client.post(f"{path}/seeds", json={"budget": {"limit": 30}}).status_code == 409
    accepted = _put(client, awaiting, _vectors())
    assert accepted.status_code == 202, accepted.text
    assert accepted.headers["Location"] == f"/v1/operations/{awaiting['operation']['id']}"
    assert _put(client, awaiting, _vectors()).status_code == 202
    assert _put(client, awaiting, _vectors(1)).status_code == 409
    assert extract(awaiting) is ExtractionOutcome.DONE
    dataset = client.get(path).json()
    assert (dataset["status"], dataset["usable_scene_count"]) == ("ready", 6)
    assert dataset["features"]["resolved"]["backbone"] == "precomputed"
    seed = client.post(f"{path}/seeds", json={"budget": {"limit": 30}}).json()
    assert seed["status"] == "optimal"
    assert _put(client, awaiting, _vectors()).status_code == 202


def test_a_dataset_that_is_deleted_during_an_upload_is_not_there(
    client: TestClient, awaiting: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vectors that arrive for nothing are a 404."""
    keep = Uploads._keep

    def keep_late(uploads: Uploads, part: Path, path: Path) -> None:
        keep(uploads, part, path)
        client.delete(f"/v1/datasets/{awaiting['dataset']['id']}")

    monkeypatch.setattr(Uploads, "_keep", keep_late)
    assert _put(client, awaiting, _vectors()).status_code == 404


def test_a_trickle_is_given_up(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that come one by one, each in time, do not hold a connection for ever."""
    monkeypatch.setattr("app.datasets.uploads._PACE", 1e9)
    hasty = app.state.app_state.settings.model_copy(update={"body_timeout_s": 0.05})

    async def trickle() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.001)
            yield b"x"

    with pytest.raises(SlowRequestError, match="bytes a second"):
        asyncio.run(Uploads(hasty).receive(trickle(), ".npz"))


def test_vectors_may_come_as_parquet(client: TestClient, awaiting: dict[str, Any]) -> None:
    """A Parquet file is taken under its media type, or as any file, seen by its first bytes."""
    rng = np.random.default_rng(0)
    table = pa.table(
        {
            "scene_id": [scene["scene_id"] for scene in SCENES],
            "vector": [list(rng.normal(size=4)) for _ in SCENES],
        }
    )
    stream = io.BytesIO()
    pq.write_table(table, stream)
    for kind in ("application/vnd.apache.parquet", "application/octet-stream"):
        assert _put(client, awaiting, stream.getvalue(), kind).status_code == 202


@pytest.mark.parametrize(
    ("content", "kind", "status", "words"),
    [
        (b"no archive", "", 422, "vectors"),
        (_npz(scene_ids=np.array(["s/0"]), vectors=np.full((1, 3), np.nan)), "", 422, "row 0"),
        (_npz(scene_ids=np.array(["other"]), vectors=np.ones((1, 3))), "", 422, "'other'"),
        (_npz(scene_ids=np.array([{}]), vectors=np.ones((1, 3))), "", 422, "object"),
        (b"{}", "application/json", 415, "octet-stream"),
        (b"x" * 1_200_000, "", 413, "1 MiB"),
    ],
)
def test_vectors_that_break_a_rule_leave_nothing(
    client: TestClient,
    awaiting: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    kind: str,
    status: int,
    words: str,
) -> None:
    """One sentence says what is wrong; the dataset goes on waiting."""
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    small = app_state.settings.model_copy(update={"max_upload_mb": 1})
    monkeypatch.setattr(app_state, "settings", small)
    answer = _put(client, awaiting, content, kind)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]
    assert str(app_state.settings.data_dir) not in answer.text
    path = f"/v1/datasets/{awaiting['dataset']['id']}"
    assert client.get(path).json()["status"] == "awaiting_vectors"
    assert not list(app_state.settings.uploads_dir.glob(".*"))


def test_a_dataset_with_images_takes_no_vectors(client: TestClient, ready: str) -> None:
    """Vectors are for datasets that were registered to have them."""
    answer = client.put(f"/v1/datasets/{ready}/vectors", content=_vectors(), headers=OCTETS)
    assert (answer.status_code, "precomputed" in answer.json()["detail"]) == (409, True)


def _lines(pool: Path, **more: object) -> bytes:
    picture = str(next(pool.glob("*/*/0.png")))
    scenes = [{"scene_id": f"s{k}", "cost": k + 1, "images": [picture]} for k in range(3)]
    return "\n".join(json.dumps(scene | more) for scene in scenes).encode()


def _upload(client: TestClient, content: bytes) -> dict[str, Any]:
    answer = client.post("/v1/manifests", content=content, headers=OCTETS)
    assert answer.status_code == 201, answer.text
    uploaded: dict[str, Any] = answer.json()
    return uploaded


@pytest.mark.parametrize(
    "form", ["jsonl", "json", "csv", "parquet", "jsonl.gz", "json.gz", "csv.gz"]
)
def test_an_uploaded_manifest_becomes_a_dataset(
    client: TestClient,
    register: Callable[..., dict[str, Any]],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
    pool: Path,
    form: str,
    validate: Callable[..., dict[str, Any]],
) -> None:
    """A manifest sent as it is, in each form, is looked at and registered by the URI it gets."""
    content = _lines(pool)
    rows = [json.loads(line) for line in content.splitlines()]
    if form.startswith("json") and not form.startswith("jsonl"):
        content = f"\n {json.dumps(rows)}".encode()
    if form.startswith("csv"):
        lines = [f"{row['scene_id']},{row['cost']},{row['images'][0]}" for row in rows]
        content = "\n".join(["scene_id,cost,image_uri", *lines]).encode()
    if form == "parquet":
        stream = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), stream)
        content = stream.getvalue()
    if form.endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    uploaded = _upload(client, content)
    assert uploaded["uri"].endswith(f".{form}")
    assert (_upload(client, content), uploaded["bytes"]) == (uploaded, len(content))
    source = {"kind": "manifest", "uri": uploaded["uri"]}
    report = validate(source)
    assert (report["valid"], report["scene_count"], report["missing_image_count"]) == (True, 3, 0)
    registered = register(source)
    assert extract(registered) is ExtractionOutcome.DONE
    dataset = client.get(f"/v1/datasets/{registered['dataset']['id']}").json()
    assert (dataset["status"], dataset["scene_count"]) == ("ready", 3)
    assert dataset["source"]["uri"] == uploaded["uri"]


def test_an_uploaded_manifest_is_called_by_its_uri(
    client: TestClient, app: FastAPI, validate: Callable[..., dict[str, Any]]
) -> None:
    """Mistakes in it, of each form, name line and scene, and not where this server keeps it."""
    stream = io.BytesIO()
    pq.write_table(pa.table({"scene_id": ["a", "b"], "cost": [1.0, -1.0]}), stream)
    for content in (
        b'{"scene_id": "a", "cost": 1}\n{"scene_id": "b", "cost": -1}',
        b"scene_id,cost\nb,-1\na,1",
        stream.getvalue(),
    ):
        uri = _upload(client, content)["uri"]
        report = validate({"kind": "manifest", "uri": uri})
        (mistake,) = report["errors"]
        assert (mistake["line"], mistake["scene_id"]) == (2, "b")
        assert mistake["place"].startswith(uri)
        assert str(app.state.app_state.settings.data_dir) not in json.dumps(report)
        assert report["scene_count"] == 1


def test_a_packed_manifest_is_kept_while_a_dataset_names_it(
    client: TestClient, app: FastAPI, register: Callable[..., dict[str, Any]], pool: Path
) -> None:
    """What a dataset's source and a check of the content call it is the whole name."""
    uri = _upload(client, gzip.compress(_lines(pool), mtime=1))["uri"]
    register({"kind": "manifest", "uri": uri})
    app_state = app.state.app_state
    with app_state.sessions() as session:
        assert uri.removeprefix("upload:") in datasets.uploads_named(session)
    assert (app_state.settings.uploads_dir / uri.removeprefix("upload:")).is_file()


def test_a_damaged_packing_is_one_sentence(
    client: TestClient, app: FastAPI, validate: Callable[..., dict[str, Any]], pool: Path
) -> None:
    """It is named by its URI, and nothing says where this server keeps it."""
    uri = _upload(client, gzip.compress(_lines(pool))[:-5])["uri"]
    (mistake,) = validate({"kind": "manifest", "uri": uri})["errors"]
    assert mistake["place"] == uri
    assert mistake["detail"].startswith("is packed by gzip, but damaged or not whole")
    assert str(app.state.app_state.settings.data_dir) not in json.dumps(mistake)


def test_columns_are_what_the_request_says(
    client: TestClient,
    register: Callable[..., dict[str, Any]],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
    pool: Path,
    validate: Callable[..., dict[str, Any]],
) -> None:
    """A table with names of its own becomes a dataset as it is, and what else it has is meta."""
    picture = next(pool.glob("*/*/0.png"))
    rows = [f"{k},{k + 1},{picture},{k % 2}" for k in range(3)]
    uri = _upload(client, "\n".join(["room,points,photo,floor", *rows]).encode())["uri"]
    columns = {"scene_id": "room", "cost.points": "points", "image_uri": "photo"}
    source = {"kind": "manifest", "uri": uri, "columns": columns}
    report = validate(source)
    assert (report["valid"], report["scene_count"], report["resource"]) == (True, 3, "points")
    assert any("kept as meta ('floor')" in note for note in report["notes"])
    registered = register(source)
    assert registered["dataset"]["source"]["columns"] == columns
    assert extract(registered) is ExtractionOutcome.DONE
    path = f"/v1/datasets/{registered['dataset']['id']}"
    assert client.get(path).json()["status"] == "ready"
    found = client.get(f"{path}/scenes").json()["items"]
    assert [scene["scene_id"] for scene in found] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("columns", "pointer"),
    [
        ({"price": "points"}, "#/source/columns"),
        ({"cost": "points", "meta.x": "points"}, "#/source/columns"),
        ({"cost": ""}, "#/source/columns/cost"),
        ({"cost": 3}, "#/source/columns/cost"),
        (["cost=points"], "#/source/columns"),
    ],
)
def test_columns_that_say_nothing_are_refused_at_once(
    client: TestClient, columns: object, pointer: str
) -> None:
    """The pointer leads to what is wrong, before anything is read."""
    source = {"kind": "manifest", "uri": "file:///data/a.csv", "columns": columns}
    answer = client.post("/v1/datasets", json={"name": "x", "source": source})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


@pytest.mark.parametrize("image", ["relative.png", "/etc/passwd", "s3://bucket/a.png"])
def test_an_uploaded_manifest_opens_no_doors(
    client: TestClient,
    register: Callable[..., dict[str, Any]],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
    pool: Path,
    image: str,
    validate: Callable[..., dict[str, Any]],
) -> None:
    """Its images are permitted or refused as those of any other manifest."""
    source = {"kind": "manifest", "uri": _upload(client, _lines(pool, images=[image]))["uri"]}
    report = validate(source)
    assert (report["valid"], report["error_count"], report["errors"][0]["scene_id"]) == (
        False,
        3,
        "s0",
    )
    assert extract(register(source)) is ExtractionOutcome.STOPPED


@pytest.mark.parametrize(
    "name",
    ["", "x", "../seedal.sqlite", "0" * 64, f"{'0' * 64}.jsonl", f"../uploads/{'0' * 64}.jsonl"],
)
def test_what_was_not_uploaded_is_no_source(client: TestClient, name: str) -> None:
    """Only names that this service gave out are uploads."""
    body = {"name": "x", "source": {"kind": "manifest", "uri": f"upload:{name}"}}
    for path in ("/v1/datasets", "/v1/datasets:validate"):
        answer = client.post(path, json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/source/uri"


def test_an_upload_is_whole_or_not_there(client: TestClient, app: FastAPI) -> None:
    """One that is empty, too long or compressed leaves nothing behind."""
    folder = app.state.app_state.settings.uploads_dir
    before = sorted(folder.iterdir()) if folder.exists() else []
    assert client.post("/v1/manifests", content=b"", headers=OCTETS).status_code == 422
    long = b"{" * 1_100_000
    assert client.post("/v1/manifests", content=long, headers=OCTETS).status_code == 413
    headers = {"Content-Encoding": "gzip", **OCTETS}
    assert client.post("/v1/manifests", content=b"{}", headers=headers).status_code == 415
    assert sorted(folder.iterdir()) == before


def test_vectors_that_a_worker_refuses_are_not_said_to_lie_anywhere(
    client: TestClient,
    register: Callable[..., dict[str, Any]],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
    app: FastAPI,
) -> None:
    """Where the scenes are known later than the vectors, the worker names row and scene alone."""
    scenes = b'{"scene_id": "a", "cost": 1}\n{"scene_id": "b", "cost": 1}'
    source = {"kind": "manifest", "uri": _upload(client, scenes)["uri"]}
    told = []
    for names in (["a", "other"], ["a", "a"]):
        registered = register(source, features={"backbone": "precomputed"})
        content = _npz(scene_ids=np.array(names), vectors=np.eye(2))
        assert _put(client, registered, content).status_code == 202
        extract(registered)
        answer = client.get(f"/v1/datasets/{registered['dataset']['id']}")
        assert str(app.state.app_state.settings.data_dir) not in answer.text
        told.append(answer.json())
    wrong, partial = told
    assert (wrong["status"], "row 1" in wrong["error"], "'other'" in wrong["error"]) == (
        "failed",
        True,
        True,
    )
    assert partial["status"] == "ready"
    assert partial["left_out"] == [{"scene_id": "b", "reason": "it has no vector in vectors"}]


def test_a_dataset_may_go_while_its_vectors_are_signed(
    client: TestClient,
    awaiting: dict[str, Any],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Deleted in the middle of the job, it stays deleted, and the job ends by itself."""
    assert _put(client, awaiting, _vectors()).status_code == 202
    path = f"/v1/datasets/{awaiting['dataset']['id']}"
    genuine = extraction.prepare_precomputed

    def deleted_meanwhile(*arguments: Any) -> object:  # noqa: ANN401 those of the genuine one
        assert client.delete(path).status_code == 204
        return genuine(*arguments)

    monkeypatch.setattr(extraction, "prepare_precomputed", deleted_meanwhile)
    assert extract(awaiting) is ExtractionOutcome.STOPPED
    assert client.get(path).status_code == 404


def test_of_two_uploads_at_once_one_is_taken(client: TestClient, awaiting: dict[str, Any]) -> None:
    """Nobody is told that vectors are taken in place of which others were."""
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda k: _put(client, awaiting, _vectors(k)), range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]


def test_a_slow_upload_holds_no_connection_to_the_database(
    client: TestClient, awaiting: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a file arrives, others have the database."""
    app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
    connections = app_state.sessions.kw["bind"].pool
    receive, held = Uploads.receive_vectors, []

    async def watched(uploads: Uploads, chunks: AsyncIterator[bytes], suffix: str) -> str:
        held.append(connections.checkedout())
        return await receive(uploads, chunks, suffix)

    monkeypatch.setattr(Uploads, "receive_vectors", watched)
    assert _put(client, awaiting, _vectors()).status_code == 202
    assert held == [0]


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_damaged_manifest_is_never_read(client: TestClient, app: FastAPI) -> None:
    """A cost with a flipped bit is no cost: the upload is removed, told of, and sent again."""
    content = "".join(json.dumps(scene) + "\n" for scene in SCENES).replace("s/", "t/").encode()
    uri = client.post("/v1/manifests", content=content, headers=OCTETS).json()["uri"]
    path = app.state.app_state.settings.uploads_dir / uri.removeprefix("upload:")
    _flip(path)
    body = {"name": "x", "source": {"kind": "manifest", "uri": uri}}
    for status, words in ((503, "was damaged on this server and is removed; send it again"),
                          (422, "was not uploaded here")):  # fmt: skip
        answer = client.post("/v1/datasets", json=body)
        assert answer.status_code == status
        assert words in answer.json()["detail"]
    assert client.post("/v1/manifests", content=content, headers=OCTETS).json()["uri"] == uri
    assert client.post("/v1/datasets", json=body).status_code == 202


def test_damaged_vectors_fail_their_dataset_in_a_sentence(
    client: TestClient,
    app: FastAPI,
    awaiting: dict[str, Any],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
) -> None:
    """Vectors that changed on the disk since they were sent are not made signatures of."""
    content = _vectors(7)
    assert _put(client, awaiting, content).status_code == 202
    name = f"{hashlib.sha256(content).hexdigest()}.npz"
    _flip(app.state.app_state.settings.uploads_dir / name)
    assert extract(awaiting) is ExtractionOutcome.STOPPED
    operation = client.get(f"/v1/operations/{awaiting['operation']['id']}").json()
    assert operation["error"]["detail"] == (
        f"{name} was damaged on this server and is removed; send it again."
    )
