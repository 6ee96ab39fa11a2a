"""Queries on seeds and frontiers: answers that are stored once, and never change."""

from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.datasets import store as datasets
from app.errors import NotFoundError
from app.seeds.wire import Frontier, Seed, SeedSummary
from app.store.tables import FrontierRow, SeedRow

Row = TypeVar("Row", SeedRow, FrontierRow)

_KINDS: Final = {SeedRow: "seed", FrontierRow: "frontier"}


def get(session: Session, table: type[Row], answer_id: str) -> Row:
    """Return a seed or a frontier.

    Raises
    ------
    NotFoundError
        There is none of this id.
    """
    row = session.get(table, answer_id)
    if row is None:
        raise NotFoundError(kind=_KINDS[table], name=answer_id)
    return row


def answered(session: Session, table: type[Row], dataset_id: str, question_hash: str) -> Row | None:
    """Return the answer that a question got before; none where it is new."""
    return session.scalars(
        select(table).where(table.dataset_id == dataset_id, table.question_hash == question_hash)
    ).one_or_none()


def add_first(session: Session, row: Row) -> Row:
    """Store an answer; where another request answered the same question first, return that.

    Raises
    ------
    NotFoundError
        The dataset was deleted meanwhile.
    """
    question = (type(row), row.dataset_id, row.question_hash)
    datasets.get(session, row.dataset_id)
    first = answered(session, *question)
    if first is not None:
        return first
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        session.rollback()
        datasets.get(session, question[1])  # deleted meanwhile: not found
        first = answered(session, *question)
        if first is None:
            raise
        return first
    return row


def page(
    session: Session, dataset_id: str, *, before: str | None, size: int
) -> list[tuple[str, dict[str, Any]]]:
    """Return ids and summaries of up to `size` seeds, newest first, older than `before`."""
    query = (
        select(SeedRow.id, SeedRow.summary)
        .where(SeedRow.dataset_id == dataset_id)
        .order_by(SeedRow.id.desc())
        .limit(size)
    )
    if before is not None:
        query = query.where(SeedRow.id < before)
    return [(name, summary) for name, summary in session.execute(query)]


def seed_row(seed: Seed, question_hash: str) -> SeedRow:
    """Return the row that keeps a seed, and what lists show of it."""
    summary = SeedSummary(
        **{name: getattr(seed, name) for name in _SUMMARISED},
        objective_name=seed.solver.objective,
        strategy=seed.solver.strategy,
        scene_count=len(seed.scenes),
    )
    return SeedRow(
        id=seed.id,
        dataset_id=seed.dataset_id,
        question_hash=question_hash,
        summary=summary.model_dump(mode="json"),
        answer=seed.model_dump(mode="json"),
        created_at=seed.created_at,
    )


_SUMMARISED: Final = (
    "id",
    "dataset_id",
    "status",
    "objective",
    "upper_bound",
    "gap",
    "budget",
    "total_cost",
    "created_at",
)


def frontier_row(frontier: Frontier, question_hash: str) -> FrontierRow:
    """Return the row that keeps a frontier."""
    return FrontierRow(
        id=frontier.id,
        dataset_id=frontier.dataset_id,
        question_hash=question_hash,
        answer=frontier.model_dump(mode="json"),
        created_at=frontier.created_at,
    )
