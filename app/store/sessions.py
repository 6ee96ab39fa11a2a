"""Transactions, and the one place that keeps projects apart.

A session that is bound to a project sees, changes and deletes that project's rows alone, and
whatever it adds belongs to the project; no query has to think of it. What cannot be confined in
this way is refused. Workers serve every project: their sessions are not bound.
"""

from typing import Any, Final, cast

from sqlalchemy import Engine, event
from sqlalchemy.orm import (
    ORMExecuteState,
    Session,
    UOWTransaction,
    sessionmaker,
    with_loader_criteria,
)
from sqlalchemy.sql import ClauseElement, visitors
from typing_extensions import override

from app.store.tables import DEFAULT_PROJECT, Owned, TableBase

_PROJECT: Final = "project"
_BULK: Final = "rows are added one by one"


class UnconfinedError(RuntimeError):
    """A mistake in this program: a bound session was asked for what could leave its project."""


class ProjectSession(Session):
    """A transaction that may be bound to a project."""

    def bind_to(self, project: str) -> None:
        """Serve one project from now on.

        Raises
        ------
        UnconfinedError
            It holds rows already, which it would go on to show.
        """
        if len(self.identity_map) or self.new:
            message = "a session is bound before it is used"
            raise UnconfinedError(message)
        self.info[_PROJECT] = project

    @override
    def bulk_save_objects(self, *_: Any, **__: Any) -> None:
        """Refuse: SQLAlchemy's old bulk methods ask no hook, so nothing would confine them."""
        raise UnconfinedError(_BULK)

    @override
    def bulk_insert_mappings(self, *_: Any, **__: Any) -> None:
        """Refuse, as `bulk_save_objects` does."""
        raise UnconfinedError(_BULK)

    @override
    def bulk_update_mappings(self, *_: Any, **__: Any) -> None:
        """Refuse, as `bulk_save_objects` does."""
        raise UnconfinedError(_BULK)

    @property
    def project(self) -> str:
        """Whose rows are added here: the project that it is bound to, or the default."""
        return str(self.info.get(_PROJECT, DEFAULT_PROJECT))


def open_sessions(engine: Engine) -> sessionmaker[ProjectSession]:
    """Return what makes transactions on a database."""
    return sessionmaker(engine, class_=ProjectSession, expire_on_commit=False)


def owned() -> list[type[TableBase]]:
    """Return the tables whose rows belong to projects."""
    tables: list[type[TableBase]] = [mapper.class_ for mapper in TableBase.registry.mappers]
    return [table for table in tables if issubclass(table, Owned)]


@event.listens_for(ProjectSession, "do_orm_execute")
def _see_own(state: ORMExecuteState) -> None:
    project = state.session.info.get(_PROJECT)
    if project is None or state.is_column_load or state.is_relationship_load:
        return
    if _is_unconfined(state):
        message = "nothing confines this statement: add rows one by one, name classes, not tables"
        raise UnconfinedError(message)
    state.statement = state.statement.options(
        with_loader_criteria(Owned, lambda row: row.project == project, include_aliases=True)
    )


def _is_unconfined(state: ORMExecuteState) -> bool:
    """Tell whether a statement is about owned rows and takes no notice of criteria.

    Such are inserts, updates by primary key or of the project itself, and whatever selects from no
    class itself.
    """
    statement = cast("ClauseElement", state.statement)
    if state.is_update and _PROJECT in statement.compile().params:
        return True
    if state.is_orm_statement and not state.is_insert and not state.is_executemany:
        return False
    tables = {row.__table__ for row in owned()}
    return any(part in tables for part in visitors.iterate(statement))


@event.listens_for(ProjectSession, "before_flush")
def _keep_own(session: ProjectSession, _: UOWTransaction, __: Any) -> None:  # noqa: ANN401 SQLAlchemy's
    if _PROJECT not in session.info:
        return
    for row in session.new:
        if isinstance(row, Owned):
            row.project = session.project
    for row in (*session.dirty, *session.deleted):
        if isinstance(row, Owned) and row.project != session.project:
            message = "a row does not leave its project, nor does one of another come in"
            raise UnconfinedError(message)
