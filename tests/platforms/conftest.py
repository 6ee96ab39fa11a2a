"""Real platforms: started here, stopped here; nothing is collected where they are not installed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from label_studio_server import OWNER, TOKENS, LabelStudioServer, running_label_studio
from looking import Site
from serving import free_port, serving

from app.settings import Settings
from demo_world.world import write_world

collect_ignore_glob = [] if "SEEDAL_PLATFORMS_BUILD" in os.environ else ["test_*"]


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """Return a Label Studio server with two users."""
    program = Path(os.environ["SEEDAL_LABEL_STUDIO"])
    made = Path(os.environ["SEEDAL_PLATFORMS_BUILD"]) / "label-studio-data"
    with running_label_studio(program, made, tmp_path_factory.mktemp("label-studio")) as server:
        yield server


@pytest.fixture(scope="session")
def site(
    tmp_path_factory: pytest.TempPathFactory, label_studio: LabelStudioServer
) -> Iterator[Site]:
    """Serve a generated building; the operator connected the Label Studio."""
    folder = tmp_path_factory.mktemp("site")
    manifest = write_world(folder / "world", rooms=12, images_per_room=1, size=(96, 72))
    token = folder / "token"
    token.write_text(TOKENS[OWNER])
    port = free_port()
    connections = folder / "connections.toml"
    connections.write_text(
        f"""
        [connections.main]
        kind = "label_studio"
        url = "{label_studio.url}"
        token_file = "{token}"
        tells = "http://localhost:{port}"
        signed_media = true

        [connections.silent]
        kind = "label_studio"
        url = "{label_studio.url}"
        token_file = "{token}"
        signed_media = true
        """
    )
    settings = Settings(
        data_dir=folder / "data",
        file_roots=(folder,),
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        connections_file=connections,
    )
    with serving(settings) as api:
        page = f"http://127.0.0.1:{port}/"
        yield Site(page, api, manifest.parent, "", "")
