"""A database of every version that there was is brought up to date with all that is in it.

`tests/schemas` has the databases, made by those versions themselves.
"""

import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from fastapi.testclient import TestClient
from postgres import Postgres, installed, running_postgres
from service import opened, worker

from app.main import create_app
from app.operations.wire import OperationStatus
from app.settings import Settings
from app.store.schema import migrations
from app.store.tables import TableBase

pytestmark = pytest.mark.slow

_ROOT: Final = Path(__file__).resolve().parents[2]
_SCHEMAS: Final = _ROOT / "tests" / "schemas"
sys.path.append(str(_SCHEMAS))

from pool import PLACE, SCENES, draw  # noqa: E402

KNOWN: Final[dict[str, dict[str, Any]]] = json.loads((_SCHEMAS / "known.json").read_text("utf-8"))
WITH_KEYS: Final = "0002"

FROZEN: Final = {
    "v0001_first_tables.py": "828d5f3e12a06d645454a6b02583eb0202ecf53d4c5d2c3c6e87a439d9ffbf9d",
    "v0002_service.py": "f80a490ed4a4961271256e4d4934229bfc9277ec6b6f2f1f05f018587d3063cf",
    "v0003_labels.py": "692736f5552a1fe67619244feec975854087915c3a315681e5dfe71b16da4bc2",
    "v0004_platforms.py": "a475fe08db3aa382b2178ed11cc41a56a5b731dfc99b29530c1773057489e063",
}
"""SHA-256 of migrations that databases have run: since 0.1.0 one that landed is never changed.

Who needs other tables adds a migration, here and in `tests/schemas/make.py`.
"""


def test_migrations_that_landed_are_frozen() -> None:
    """A migration that a database has run is as it was; a new one comes with its hash."""
    folder = _ROOT / "app" / "store" / "migrations" / "versions"
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("v*.py"))
    }
    assert found == FROZEN


def test_there_is_a_database_of_every_revision() -> None:
    """Of each revision there is a database of each kind."""
    script = ScriptDirectory.from_config(migrations())
    revisions = {revision.revision for revision in script.walk_revisions()}
    assert {name.partition(".")[0] for name in KNOWN} == revisions
    assert {path.name.removesuffix(".sql") for path in _SCHEMAS.glob("*.sql")} == set(KNOWN)
    assert set(KNOWN) == {f"{one}.{kind}" for one in revisions for kind in ("sqlite", "postgresql")}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Run a PostgreSQL server; skips where none is installed."""
    if not installed():
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as server:
        yield server


@pytest.fixture(params=KNOWN)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Settings, dict[str, Any]]:
    """Return settings with a database of an earlier version, and what is known of it."""
    pool = draw(tmp_path / "pool")
    dump = (_SCHEMAS / f"{request.param}.sql").read_text("utf-8").replace(PLACE, str(pool))
    values: dict[str, Any] = {
        "data_dir": tmp_path / "data", "file_roots": str(tmp_path),
        "callback_allow": "127.0.0.1", "solve_processes": 1,
    }  # fmt: skip
    (tmp_path / "data").mkdir()
    if request.param.endswith("sqlite"):
        with closing(sqlite3.connect(tmp_path / "data" / "seedal.sqlite")) as connection:
            connection.executescript(dump)
    else:
        server = request.getfixturevalue("server")
        values["database_url"] = server.new_database()
        server.load(values["database_url"], dump)
    return Settings.model_validate(values), KNOWN[request.param] | {"name": request.param}


def test_what_an_earlier_version_stored_is_there(old: tuple[Settings, dict[str, Any]]) -> None:
    """Datasets, operations, seeds, frontiers and keys are read over HTTP as they were given out."""
    settings, known = old
    has_keys = known["name"] >= WITH_KEYS
    headers = {"X-API-Key": known["key"]} if has_keys else {}
    app = create_app(settings)
    with TestClient(app, headers=headers) as client:
        if has_keys:
            assert client.get("/v1/datasets", headers={"X-API-Key": "x"}).status_code == 401
        listed = client.get("/v1/datasets").json()["items"]
        assert [one["id"] for one in listed] == [known["left"], known["dataset"]]
        dataset = client.get(f"/v1/datasets/{known['dataset']}").json()
        assert (dataset["name"], dataset["status"]) == ("Bürohaus", "ready")
        assert dataset["usable_scene_count"] == SCENES
        scenes = client.get(f"/v1/datasets/{known['dataset']}/scenes").json()["items"]
        assert [scene["scene_id"] for scene in scenes] == [f"room {k}" for k in range(SCENES)]
        assert client.get(known["operation"]).json()["status"] == "succeeded"
        was = known["seed"]
        (summary,) = client.get(f"/v1/datasets/{known['dataset']}/seeds").json()["items"]
        assert (summary["id"], summary["scene_count"]) == (was["id"], len(was["scenes"]))
        seed = client.get(f"/v1/seeds/{was['id']}").json()
        for name in ("objective", "budget", "total_cost", "created_at", "status"):
            assert seed[name] == was[name]
        for one, before in zip(seed["scenes"], was["scenes"], strict=True):
            assert {name: one[name] for name in before} == before
        assert client.get(f"/v1/seeds/{was['id']}/export?format=csv").status_code == 200
        if "frontier" in known:
            frontier = client.get(f"/v1/frontiers/{known['frontier']['id']}").json()
            assert frontier["points"] == known["frontier"]["points"]
        with app.state.app_state.sessions().get_bind().connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            ours = set(TableBase.metadata.tables)
            changes = compare_metadata(context, TableBase.metadata)
        assert not [one for one in changes if getattr(one[1], "name", None) in ours]


def test_a_job_that_an_earlier_version_accepted_is_done(
    old: tuple[Settings, dict[str, Any]],
) -> None:
    """What waited for a worker when the old version was stopped is done by this one's."""
    settings, known = old
    name = known["left operation"].rpartition("/")[2]
    with opened(settings) as service, worker(settings):
        operation = service.wait(name)
        assert operation.status is OperationStatus.SUCCEEDED, operation.error
        assert service.dataset(known["left"]).usable_scene_count == SCENES
        assert (operation.callback is not None) == (known["name"] >= WITH_KEYS)
