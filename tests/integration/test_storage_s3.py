"""Images and manifests in a real S3-compatible server, and in stores that speak like the others."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from loopback import Web, serving
from moto.server import ThreadedMotoServer
from PIL import Image

from app.cli.main import main
from features.errors import ImageError, SourceError
from features.images.pixels import fingerprint, load_rgb
from features.pipeline import FeatureSettings, prepare
from features.sources import open_source
from features.storage.remote import Limits

pytestmark = pytest.mark.enable_socket

ROOT = Path(__file__).resolve().parents[2]
QUICK = Limits(connect_s=2, silence_s=5, total_s=20, retries=0)
Put = Callable[[str, bytes], str]


def png(shade: int) -> bytes:
    """Return an image of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", (8, 6), (shade, 0, 255 - shade)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run the server; return its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the developer's own credentials and proxies."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "GOOGLE_", "AZURE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def put(server: str, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Return a function that stores an object; the environment names the server."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server,
    }.items():
        monkeypatch.setenv(name, value)
    client: Any = boto3.client(
        "s3", endpoint_url=server, config=Config(retries={"mode": "standard"})
    )
    client.create_bucket(Bucket="bucket")

    def store(key: str, body: bytes) -> str:
        client.put_object(Bucket="bucket", Key=key, Body=body)
        return f"s3://bucket/{key}"

    return store


def refused(uri: str, limits: Limits = QUICK) -> str:
    """Return the reason, which reading and looking have in common."""
    reasons = set()
    for read in (load_rgb, fingerprint):
        with pytest.raises(ImageError) as caught:
            read(uri, limits)
        assert "secret" not in str(caught.value)
        reasons.add(caught.value.reason)
    (reason,) = reasons
    return reason


@pytest.mark.parametrize(
    "key",
    [
        "a.png",
        "pool/room 1/a b.png",
        "100%20.png",
        "what?.png",
        "no#1.png",
        "é/ü.png",
        "a:b@c+d.png",
    ],
)
def test_an_object_is_read_under_the_very_key(put: Put, key: str) -> None:
    """Keys are taken as they are written, without escapes."""
    uri = put(key, png(len(key)))
    assert load_rgb(uri, QUICK).getpixel((0, 0)) == (len(key), 0, 255 - len(key))
    assert fingerprint(uri, QUICK)[:2] == (uri, len(png(len(key))))


def test_a_changed_object_is_told_by_its_etag(put: Put) -> None:
    """The same bytes keep the state; other bytes of the same size change it."""
    uri = put("changing.png", b"one")
    before = fingerprint(uri, QUICK)
    put("changing.png", b"one")
    assert fingerprint(uri, QUICK) == before
    put("changing.png", b"two")
    after = fingerprint(uri, QUICK)
    assert after[:2] == before[:2]
    assert after != before
    assert json.loads(json.dumps(after)) == list(after)


@pytest.mark.parametrize("uri", ["s3://bucket/none.png", "s3://no-such-bucket/a.png"])
@pytest.mark.usefixtures("put")
def test_a_missing_key_and_a_missing_bucket_do_not_exist(uri: str) -> None:
    """What is not there is said not to be there."""
    assert refused(uri) == "it does not exist there (404)"


def test_a_wrong_endpoint_cannot_be_reached(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment counts at every read: an endpoint where nothing listens is named so."""
    uri = put("a.png", png(1))
    load_rgb(uri, QUICK)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "the host cannot be reached" in refused(uri)


def test_the_endpoint_of_s3_alone_counts(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_ENDPOINT_URL_S3 is read, too."""
    uri = put("a.png", png(1))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", os.environ["AWS_ENDPOINT_URL"])
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    load_rgb(uri, QUICK)


def test_an_object_above_the_limit_is_refused(put: Put) -> None:
    """The limit in bytes holds for objects; at the limit they are read."""
    uri = put("large.png", png(1))
    load_rgb(uri, Limits(max_bytes=len(png(1))))
    with pytest.raises(ImageError, match="it has more than the 10 bytes"):
        load_rgb(uri, Limits(max_bytes=10))


def test_a_pool_in_a_bucket_is_prepared_once(put: Put, tmp_path: Path) -> None:
    """A manifest and its images in a bucket become signatures; what changed is computed again."""
    records = [
        {"scene_id": "a", "cost": 1, "images": ["a/0.png", "a/1.png"]},
        {"scene_id": "b", "cost": 2, "images": ["s3://bucket/pool/b.png", "gone.png"]},
        {"scene_id": "c", "cost": 3, "images": ["broken.png"]},
    ]
    for name, shade in {"a/0.png": 10, "a/1.png": 20, "b.png": 30}.items():
        put(f"pool/{name}", png(shade))
    put("pool/broken.png", png(40)[:40])
    uri = put("pool/scenes.jsonl", "\n".join(map(json.dumps, records)).encode())
    pool = open_source(None, uri)
    features = FeatureSettings(backbone="colour_grid")
    prepared = prepare(pool, features, tmp_path)
    assert list(prepared.signatures.scene_ids) == ["a", "b"]
    assert {failure.uri for failure in prepared.failures} == {
        "s3://bucket/pool/gone.png",
        "s3://bucket/pool/broken.png",
    }
    assert [scene.scene_id for scene in prepared.left_out] == ["c"]
    again = prepare(pool, features, tmp_path)
    assert (again.key, again.stages[0].computed) == (prepared.key, 0)
    put("pool/b.png", png(31))
    changed = prepare(pool, features, tmp_path)
    assert changed.key != prepared.key
    assert changed.stages[0].computed == 1


def test_a_process_of_its_own_opens_its_own_stores(put: Put) -> None:
    """A new process, which has the environment alone, reads the same image."""
    uri = put("a.png", png(77))
    code = (
        "import sys; from features.images.pixels import load_rgb; print(load_rgb(sys.argv[1]).size)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, uri], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "(8, 6)\n"


def test_the_command_line_selects_from_a_bucket(put: Put, tmp_path: Path) -> None:
    """`seedal select` takes a manifest's URI as its root."""
    records = [{"scene_id": f"s{n}", "cost": 1, "images": [f"{n}.png"]} for n in range(3)]
    for n in range(3):
        put(f"cli/{n}.png", png(60 * n))
    uri = put("cli/scenes.jsonl", "\n".join(map(json.dumps, records)).encode())
    words = ["select", "--root", uri, "--budget", "2", "--backbone", "colour_grid"]
    places = ["--out", str(tmp_path / "out"), "--data-dir", str(tmp_path / "data")]
    assert main([*words, *places]) == 0
    assert len(json.loads((tmp_path / "out" / "seed.json").read_bytes())["scenes"]) == 2


@pytest.fixture
def web() -> Iterator[Web]:
    """Serve what other stores would serve."""
    with serving() as web:
        yield web


def test_without_credentials_requests_are_anonymous(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public bucket is read unsigned; no metadata service is asked for a role."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.url)
    web.put("/public/a.png", png(1))
    load_rgb("s3://public/a.png", QUICK)
    assert web.seen == [("GET", "/public/a.png")]
    assert [name for name in web.headers[-1] if name.lower() == "authorization"] == []


def test_azure_is_read(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container is read under az:// and under abfs://, with the account of the environment."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", web.url)
    web.put("/container/a.png", png(1), Last_Modified="Wed, 21 Oct 2015 07:28:00 GMT")
    for uri in (
        "az://container/a.png",
        "abfs://container/a.png",
        "abfss://container@account.dfs.core.windows.net/a.png",
    ):
        load_rgb(uri, QUICK)
        assert fingerprint(uri, QUICK) == (uri, len(png(1)), '"1"')


def test_azure_without_an_account_says_what_is_missing() -> None:
    """Without an account's name there is no address to ask."""
    assert refused("az://container/a.png") == "AZURE_STORAGE_ACCOUNT_NAME is not set"


@pytest.mark.parametrize("scheme", ["gs", "gcs"])
def test_google_cloud_storage_is_read(
    web: Web, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """A bucket of Google's is read under both names of the scheme."""
    monkeypatch.setenv("GOOGLE_BASE_URL", web.url)
    web.put("/bucket/a%2Epng", png(1), Last_Modified="Wed, 21 Oct 2015 07:28:00 GMT")
    load_rgb(f"{scheme}://bucket/a.png", QUICK)
    assert web.seen == [("GET", "/bucket/a%2Epng")]


@pytest.mark.usefixtures("put")
def test_a_manifest_that_is_not_there_is_an_error_of_the_source() -> None:
    """A missing manifest is one sentence with its URI."""
    with pytest.raises(SourceError) as caught:
        open_source("manifest", "s3://bucket/none.jsonl")
    assert str(caught.value) == "s3://bucket/none.jsonl: it does not exist there (404)"
