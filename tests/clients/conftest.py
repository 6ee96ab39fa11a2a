"""A service, and what others generate from its document; collected only by `make test-clients`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from client_site import Site
from seedal_client import Client
from serving import free_port, serving

from app.settings import Settings
from demo_world.world import write_world

collect_ignore_glob = [] if "SEEDAL_CLIENTS_PYTHON" in os.environ else ["test_*"]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve a small generated building."""
    folder = tmp_path_factory.mktemp("site")
    manifest = write_world(folder / "world", rooms=8, images_per_room=1, size=(64, 48))
    settings = Settings(data_dir=folder / "data", file_roots=(folder,), port=free_port())
    with serving(settings) as http, Client(str(http.base_url)) as client:
        uri = manifest.resolve().as_uri()
        grid = {"backbone": "colour_grid"}
        dataset = client.register_dataset("Building", uri, features=grid)
        yield Site(str(http.base_url).rstrip("/"), dataset.id, uri)


@pytest.fixture(scope="session")
def python() -> Path:
    """Return the Python in which the tools are installed."""
    return Path(os.environ["SEEDAL_CLIENTS_PYTHON"])


@pytest.fixture(scope="session")
def typescript() -> Path:
    """Return the folder in which the packages for TypeScript are installed."""
    return Path(os.environ["SEEDAL_CLIENTS_TYPESCRIPT"])
