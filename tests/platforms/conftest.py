"""Real platforms: started here, stopped here; nothing is collected where they are not installed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from label_studio_server import LabelStudioServer, running_label_studio

collect_ignore_glob = [] if "SEEDAL_PLATFORMS_BUILD" in os.environ else ["test_*"]


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """Return a Label Studio server with two users."""
    program = Path(os.environ["SEEDAL_LABEL_STUDIO"])
    made = Path(os.environ["SEEDAL_PLATFORMS_BUILD"]) / "label-studio-data"
    with running_label_studio(program, made, tmp_path_factory.mktemp("label-studio")) as server:
        yield server
