"""A real application on a real SQLite file, its extractions run in this process."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from label_studio_fake import TOKEN
from PIL import Image

from app.datasets.extraction import ExtractionJob, ExtractionOutcome
from app.main import create_app
from app.settings import Settings

SCENES = 9


FEATURES = {"backbone": "colour_grid", "token": "auto"}
"""What most tests register: a vector or a few of each scene, which takes no time."""


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a folder of scenes with three pictures each, under the only permitted folder."""
    root = tmp_path_factory.mktemp("permitted") / "pool"
    rng = np.random.default_rng(11)
    for scene in range(SCENES):
        folder = root / f"floor_{scene % 2}" / f"room {scene}"
        folder.mkdir(parents=True)
        for view in range(3):
            coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
            Image.fromarray(coarse).resize((640, 480)).save(folder / f"{view}.png")
    return root


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory, pool: Path) -> FastAPI:
    """Return the application; its operator connected a Label Studio."""
    operators = tmp_path_factory.mktemp("operator")
    (operators / "token").write_text(f"{TOKEN}\n")
    connections = operators / "connections.toml"
    connections.write_text(
        f"""
        [connections.main]
        kind = "label_studio"
        url = "http://label-studio.test"
        token_file = "{operators / "token"}"
        project = "new:Rooms"
        media = {{ "{pool.parent}" = "/data/local-files/?d=permitted" }}

        [connections.others]
        kind = "label_studio"
        url = "http://label-studio.test"
        token_file = "{operators / "token"}"
        projects = ["another"]
        """
    )
    settings = Settings(
        connections_file=connections,
        public_url="http://testserver",
        data_dir=tmp_path_factory.mktemp("data"),
        file_roots=(pool.parent,),
        solve_processes=1,
        max_time_limit_s=20,
        max_body_mb=1,
    )
    return create_app(settings)


@pytest.fixture(scope="session")
def client(app: FastAPI) -> Iterator[TestClient]:
    """Return a client of the running application."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def extract(client: TestClient) -> Callable[[dict[str, Any]], ExtractionOutcome]:
    """Return a function that does what a worker does with a registered dataset."""

    def run(registered: dict[str, Any]) -> ExtractionOutcome:
        app_state = client.app.state.app_state  # type: ignore[attr-defined]  # starlette knows it as ASGI
        names = (registered["operation"]["id"], registered["dataset"]["id"])
        with closing(ExtractionJob(app_state.settings, app_state.sessions, *names)) as extraction:
            outcome, group = extraction.read_source(), 0
            while outcome is ExtractionOutcome.MORE:
                outcome, group = extraction.extract_group(group), group + 1
            return extraction.finish() if outcome is ExtractionOutcome.DONE else outcome

    return run


@pytest.fixture(scope="session")
def register(client: TestClient) -> Callable[..., dict[str, Any]]:
    """Return a function that registers a dataset and returns the answer."""

    def post(source: dict[str, Any], **more: object) -> dict[str, Any]:
        body = {"name": "test", "source": source, "features": FEATURES, **more}
        answer = client.post("/v1/datasets", json=body)
        assert answer.status_code == 202, answer.text
        registered: dict[str, Any] = answer.json()
        return registered

    return post


@pytest.fixture(scope="session")
def validate(client: TestClient) -> Callable[..., dict[str, Any]]:
    """Return a function that asks for a dry run and returns its report."""

    def post(source: dict[str, Any], **more: object) -> dict[str, Any]:
        body = {"name": "x", "source": source, "features": FEATURES, **more}
        answer = client.post("/v1/datasets:validate", json=body)
        assert answer.status_code == 200, answer.text
        report: dict[str, Any] = answer.json()
        return report

    return post


@pytest.fixture(scope="session")
def ready(
    register: Callable[..., dict[str, Any]],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
    pool: Path,
) -> str:
    """Return the id of a dataset that is ready."""
    registered = register({"kind": "images", "root": str(pool)}, name="ready")
    assert extract(registered) is ExtractionOutcome.DONE
    dataset_id: str = registered["dataset"]["id"]
    return dataset_id
