"""One place keeps projects apart, for every table that has an owner, on both databases."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from postgres import Postgres, installed, running_postgres
from sqlalchemy import Engine, delete, exists, func, insert, inspect, select, types, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased, sessionmaker

import app.store
from app.datasets import store as datasets
from app.errors import NotFoundError
from app.operations import store as operations
from app.seeds import store as seeds
from app.settings import Settings
from app.store.engine import open_engine
from app.store.identifiers import new_id, now
from app.store.schema import upgrade
from app.store.sessions import ProjectSession, UnconfinedError, open_sessions, owned
from app.store.tables import DatasetRow, FrontierRow, Owned, SeedRow, TableBase, UtcDateTime

_APP = Path(app.store.__file__).parents[1]
Sessions = sessionmaker[ProjectSession]
Ids = dict[str, dict[type[TableBase], str]]

_VALUES: dict[Any, object] = {
    types.JSON: {}, UtcDateTime: now(), types.Boolean: True, types.Integer: 1, types.Float: 1.0,
    types.String: "x",
}  # fmt: skip
_OWNED = pytest.mark.parametrize("table", owned(), ids=lambda table: table.__tablename__)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Run a PostgreSQL server; skips where none is installed."""
    if not installed():
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """Return an engine on a database of each kind with all tables."""
    folder = tmp_path_factory.mktemp("projects")
    if request.param == "sqlite":
        url = f"sqlite:///{folder}/seedal.sqlite"
    else:
        url = request.getfixturevalue("server").new_database()
    settings = Settings.model_validate({"database_url": url, "data_dir": folder})
    engine = open_engine(settings.database(), pool_size=5)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    """Return what makes transactions."""
    return open_sessions(engine)


@pytest.fixture
def bound(sessions: Sessions) -> Callable[[str], ProjectSession]:
    """Return a function that begins a transaction of a project."""

    def begin(project: str) -> ProjectSession:
        session = sessions()
        session.bind_to(project)
        return session

    return begin


@pytest.fixture
def ids(engine: Engine, bound: Callable[[str], ProjectSession]) -> Iterator[Ids]:
    """Return the ids of one row of each owned table, for each of two projects."""
    made: Ids = {"mine": {}, "theirs": {}}
    for project, names in made.items():
        with bound(project) as session:
            dataset_id = new_id()
            for table in sorted(owned(), key=lambda table: table is not DatasetRow):
                names[table] = dataset_id if table is DatasetRow else new_id()
                session.add(table(**_row(table, names[table], dataset_id)))
                session.flush()
            session.commit()
    yield made
    with engine.begin() as connection:
        connection.execute(delete(DatasetRow.__table__))  # and by cascade all that hangs on it


def _row(table: type[TableBase], name: str, dataset_id: str) -> dict[str, Any]:
    """Return values for every column of a table, so that tables to come are tested, too."""
    row: dict[str, Any] = {}
    for column in inspect(table).columns:
        if column.key == "project":
            continue
        row[column.key] = next(_VALUES[kind] for kind in _VALUES if isinstance(column.type, kind))
    known = {"id": name, "dataset_id": dataset_id, "status": "running", "version": 0}
    return row | {key: value for key, value in known.items() if key in row}


def _foreign(sessions: Sessions, table: Any, name: str) -> dict[str, Any] | None:  # noqa: ANN401 any table
    """Return a row as it is in the database, whoever owns it."""
    with sessions() as session:
        row = session.get(table, name)
        return row and {column.key: getattr(row, column.key) for column in inspect(table).columns}


def test_everything_that_callers_make_has_an_owner() -> None:
    """The tables that hang on a project by themselves are exactly these, with a column each."""
    names = {table.__tablename__ for table in owned()}
    assert names >= {"datasets", "operations", "seeds", "frontiers", "hooks"}
    assert all("project" in table.__table__.columns for table in owned())
    # Of all others it is known why they need none.
    others = {"scenes", "labels", "deliveries"}  # reached through their dataset or operation alone
    others |= {"hook_events", "hook_models"}  # reached through their hook alone
    others |= {"api_keys", "idempotency_keys"}  # asked for by project in so many words
    others |= {"secrets"}  # the service's own, which no caller is shown
    assert set(TableBase.metadata.tables) - names == others


@_OWNED
def test_a_bound_session_sees_its_own_rows_alone(
    table: Any,  # noqa: ANN401 any table
    ids: Ids,
    bound: Callable[[str], ProjectSession],
) -> None:
    """By id, in lists, counts, aliases, subqueries, unions and joins there is but one row."""
    mine, theirs = ids["mine"][table], ids["theirs"][table]
    other = aliased(table)
    with bound("mine") as session:
        assert session.get(table, theirs) is None
        assert session.get(table, mine) is not None
        assert session.get(table, theirs, populate_existing=True) is None
        assert session.scalars(select(table.id)).all() == [mine]
        assert session.scalars(select(other.id)).all() == [mine]
        assert [row.id for row in session.query(table)] == [mine]
        assert session.scalar(select(func.count()).select_from(table)) == 1
        assert session.scalar(select(select(func.count(table.id)).scalar_subquery())) == 1
        assert session.scalars(select(select(table.id).subquery())).all() == [mine]
        assert session.scalars(select(table.id).union(select(other.id))).all() == [mine]
        joined = select(table.id, other.id).join(other, other.id != table.id)
        assert session.execute(joined).all() == []
        assert session.scalars(select(table.id).where((table.id == theirs) | True)).all() == [mine]


@_OWNED
def test_a_bound_session_changes_and_deletes_its_own_rows_alone(
    table: Any,  # noqa: ANN401 any table
    ids: Ids,
    bound: Callable[[str], ProjectSession],
    sessions: Sessions,
) -> None:
    """Updates and deletions, with and without returning, leave others' rows as they were."""
    mine, theirs = ids["mine"][table], ids["theirs"][table]
    before = _foreign(sessions, table, theirs)
    at = now()
    with bound("mine") as session:
        changed = update(table).values(created_at=at).returning(table.id)
        assert session.scalars(changed).all() == [mine]
        session.execute(update(table).where(table.id == theirs).values(created_at=at))
        assert (
            session.scalars(delete(table).where(table.id == theirs).returning(table.id)).all() == []
        )
        session.query(table).filter(table.id == theirs).delete()
        session.execute(delete(table))
        assert session.scalar(select(func.count()).select_from(table)) == 0
        session.commit()
    assert _foreign(sessions, table, mine) is None
    assert _foreign(sessions, table, theirs) == before


@_OWNED
def test_what_a_bound_session_adds_is_its_own(
    table: Any,  # noqa: ANN401 any table
    ids: Ids,
    bound: Callable[[str], ProjectSession],
    sessions: Sessions,
) -> None:
    """A row belongs to the session's project, whatever it says, and stays there."""
    name = new_id()
    values = _row(table, name, ids["mine"][DatasetRow]) | {"project": "theirs"}
    if "question_hash" in values:
        values["question_hash"] = "another"
    with bound("mine") as session:
        session.add(table(**values))
        session.commit()
    added = _foreign(sessions, table, name)
    assert added is not None
    assert added["project"] == "mine"
    with bound("mine") as session:
        session.get_one(table, name).project = "theirs"
        with pytest.raises(UnconfinedError):
            session.flush()
    with bound("mine") as session:
        session.merge(table(**(values | {"id": ids["theirs"][table]})))  # not seen, so it is new
        with pytest.raises(IntegrityError):
            session.flush()


@_OWNED
def test_what_cannot_be_confined_is_refused(
    table: Any,  # noqa: ANN401 any table
    ids: Ids,
    bound: Callable[[str], ProjectSession],
    sessions: Sessions,
) -> None:
    """Inserts, updates by primary key, bare tables and the like never reach the database."""
    theirs = ids["theirs"][table]
    before = _foreign(sessions, table, theirs)
    row = _row(table, new_id(), ids["mine"][DatasetRow]) | {"project": "theirs"}
    bare = table.__table__
    with bound("mine") as session:
        for statement, *values in (
            (insert(table), [row]),
            (insert(table), row),
            (insert(table).values(row),),
            (insert(table).values([row]).returning(table.id),),
            (insert(bare), [row]),
            (update(table), [{"id": theirs, "created_at": now()}]),
            (update(bare).where(bare.c.id == theirs).values(created_at=now()),),
            (delete(bare).where(bare.c.id == theirs),),
            (select(bare),),
            (select(bare.c.id),),
            (select(select(bare.c.id).subquery()),),
            (select(exists().where(table.id == theirs)),),
            (update(table).values(project="theirs"),),
        ):
            with pytest.raises(UnconfinedError):
                session.execute(statement, *values)
        for bulk in (session.bulk_insert_mappings, session.bulk_update_mappings):
            with pytest.raises(UnconfinedError):
                bulk(inspect(table), [{"id": theirs, "created_at": now()}])
        with pytest.raises(UnconfinedError):
            session.bulk_save_objects([table(**row)])
        session.commit()
    assert _foreign(sessions, table, theirs) == before
    assert _foreign(sessions, table, row["id"]) is None


def test_nothing_goes_past_the_session() -> None:
    """No code names a table where a class would be confined, or uses what knows no events."""
    past = re.compile(r"__table__|\.bulk_(save|insert|update)|load=False")
    store = _APP / "store"
    allowed = {store / "sessions.py"}
    found = [path for path in _APP.rglob("*.py") if past.search(path.read_text(encoding="utf-8"))]
    assert set(found) == allowed


def test_a_session_is_bound_before_it_is_used(ids: Ids, sessions: Sessions) -> None:
    """Rows that were read for everybody are not shown to one project."""
    with sessions() as session:
        row = session.get(DatasetRow, ids["theirs"][DatasetRow])
        with pytest.raises(UnconfinedError):
            session.bind_to("mine")
        assert row is not None


def test_the_queries_do_not_tell_foreign_from_unknown(
    ids: Ids, bound: Callable[[str], ProjectSession]
) -> None:
    """Another project's id is not found in the very words of one that nobody has."""
    gets: dict[type[TableBase], Callable[[ProjectSession, str], object]] = {
        DatasetRow: datasets.get,
        SeedRow: lambda session, name: seeds.get(session, SeedRow, name),
        FrontierRow: lambda session, name: seeds.get(session, FrontierRow, name),
    }
    with bound("mine") as session:
        for table, get in gets.items():
            name = ids["theirs"][table]
            with pytest.raises(NotFoundError) as error:
                get(session, name)
            assert error.value.detail.replace(name, "x").endswith(
                f"{table.__tablename__[:-1]} 'x'."
            )
        with pytest.raises(NotFoundError):
            datasets.remove(session, ids["theirs"][DatasetRow])
        assert [row.id for row in datasets.page(session, before=None, size=9)] == [
            ids["mine"][DatasetRow]
        ]
        older = datasets.page(session, before=ids["theirs"][DatasetRow], size=9)
        assert ids["theirs"][DatasetRow] not in [row.id for row in older]


def test_no_answer_is_taken_from_another_projects_cache(
    ids: Ids, bound: Callable[[str], ProjectSession]
) -> None:
    """A question that another project asked is new, even about that project's own dataset."""
    theirs = ids["theirs"][DatasetRow]
    for table in (SeedRow, FrontierRow):
        with bound("theirs") as session:
            assert seeds.answered(session, table, theirs, "x") is not None
        with bound("mine") as session:
            assert seeds.answered(session, table, theirs, "x") is None


def test_another_projects_operation_is_not_ended(
    ids: Ids, bound: Callable[[str], ProjectSession], sessions: Sessions
) -> None:
    """Cancelling by a foreign id changes nothing."""
    table = next(table for table in owned() if table.__tablename__ == "operations")
    name = ids["theirs"][table]
    with bound("mine") as session:
        assert not operations.end(session, name, "cancelled")
        assert not operations.is_active(session, name)
        assert name not in [row.id for row in operations.active(session)]
        session.commit()
    row = _foreign(sessions, table, name)
    assert row is not None
    assert row["status"] == "running"


def test_workers_serve_every_project(ids: Ids, sessions: Sessions) -> None:
    """A session that is not bound sees all rows."""
    assert all(issubclass(table, Owned) for table in owned())
    with sessions() as session:
        found = set(session.scalars(select(DatasetRow.id)))
    assert found >= {names[DatasetRow] for names in ids.values()}
