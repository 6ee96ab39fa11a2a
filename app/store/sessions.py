"""Transactions, and the one place that keeps projects apart.

A session that is bound to a project sees, changes and deletes that project's rows alone, and
whatever it adds belongs to the project; no query has to think of it. Workers serve every project:
their sessions are not bound.
"""

from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.orm import (
    ORMExecuteState,
    Session,
    UOWTransaction,
    sessionmaker,
    with_loader_criteria,
)

from app.store.tables import DEFAULT_PROJECT, Owned

_PROJECT: Final = "project"


class ProjectSession(Session):
    """A transaction that may be bound to a project."""

    def bind_to(self, project: str) -> None:
        """Serve one project from now on."""
        self.info[_PROJECT] = project

    @property
    def project(self) -> str:
        """Whose rows are added here: the project that it is bound to, or the default."""
        return str(self.info.get(_PROJECT, DEFAULT_PROJECT))


def open_sessions(engine: Engine) -> sessionmaker[ProjectSession]:
    """Return what makes transactions on a database."""
    return sessionmaker(engine, class_=ProjectSession, expire_on_commit=False)


@event.listens_for(ProjectSession, "do_orm_execute")
def _see_own(state: ORMExecuteState) -> None:
    project = state.session.info.get(_PROJECT)
    if project is None or state.is_column_load or state.is_relationship_load:
        return
    state.statement = state.statement.options(
        with_loader_criteria(Owned, lambda row: row.project == project, include_aliases=True)
    )


@event.listens_for(ProjectSession, "before_flush")
def _add_own(session: ProjectSession, _: UOWTransaction, __: Any) -> None:  # noqa: ANN401 SQLAlchemy's
    if _PROJECT in session.info:
        for row in session.new:
            if isinstance(row, Owned):
                row.project = session.project
