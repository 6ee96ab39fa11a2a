"""Hosts that share nothing but a database and a store of artifacts."""

import hashlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import fsspec
import numpy as np
import pytest
from botocore.config import Config
from fastapi.testclient import TestClient
from moto.server import ThreadedMotoServer
from PIL import Image
from service import opened
from test_storage_service import extract

from app.datasets.extraction import ExtractionOutcome
from app.errors import UnavailableError
from app.main import create_app
from app.settings import Settings
from app.store.artifacts import Artifacts
from features.index import index_path

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run an S3-compatible server; return its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 boto3 has no types
    """Return a client of the server; the environment names it."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server,
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=server, config=Config(retries={"mode": "standard"}))
    client.create_bucket(Bucket="artifacts")
    return client


@pytest.fixture(params=["s3", "memory", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty store of each sort."""
    if request.param == "s3":
        request.getfixturevalue("bucket")
        return f"s3://artifacts/{tmp_path.name}"
    if request.param == "memory":
        return f"memory://artifacts/{tmp_path.name}"
    return f"file://{tmp_path}/store"


def _host(tmp_path: Path, name: str, url: str | None) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": tmp_path / name,
            "database_url": f"sqlite:///{tmp_path}/shared.sqlite",
            "file_roots": (tmp_path / "pool",),
            "artifacts_url": url,
            "solve_processes": 1,
        }
    )


def _pool(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for scene in range(4):
        folder = tmp_path / "pool" / f"room {scene}"
        folder.mkdir(parents=True)
        for view in range(2):
            pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{view}.png")
    return tmp_path / "pool"


def test_a_host_that_has_nothing_answers_budgets(tmp_path: Path, url: str) -> None:
    """What a worker made on one host, an API answers from on another, whatever the store."""
    root = _pool(tmp_path)
    with opened(_host(tmp_path, "worker", url)) as service:
        dataset_id, operation_id = service.register({"kind": "images", "root": str(root)})
        assert extract(service, operation_id, dataset_id) is ExtractionOutcome.DONE
    settings = _host(tmp_path, "api", url)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        path = f"/v1/datasets/{dataset_id}"
        seed = client.post(f"{path}/seeds", json={"budget": {"limit": 4}})
        assert seed.status_code == 201, seed.text
        assert client.get(f"{path}/scenes/room%200/neighbors").status_code == 200
    (fetched,) = settings.signatures_dir.iterdir()
    made = tmp_path / "worker" / "cache" / "signatures" / fetched.name
    assert fetched.read_bytes() == made.read_bytes()
    assert index_path(fetched).read_bytes() == index_path(made).read_bytes()


def test_vectors_uploaded_at_one_host_are_signed_at_another(tmp_path: Path, url: str) -> None:
    """A worker fetches the upload that the API took, and the API the signatures made of it."""
    scenes = [{"scene_id": f"s{k}", "cost": 1} for k in range(4)]
    body = {
        "name": "x",
        "source": {"kind": "inline", "scenes": scenes},
        "features": {"backbone": "precomputed"},
    }
    stream = io.BytesIO()
    ids = np.repeat([scene["scene_id"] for scene in scenes], 2)
    vectors = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    np.savez(stream, scene_ids=ids, vectors=vectors)
    settings = _host(tmp_path, "api", url)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        registered = client.post("/v1/datasets", json=body).json()
        names = registered["operation"]["id"], registered["dataset"]["id"]
        path = f"/v1/datasets/{names[1]}"
        headers = {"Content-Type": "application/x-npz"}
        sent = client.put(f"{path}/vectors", content=stream.getvalue(), headers=headers)
        assert sent.status_code == 202
        with opened(_host(tmp_path, "worker", url)) as service:
            assert extract(service, *names) is ExtractionOutcome.DONE
        assert client.post(f"{path}/seeds", json={"budget": {"limit": 2}}).status_code == 201


def test_a_host_without_the_store_says_what_is_missing(tmp_path: Path) -> None:
    """Signatures that are neither here nor in a store are a 503 with a sentence, not a crash."""
    root = _pool(tmp_path)
    with opened(_host(tmp_path, "worker", None)) as service:
        dataset_id, operation_id = service.register({"kind": "images", "root": str(root)})
        assert extract(service, operation_id, dataset_id) is ExtractionOutcome.DONE
    other = create_app(_host(tmp_path, "api", None))
    with TestClient(other, raise_server_exceptions=False) as client:
        answer = client.post(f"/v1/datasets/{dataset_id}/seeds", json={"budget": {"limit": 4}})
    assert answer.status_code == 503
    assert "signatures" in answer.json()["detail"]


@pytest.mark.parametrize("size", [0, 1, 3 * 2**20 + 5, 12 * 2**20])
def test_a_file_comes_back_as_it_was(tmp_path: Path, url: str, size: int) -> None:
    """Content of any size, published and fetched: the same bytes, and no other file beside them."""
    here, there = tmp_path / "here", tmp_path / "there"
    path = here / "uploads" / "a.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(np.random.default_rng(0).bytes(size))
    Artifacts(here, url).publish([path])
    Artifacts(here, url).publish([path])
    other = Artifacts(there, url).fetch(there / "uploads" / "a.npz")
    assert other.read_bytes() == path.read_bytes()
    assert [found.name for found in other.parent.iterdir()] == ["a.npz"]
    missing = there / "uploads" / "b.npz"
    assert not Artifacts(there, url).fetch(missing).exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no head",
        b"no head" * 200,
        b"[" * 200 + b"\n",
        json.dumps({"bytes": 3, "sha256": "0" * 64}).encode() + b"\nabc",
        json.dumps({"bytes": 4, "sha256": "0" * 64}).encode() + b"\nabc",
    ],
)
def test_a_damaged_object_is_never_used(tmp_path: Path, content: bytes) -> None:
    """What is not what its head says is refused, and leaves nothing behind."""
    url = f"memory://artifacts/{tmp_path.name}"
    fsspec.filesystem("memory").pipe(f"artifacts/{tmp_path.name}/uploads/a.npz", content)
    path = tmp_path / "uploads" / "a.npz"
    with pytest.raises(UnavailableError, match="damaged"):
        Artifacts(tmp_path, url).fetch(path)
    assert not list(path.parent.iterdir())


def test_a_store_that_is_away_is_said_to_be(
    tmp_path: Path,
    bucket: Any,  # noqa: ANN401 boto3 has no types
) -> None:
    """A bucket that does not exist takes nothing; the sentence has no credentials."""
    del bucket
    path = tmp_path / "uploads" / "a.npz"
    path.parent.mkdir()
    path.write_bytes(b"abc")
    with pytest.raises(UnavailableError) as caught:
        Artifacts(tmp_path, "s3://nothing/here").publish([path])
    assert "secret" not in caught.value.detail


def test_what_is_damaged_here_is_fetched_again(tmp_path: Path) -> None:
    """A file that is named by its content, and has another, comes from the store again."""
    settings = _host(tmp_path, "one", f"file://{tmp_path}/store")
    content = b"a manifest"
    path = settings.uploads_dir / f"{hashlib.sha256(content).hexdigest()}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    artifacts = Artifacts(settings.data_dir, settings.artifacts_url)
    artifacts.publish((path,))
    path.write_bytes(b"a mAnifest")
    assert artifacts.fetch_content(path).read_bytes() == content
    lonely = Artifacts(settings.data_dir, None)
    path.write_bytes(b"a mAnifest")
    with pytest.raises(UnavailableError, match="was damaged on this server and is removed"):
        lonely.fetch_content(path)
    assert not lonely.fetch_content(path).exists()
