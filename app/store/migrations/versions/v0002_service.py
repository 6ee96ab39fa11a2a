"""Projects and their keys, operations of other kinds, callbacks, idempotency, lists of seeds."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OWNED = ("datasets", "operations", "seeds")
_SUMMARISED = ("id", "dataset_id", "status", "objective", "gap", "budget", "total_cost")


def upgrade() -> None:
    """Give every row to the default project, and make the new tables."""
    for table in _OWNED:
        op.add_column(
            table, sa.Column("project", sa.String(), nullable=False, server_default="default")
        )
    op.create_index("ix_datasets_project", "datasets", ["project", "id"])
    _extend_operations()
    _summarise_seeds()
    op.create_index("ix_seeds_dataset_id", "seeds", ["dataset_id", "id"])
    _create_tables()


def downgrade() -> None:
    """Drop what `upgrade` added with all that is in it.

    Operations of kinds that the version before does not know go, too.
    """
    for table in ("deliveries", "idempotency_keys", "frontiers", "api_keys"):
        op.drop_table(table)
    op.execute("DELETE FROM operations WHERE kind <> 'extraction'")
    op.drop_index("ix_seeds_dataset_id", "seeds")
    op.drop_index("ix_datasets_project", "datasets")
    op.drop_index(op.f("ix_operations_finished_at"), "operations")
    op.drop_column("seeds", "summary")
    for name in ("version", "request", "incumbent", "upper_bound", "result_id"):
        op.drop_column("operations", name)
    for table in _OWNED:
        op.drop_column(table, "project")


def _extend_operations() -> None:
    op.add_column(
        "operations", sa.Column("version", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("operations", sa.Column("request", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("operations", sa.Column("incumbent", sa.Double(), nullable=True))
    op.add_column("operations", sa.Column("upper_bound", sa.Double(), nullable=True))
    op.add_column("operations", sa.Column("result_id", sa.String(), nullable=True))
    op.create_index(op.f("ix_operations_finished_at"), "operations", ["finished_at"])


def _summarise_seeds() -> None:
    op.add_column(
        "seeds",
        sa.Column("summary", sa.JSON(none_as_null=True), nullable=False, server_default="{}"),
    )
    seeds = sa.table(
        "seeds", sa.column("id", sa.String()), sa.column("answer", sa.JSON()),
        sa.column("summary", sa.JSON()),
    )  # fmt: skip
    connection = op.get_bind()
    names = [row.id for row in connection.execute(sa.select(seeds.c.id))]
    for name in names:
        answer = connection.execute(sa.select(seeds.c.answer).where(seeds.c.id == name)).scalar()
        change = seeds.update().where(seeds.c.id == name).values(summary=_summary(answer or {}))
        connection.execute(change)


def _summary(answer: dict[str, Any]) -> dict[str, Any]:
    solver = answer.get("solver", {})
    return {name: answer.get(name) for name in _SUMMARISED} | {
        "upper_bound": answer.get("upper_bound"),
        "scene_count": len(answer.get("scenes", ())),
        "objective_name": solver.get("objective"),
        "strategy": solver.get("strategy"),
        "created_at": answer.get("created_at"),
    }


def _create_tables() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )
    op.create_table(
        "frontiers",
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("question_hash", sa.String(), nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_frontiers_dataset_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frontiers")),
        sa.UniqueConstraint(
            "dataset_id", "question_hash", name=op.f("uq_frontiers_dataset_id_question_hash")
        ),
    )  # fmt: skip
    op.create_table(
        "idempotency_keys",
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("call", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("project", "call", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("operation_id", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["operations.id"], name=op.f("fk_deliveries_operation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("operation_id", name=op.f("uq_deliveries_operation_id")),
    )  # fmt: skip
    op.create_index(op.f("ix_deliveries_due_at"), "deliveries", ["due_at"])
