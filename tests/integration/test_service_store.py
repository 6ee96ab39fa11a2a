"""The store keeps its promises on both databases."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgres import Postgres, installed, running_postgres
from sqlalchemy import Engine, delete, func, inspect, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.datasets import scenes
from app.datasets import store as datasets
from app.datasets.translate import new_dataset
from app.datasets.wire import DatasetRequest
from app.errors import NotFoundError
from app.labels.service import Labels
from app.labels.wire import LabelsRequest
from app.operations import store as operations
from app.operations.translate import EXTRACTION, new_operation
from app.operations.wire import OperationStatus
from app.seeds import store as seeds
from app.seeds.wire import SeedSummary
from app.settings import Settings
from app.store.engine import open_engine
from app.store.identifiers import new_id, now
from app.store.queue import EXTRACTION_QUEUE, JobQueue
from app.store.schema import migrations, upgrade
from app.store.sessions import open_sessions
from app.store.tables import (
    DEFAULT_PROJECT,
    DatasetRow,
    FrontierRow,
    HookRow,
    OperationRow,
    Owned,
    SceneRow,
    SeedRow,
    TableBase,
)

_REQUEST = DatasetRequest.model_validate(
    {"name": "Bürohaus", "source": {"kind": "images", "root": "/data"}}
)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Run a PostgreSQL server; skips where none is installed."""
    if not installed():
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Return an engine on an empty database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/made/on/the/way/seedal.sqlite"
    else:
        url = request.getfixturevalue("server").new_database()
    settings = Settings.model_validate({"database_url": url, "data_dir": tmp_path})
    engine = open_engine(settings.database(), pool_size=5)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """Return a session on a database with all tables."""
    upgrade(engine)
    with Session(engine) as session:
        yield session


def _dataset(session: Session) -> DatasetRow:
    row = new_dataset(_REQUEST)
    session.add(row)
    session.flush()
    return row


def _record(dataset_id: str, position: int) -> dict[str, object]:
    return {
        "dataset_id": dataset_id,
        "position": position,
        "scene_id": f"room/{position}",
        "costs": {"points": position + 0.5},
        "group_name": None,
        "images": [],
        "regions": None,
        "pointcloud": None,
        "external_ids": {},
        "meta": {"ключ": [1, None]},
    }


def test_migrations_make_exactly_the_tables(engine: Engine) -> None:
    """What the migrations make and what the code expects are the same, on an upgrade run twice."""
    upgrade(engine)
    upgrade(engine)
    with engine.connect() as connection:
        ours = set(TableBase.metadata.tables)
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda name, kind, _: kind != "table" or name in ours}
        )
        assert compare_metadata(context, TableBase.metadata) == []


def test_a_downgrade_leaves_nothing(engine: Engine) -> None:
    """Going all the way down drops every table of ours."""
    upgrade(engine)
    with engine.begin() as connection:
        command.downgrade(migrations(connection), "base")
    assert not set(inspect(engine).get_table_names()) & set(TableBase.metadata.tables)


def test_processes_that_start_together_migrate_once(engine: Engine) -> None:
    """Upgrades at the same time wait for each other; none fails."""
    errors: list[Exception] = []

    def start() -> None:
        try:
            upgrade(engine)
        except Exception as error:  # noqa: BLE001  shown by the assertion
            errors.append(error)

    threads = [Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_commit_survives_a_power_cut(engine: Engine) -> None:
    """SQLite runs with a write-ahead log and full synchronisation; PostgreSQL does by default."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
        else:
            assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"


def test_a_dataset_comes_back_as_it_was(session: Session) -> None:
    """Text, JSON and moments survive the database, time zone included."""
    row = _dataset(session)
    created = row.created_at
    session.commit()
    session.expire_all()
    again = datasets.get(session, row.id)
    assert (again.name, again.source["root"], again.created_at) == ("Bürohaus", "/data", created)
    assert again.created_at.tzinfo is not None
    assert again.resolved_features is None


def test_an_unknown_id_is_not_found(session: Session) -> None:
    """Each kind of row raises the same error, naming the kind and the id."""
    for get in (datasets.get, operations.get, datasets.remove):
        with pytest.raises(NotFoundError, match="'nothing'"):
            get(session, "nothing")
    for table in (SeedRow, FrontierRow):
        with pytest.raises(NotFoundError, match="'nothing'"):
            seeds.get(session, table, "nothing")
    with pytest.raises(NotFoundError, match="scene 'nothing'"):
        scenes.get(session, "nothing", "nothing")


def test_pages_cover_all_datasets_newest_first(session: Session) -> None:
    """Following the pages shows every dataset once, newest first."""
    ids = [_dataset(session).id for _ in range(5)]
    first = datasets.page(session, before=None, size=2)
    rest = datasets.page(session, before=first[-1].id, size=9)
    assert [row.id for row in (*first, *rest)] == ids[::-1]


def test_scenes_keep_their_order_and_content(session: Session) -> None:
    """Scenes come back in the source's order with their JSON unchanged."""
    dataset = _dataset(session)
    scenes.add(session, [_record(dataset.id, position) for position in range(4)])
    page = scenes.page(session, dataset.id, after=0, size=2)
    assert [row.scene_id for row in page] == ["room/1", "room/2"]
    assert scenes.get(session, dataset.id, "room/3").meta == {"ключ": [1, None]}
    assert len(scenes.every(session, dataset.id)) == 4


def test_a_scene_id_is_unique_in_its_dataset(session: Session) -> None:
    """The database itself refuses a second scene of the same id."""
    dataset = _dataset(session)
    double = _record(dataset.id, 1) | {"scene_id": "room/0"}
    with pytest.raises(IntegrityError):
        scenes.add(session, [_record(dataset.id, 0), double])


def test_marking_leaves_out_exactly_the_named_scenes(session: Session) -> None:
    """Marked scenes carry their reason; the others are usable, in order."""
    dataset = _dataset(session)
    scenes.add(session, [_record(dataset.id, position) for position in range(3)])
    scenes.mark(session, dataset.id, {"room/1": "it has no images"})
    usable = scenes.usable(session, dataset.id)
    assert [(scene.scene_id, scene.costs["points"]) for scene in usable] == [
        ("room/0", 0.5),
        ("room/2", 2.5),
    ]
    session.expire_all()
    assert scenes.get(session, dataset.id, "room/1").left_out_reason == "it has no images"


def _say(*said: tuple[int, str, str]) -> LabelsRequest:
    """Return events at a minute, of a scene and its state, each under the scene's own reference."""
    return LabelsRequest.model_validate(
        {
            "events": [
                {"scene_id": name, "state": state, "at": f"2026-11-30T08:{minute:02}:00+02:00"}
                for minute, name, state in said
            ]
        }
    )


def test_labels_are_heard_and_told_alike_on_both(session: Session) -> None:
    """The latest counts, in any time zone; costs are added; pages keep the source's order."""
    dataset = _dataset(session)
    scenes.add(session, [_record(dataset.id, position) for position in range(4)])
    labels = Labels(session)
    told = labels.record(
        dataset.id,
        _say((1, "room/3", "labelled"), (1, "room/0", "labelled"), (2, "room/1", "queued")),
    )
    assert (told.accepted, told.labelled_cost, told.version) == (3, {"points": 4.0}, 3)
    late = labels.record(dataset.id, _say((0, "room/3", "removed"), (3, "room/0", "skipped")))
    assert (late.accepted, late.duplicates, late.version) == (1, 1, 4)
    page = labels.page(dataset.id, None, 2, None)
    assert [(item.scene_id, item.state) for item in page.items] == [
        ("room/0", "skipped"),
        ("room/1", "queued"),
    ]
    assert page.items[0].at == datetime(2026, 11, 30, 6, 3, tzinfo=UTC)
    rest = labels.page(dataset.id, None, 2, page.next_page_token)
    assert [item.scene_id for item in rest.items] == ["room/3"]
    ledger = labels.ledger(dataset.id)
    assert (ledger.labelled, ledger.queued, ledger.version) == (("room/3",), ("room/1",), 4)


def test_an_operation_ends_once(session: Session) -> None:
    """Whoever ends an operation first wins; later changes are refused and change nothing."""
    operation = new_operation(EXTRACTION, _dataset(session).id)
    session.add(operation)
    session.flush()
    assert operations.start(session, operation.id)
    assert operations.advance(session, operation.id, done=1, total=4)
    assert [row.id for row in operations.active(session)] == [operation.id]
    assert operations.end(session, operation.id, OperationStatus.CANCELLED)
    assert not operations.end(session, operation.id, OperationStatus.SUCCEEDED)
    assert not operations.advance(session, operation.id, done=2, total=4)
    assert not operations.start(session, operation.id)
    session.expire_all()
    again = operations.get(session, operation.id)
    assert (again.status, again.done, again.total) == ("cancelled", 1, 4)
    assert again.started_at is not None
    assert again.finished_at is not None


def test_deleting_a_dataset_deletes_what_belongs_to_it(session: Session) -> None:
    """Scenes, operations and seeds go with their dataset."""
    dataset = _dataset(session)
    scenes.add(session, [_record(dataset.id, 0)])
    session.add(new_operation(EXTRACTION, dataset.id))
    session.add(
        SeedRow(id=new_id(), dataset_id=dataset.id, question_hash="q", answer={}, created_at=now())
    )
    session.commit()
    datasets.remove(session, dataset.id)
    session.commit()
    for table in (DatasetRow, SceneRow, OperationRow, SeedRow):
        assert session.query(table).count() == 0


def test_a_question_has_one_answer(session: Session) -> None:
    """A second answer to the same question is refused by the database."""
    dataset = _dataset(session)
    for _ in range(2):
        session.add(
            SeedRow(
                id=new_id(), dataset_id=dataset.id, question_hash="q", answer={}, created_at=now()
            )
        )
    with pytest.raises(IntegrityError):
        session.flush()


def test_a_job_exists_exactly_if_its_row_does(engine: Engine) -> None:
    """Row and job are one transaction: rolled back both are gone, committed both are there."""
    upgrade(engine)
    queue = JobQueue(engine)
    with Session(engine) as session:
        for commit in (False, True):
            dataset = _dataset(session)
            operation = new_operation(EXTRACTION, dataset.id)
            session.add(operation)
            queue.enqueue_extraction(session, operation.id, dataset.id)
            queue.enqueue_extraction(session, operation.id, dataset.id)  # the same id: one job
            if commit:
                session.commit()
            else:
                session.rollback()
        rows = session.query(OperationRow.id).all()
    jobs = queue._client.list_queued_workflows(queue_name=EXTRACTION_QUEUE)
    assert [job.workflow_id for job in jobs] == [row.id for row in rows]
    queue.close()


def test_one_writer_waits_for_another(engine: Engine) -> None:
    """A second writer queues behind the first instead of failing."""
    upgrade(engine)
    waiting = Thread(target=_register, args=(engine,))
    with Session(engine) as session:
        _dataset(session)
        waiting.start()
        session.commit()
    waiting.join()
    with Session(engine) as session:
        assert session.query(DatasetRow).count() == 2


def _register(engine: Engine) -> None:
    with Session(engine) as session:
        _dataset(session)
        session.commit()


_OLD = {
    "datasets": {
        "id": "d", "name": "old", "status": "ready", "source": "{}", "features": "{}",
        "resources": "[]", "left_out_count": 0, "left_out": "[]", "image_failure_count": 0,
        "image_failures": "[]", "notes": "[]",
    },
    "operations": {
        "id": "o", "kind": "extraction", "dataset_id": "d", "status": "succeeded", "done": 1,
    },
    "seeds": {
        "id": "s", "dataset_id": "d", "question_hash": "q",
        "answer": json.dumps(
            {"id": "s", "dataset_id": "d", "status": "optimal", "objective": 1.0, "gap": 0.0,
             "budget": {"limit": 2.0, "resource": "points", "fraction": 0.1}, "total_cost": 1.5,
             "upper_bound": 1.0, "scenes": [{}, {}], "created_at": "2026-01-01T00:00:00Z",
             "solver": {"objective": "seedal", "strategy": "auto"}}
        ),
    },
}  # fmt: skip


def test_what_an_older_version_stored_is_kept_up_and_down(engine: Engine) -> None:
    """Rows of the first version belong to the default project and are listed; back again, too."""
    with engine.begin() as connection:
        command.upgrade(migrations(connection), "0001")
    with engine.begin() as connection:
        for table, row in _OLD.items():
            values = {**row, "created_at": datetime(2026, 1, 1, tzinfo=UTC)}
            names = ", ".join(values)
            places = ", ".join(f":{name}" for name in values)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)  # noqa: S608 our own
    upgrade(engine)
    with open_sessions(engine)() as session:
        session.bind_to(DEFAULT_PROJECT)
        assert datasets.get(session, "d").name == "old"
        assert operations.get(session, "o").version == 0
        ((name, summary),) = seeds.page(session, "d", before=None, size=10)
        assert name == "s"
        assert SeedSummary.model_validate(summary).scene_count == 2
        session.bind_to("other")
        with pytest.raises(NotFoundError):
            datasets.get(session, "d")
    with engine.begin() as connection:
        command.downgrade(migrations(connection), "0001")
        assert connection.scalar(text("SELECT name FROM datasets")) == "old"
        assert connection.scalar(text("SELECT count(*) FROM seeds")) == 1
    upgrade(engine)


def test_a_project_meets_its_own_rows_alone(engine: Engine) -> None:
    """Bound to a project, no session reads, changes or deletes a row of another's."""
    upgrade(engine)
    sessions = open_sessions(engine)
    owned = [
        mapper.class_ for mapper in TableBase.registry.mappers if issubclass(mapper.class_, Owned)
    ]
    assert {table.__tablename__ for table in owned} == {
        "datasets", "operations", "seeds", "frontiers", "hooks",
    }  # fmt: skip
    with sessions.begin() as session:
        session.bind_to("mine")
        session.add(new_dataset(_REQUEST))
        session.flush()
        (dataset,) = session.scalars(select(DatasetRow))
        session.add(new_operation(EXTRACTION, dataset.id))
        shared = {"dataset_id": dataset.id, "question_hash": "q", "answer": {}, "created_at": now()}
        session.add(SeedRow(id="s", **shared))
        session.add(FrontierRow(id="f", **shared))
        about = {"kind": "cvat", "name": "main", "secret": "x", "created_at": now()}
        session.add(HookRow(id="h", dataset_id=dataset.id, **about))
    with sessions.begin() as session:
        session.bind_to("other")
        for table in owned:
            assert session.scalars(select(table)).all() == []
            key = table.id
            assert session.execute(select(key)).all() == []
            assert session.execute(select(func.count()).select_from(table)).scalar() == 0
            changed = session.execute(update(table).values(id=key).returning(key))
            assert changed.all() == []
            assert session.execute(delete(table).returning(key)).all() == []
        assert session.get(DatasetRow, dataset.id) is None
        with pytest.raises(NotFoundError):
            datasets.remove(session, dataset.id)
    with sessions() as session:
        session.bind_to("mine")
        for table in owned:
            assert len(session.scalars(select(table)).all()) == 1
