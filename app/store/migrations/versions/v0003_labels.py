"""The ledger of labels."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and count its changes for each dataset."""
    op.add_column(
        "datasets",
        sa.Column("labels_version", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_table(
        "labels",
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("scene_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_labels_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataset_id", "source", "ref", name=op.f("pk_labels")),
    )
    op.create_index("ix_labels_scene", "labels", ["dataset_id", "scene_id"])


def downgrade() -> None:
    """Drop it with all that is in it."""
    op.drop_index("ix_labels_scene", "labels")
    op.drop_table("labels")
    op.drop_column("datasets", "labels_version")
