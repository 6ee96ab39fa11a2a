"""The service reads remote manifests and images under the permitted prefixes, and no others."""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from loopback import Web, serving
from PIL import Image
from service import Service, opened

from app.datasets.extraction import ExtractionJob, ExtractionOutcome
from app.datasets.service import Datasets
from app.datasets.validation_wire import ValidationRequest
from app.errors import NotFoundError, SourceRefusedError
from app.processes.child import Cancellation
from app.processes.pool import SolvePool
from app.scenes.service import SceneService
from app.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """Serve images and manifests, with no proxy between."""
    for name in ("http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving() as web:
        for shade in range(3):
            stream = io.BytesIO()
            Image.new("RGB", (640, 480), (80 * shade, 0, 0)).save(stream, "PNG")
            web.put(f"/pool/{shade}.png", stream.getvalue())
            web.put(f"/other/{shade}.png", stream.getvalue())
        yield web


@pytest.fixture
def service(web: Web, tmp_path: Path) -> Iterator[Service]:
    """Return a service that may read one prefix of the server."""
    with opened(Settings(data_dir=tmp_path, url_roots=(f"{web.url}/pool",))) as service:
        yield service


def manifest(web: Web, path: str, *images: str) -> dict[str, str]:
    """Serve a manifest of one scene an image; return it as a source."""
    lines = [
        json.dumps({"scene_id": f"s{number}", "cost": 1, "images": [image]})
        for number, image in enumerate(images)
    ]
    return {"kind": "manifest", "uri": web.put(path, "\n".join(lines).encode())}


def extract(service: Service, operation_id: str, dataset_id: str) -> ExtractionOutcome:
    """Do what a worker does."""
    job = ExtractionJob(service.settings, service.sessions, operation_id, dataset_id)
    with closing(job) as extraction:
        outcome, group = extraction.read_source(), 0
        while outcome is ExtractionOutcome.MORE:
            outcome, group = extraction.extract_group(group), group + 1
        return extraction.finish() if outcome is ExtractionOutcome.DONE else outcome


def test_a_remote_dataset_becomes_ready(web: Web, service: Service) -> None:
    """A manifest and its images under the prefix are extracted; thumbnails are read from there."""
    source = manifest(web, "/pool/scenes.jsonl?secret", "0.png", "1.png", "2.png", "gone.png")
    dataset_id, operation_id = service.register(source)
    assert extract(service, operation_id, dataset_id) is ExtractionOutcome.DONE
    with service.sessions() as session:
        scenes = SceneService(session, service.settings, SolvePool(0, patience_s=0))
        assert len(scenes.page(dataset_id, None, None).items) == 4
        assert scenes.get(dataset_id, "s3").left_out_reason.endswith("does not exist there (404)")  # type: ignore[union-attr]
        thumbnail = scenes.thumbnail(dataset_id, "s2", None, 320)
        with Image.open(io.BytesIO(thumbnail)) as image:
            assert image.size == (320, 240)
        with pytest.raises(NotFoundError):
            scenes.thumbnail(dataset_id, "s3", None, 320)


def test_a_manifest_elsewhere_is_refused_at_once(web: Web, service: Service) -> None:
    """A manifest outside the prefixes is refused without a request, by a sentence with the rule."""
    source = manifest(web, "/other/scenes.jsonl?secret", "0.png")
    with pytest.raises(SourceRefusedError) as caught:
        service.register(source)
    assert "outside the URI prefixes" in caught.value.detail
    assert "SEEDAL_URL_ROOTS" in caught.value.detail
    assert "secret" not in caught.value.detail
    assert web.seen == []


@pytest.mark.parametrize("image", ["../other/0.png", "s3://bucket/a.png", "/etc/passwd"])
def test_an_image_elsewhere_is_refused(web: Web, service: Service, image: str) -> None:
    """A permitted manifest cannot name what lies outside: the dataset fails, nothing is read."""
    dataset_id, operation_id = service.register(manifest(web, "/pool/scenes.jsonl", "0.png", image))
    assert extract(service, operation_id, dataset_id) is ExtractionOutcome.STOPPED
    error = service.dataset(dataset_id).error
    assert error is not None
    assert error.startswith("Scene 's1': ")
    assert "this server may read" in error
    assert web.seen == [("GET", "/pool/scenes.jsonl")]


def test_a_folder_cannot_be_remote(web: Web, service: Service) -> None:
    """A source that is a folder lies on this machine, whatever the prefixes."""
    with pytest.raises(SourceRefusedError, match="only a local path"):
        service.register({"kind": "images", "root": f"{web.url}/pool/"})


def test_mistakes_of_a_remote_manifest_are_called_by_its_uri(web: Web, service: Service) -> None:
    """A dry run of a manifest that lies elsewhere tells every line, and no query or local copy."""
    lines = [b'{"scene_id": "a", "cost": 1, "images": ["gone.png", "0.png"]}', b"{", b"[]"]
    uri = web.put("/pool/wrong.jsonl?token=abc", b"\n".join(lines))
    request = ValidationRequest.model_validate({"source": {"kind": "manifest", "uri": uri}})
    with service.sessions() as session, closing(SolvePool(1, patience_s=30)) as pool:
        report = Datasets(session, service.queue, service.settings).report(
            request, pool, Cancellation()
        )
    assert [mistake.line for mistake in report.errors] == [2, 3]
    places = {mistake.place.rpartition(":")[0] for mistake in report.errors}
    assert places == {uri.removesuffix("?token=abc")}
    assert (report.scene_count, report.images_looked_at) == (1, 2)
    assert report.missing_images == (f"{web.url}/pool/gone.png",)
