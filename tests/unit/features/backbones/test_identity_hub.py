import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub.constants as hub_constants
import pytest

from features.backbones import identity
from features.errors import BackboneError, WeightsError

CONTENT = b"weights of a network"
COMMIT = "0" * 40
FILES = {
    "/timm/vit_small_patch16_224.dino/resolve/main/model.safetensors",
    "/timm/test_vit.r160_in1k/resolve/main/model.safetensors",
}


class Hub(BaseHTTPRequestHandler):
    """The two requests of the hub's protocol that a download makes."""

    def do_HEAD(self) -> None:
        """Say that the file exists, and in which version."""
        self.send_response(200 if self.path in FILES else 404)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", '"abc"')
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()

    def do_GET(self) -> None:
        """Send the file."""
        self.do_HEAD()
        self.wfile.write(CONTENT)

    def log_message(self, *_args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the hub an empty cache."""
    monkeypatch.setattr(hub_constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    """Run a hub on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as running:
        address = f"http://127.0.0.1:{running.server_port}"
        template = address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(hub_constants, "ENDPOINT", address)
        monkeypatch.setattr(hub_constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        thread = threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.mark.enable_socket
@pytest.mark.usefixtures("server", "cache")
@pytest.mark.parametrize("name", ["dino_vits16", "timm/test_vit.r160_in1k"])
def test_weights_are_downloaded_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the hub has is downloaded, and found in the cache when the hub is gone."""
    assert identity.fetch(name).read_bytes() == CONTENT
    monkeypatch.setattr(hub_constants, "HF_HUB_OFFLINE", True)
    assert identity.fetch(name).read_bytes() == CONTENT


@pytest.mark.enable_socket
@pytest.mark.usefixtures("server", "cache")
def test_weights_that_the_hub_lacks_are_named() -> None:
    """A repository without the file raises one sentence with a way out."""
    with pytest.raises(WeightsError, match=r"of dino_vits8, .* cannot be fetched") as caught:
        identity.fetch("dino_vits8")
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("cache")
def test_offline_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network one sentence names both ways out."""
    monkeypatch.setattr(hub_constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError) as caught:
        identity.fetch("dino_vitb8")
    message = str(caught.value)
    file = "timm/vit_base_patch8_224.dino/model.safetensors"
    assert message.startswith(f"the weights of dino_vitb8, {file}, cannot be fetched (")
    assert message.endswith(
        "): give such a file with --weights or choose --backbone efficientnet_lite0, "
        "whose weights are installed"
    )


@pytest.mark.usefixtures("cache")
def test_names_that_have_no_weights_are_not_asked_for() -> None:
    """A network that nothing is published of, or that timm does not know, is refused here."""
    with pytest.raises(WeightsError, match=r"no weights of timm/vit_small_patch16_36x1_224 are"):
        identity.fetch("timm/vit_small_patch16_36x1_224")
    with pytest.raises(BackboneError, match="timm knows no model 'vit_x'"):
        identity.fetch("timm/vit_x")
