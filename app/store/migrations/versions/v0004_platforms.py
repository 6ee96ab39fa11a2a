"""Webhooks of platforms, the service's own secrets, and what came of an operation."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.add_column("operations", sa.Column("report", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secrets")),
    )
    op.create_table(
        "hooks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_hooks_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hooks")),
    )
    op.create_index("ix_hooks_dataset_id", "hooks", ["dataset_id"])
    op.create_table(
        "hook_events",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("hook_id", sa.String(), nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["hook_id"], ["hooks.id"], name=op.f("fk_hook_events_hook_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_events")),
    )
    op.create_index("ix_hook_events_queue", "hook_events", ["status", "hook_id", "id"])
    op.create_index("ix_hook_events_hook_id", "hook_events", ["hook_id"])
    op.create_index("ix_hook_events_received_at", "hook_events", ["received_at"])
    op.create_table(
        "hook_models",
        sa.Column("hook_id", sa.String(), nullable=False),
        sa.Column("asker", sa.String(), nullable=False),
        sa.Column("question", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("seed_id", sa.String(), nullable=True),
        sa.Column("operation_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["hook_id"], ["hooks.id"], name=op.f("fk_hook_models_hook_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hook_id", "asker", name=op.f("pk_hook_models")),
    )


def downgrade() -> None:
    """Drop them with all that is in them."""
    op.drop_table("hook_models")
    for index in ("ix_hook_events_queue", "ix_hook_events_hook_id", "ix_hook_events_received_at"):
        op.drop_index(index, "hook_events")
    op.drop_table("hook_events")
    op.drop_index("ix_hooks_dataset_id", "hooks")
    op.drop_table("hooks")
    op.drop_table("secrets")
    op.drop_column("operations", "report")
