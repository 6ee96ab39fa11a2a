import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry
from PIL import Image

from features.errors import ImageError, StorageError
from features.images.pixels import fingerprint, load_rgb
from features.sources import open_source
from features.storage import file_systems
from features.storage import object_stores as environment
from features.storage.reading import local_copy, open_binary, state
from features.storage.remote import Limits


@pytest.fixture
def memory() -> Iterator[MemoryFileSystem]:
    """Return fsspec's file system in memory, empty before and after."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


@pytest.mark.parametrize("name", ["retries", "total_s", "connect_s", "silence_s", "max_bytes"])
@pytest.mark.parametrize("value", [-1, float("inf"), float("nan")])
def test_a_limit_without_sense_is_refused(name: str, value: float) -> None:
    """A limit is positive and finite; no retries are possible, no time is not."""
    with pytest.raises(ValueError, match=name):
        Limits(**{name: value})  # type: ignore[arg-type]
    assert Limits(retries=0).retries == 0
    with pytest.raises(ValueError, match="total_s"):
        Limits(total_s=0)


def test_any_scheme_of_fsspec_is_read(memory: MemoryFileSystem) -> None:
    """An image in a file system that fsspec brings decodes; a change of it changes its state."""
    stream = io.BytesIO()
    Image.new("RGB", (4, 3), "red").save(stream, "PNG")
    memory.pipe("/pool/a.png", stream.getvalue())
    assert load_rgb("memory://pool/a.png").getpixel((0, 0)) == (255, 0, 0)
    before = fingerprint("memory://pool/a.png")
    assert before == fingerprint("memory://pool/a.png")
    assert before[:2] == ("memory://pool/a.png", len(stream.getvalue()))
    memory.pipe("/pool/a.png", stream.getvalue())
    assert fingerprint("memory://pool/a.png") != before


def test_a_manifest_in_a_file_system_of_fsspec(memory: MemoryFileSystem) -> None:
    """A manifest of any scheme is a source; images lie beside it."""
    memory.pipe("/pool/scenes.jsonl", b'{"scene_id": "a", "cost": 1, "images": ["b/c.png"]}')
    (scene,) = open_source(None, "memory://pool/scenes.jsonl").scenes
    assert scene.images[0].uri == "memory://pool/b/c.png"


def refused(name: str, limits: Limits | None = None) -> str:
    """Return the reason why a file cannot be opened."""
    with pytest.raises(StorageError) as caught:
        open_binary(name, limits or Limits())
    return caught.value.reason


def test_what_fsspec_refuses_is_said(memory: MemoryFileSystem) -> None:
    """Missing files, folders, large files and unknown schemes are one sentence each."""
    memory.pipe("/pool/a.png", b"12345")
    assert refused("memory://pool/b.png") == "it does not exist there"
    assert refused("memory://pool") == "a folder, not a file"
    assert "more than the 4 bytes" in refused("memory://pool/a.png", Limits(max_bytes=4))
    assert refused("nope://pool/a.png") == "nothing that is installed here reads nope:// URIs"


class Odd(fsspec.AbstractFileSystem):  # type: ignore[misc]
    """A file system that tells nothing of a file before it is read, or fails."""

    protocol = "odd"
    release = threading.Event()

    def info(self, path: str, **_: object) -> dict[str, Any]:
        """Tell neither size nor date; `hangs`, `denied` and `wrong` do what they are named."""
        match path:
            case "hangs":
                self.release.wait(30)
            case "denied":
                raise PermissionError(path)
            case "folder":
                raise IsADirectoryError(path)
            case "wrong":
                message = "token=secret"
                raise RuntimeError(message)
        return {"name": path, "type": "file", "size": None}

    def _open(self, path: str, *_: object, **__: object) -> io.BytesIO:
        return io.BytesIO(path.encode())


@pytest.fixture
def _odd() -> Iterator[None]:
    Odd.release.clear()
    fsspec.register_implementation("odd", Odd, clobber=True)
    file_systems.is_installed.cache_clear()
    yield
    Odd.release.set()
    del _registry["odd"]
    file_systems.is_installed.cache_clear()


@pytest.mark.usefixtures("_odd")
def test_a_file_of_unknown_size_is_bounded_while_it_is_read() -> None:
    """Where no size is told, the content decides, and its hash is the state."""
    assert open_binary("odd://12345", Limits(max_bytes=5)).read() == b"12345"
    assert "more than the 4 bytes" in refused("odd://12345", Limits(max_bytes=4))
    digest = "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5"
    assert state("odd://12345") == ("odd://12345", 5, digest)


@pytest.mark.usefixtures("_odd")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("hangs", "it could not be read within 0.05 s"),
        ("denied", "access is denied"),
        ("folder", "a folder, not a file"),
        ("wrong", "it cannot be read (RuntimeError)"),
    ],
)
def test_an_implementation_that_fails_costs_one_file(name: str, reason: str) -> None:
    """Whatever an implementation does, the reader gets a reason, in time, and no secret."""
    assert refused(f"odd://{name}", Limits(total_s=0.05 if name == "hangs" else 30)) == reason


def test_a_local_file_is_its_own_copy(tmp_path: Path) -> None:
    """Nothing is copied of what lies here; a missing file is an error."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"x")
    with local_copy(path.as_uri()) as copy:
        assert copy == path
    with pytest.raises(StorageError, match="does not exist"), local_copy(str(tmp_path / "b")):
        pass


def test_a_file_that_vanishes_is_missing(tmp_path: Path) -> None:
    """A file that is found and then deleted is reported when it is read."""
    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(path)
    fingerprint(str(path))
    path.unlink()
    with pytest.raises(ImageError, match="the file does not exist"):
        load_rgb(str(path))


@pytest.fixture
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SKIP_SIGNATURE", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_no_environment")
def test_credentials_are_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials requests are anonymous, unless the user decides."""
    assert environment.is_anonymous("s3")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "false")
    assert not environment.is_anonymous("s3")
    monkeypatch.delenv("AWS_SKIP_SIGNATURE")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    assert not environment.is_anonymous("s3")
    assert environment.is_anonymous("gs")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/key.json")
    assert not environment.is_anonymous("gcs")


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("AWS_ENDPOINT_URL", "http://minio:9000", True),
        ("AWS_ENDPOINT_URL_S3", "HTTP://minio:9000", True),
        ("AWS_ENDPOINT_URL", "https://minio:9000", False),
        ("AWS_SESSION_TOKEN", "http://x", False),
    ],
)
def test_plain_http_is_for_endpoints_that_ask_for_it(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    allowed: bool,  # noqa: FBT001
) -> None:
    """Stores are asked over TLS, unless their own address is an http:// one."""
    for unset in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"):
        monkeypatch.delenv(unset, raising=False)
    monkeypatch.setenv(name, value)
    assert environment.allows_http("s3") is allowed
