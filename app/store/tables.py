"""The tables. A change here needs a migration; a test compares the two."""

from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    UniqueConstraint,
    func,
    select,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, relationship
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

DEFAULT_PROJECT: Final = "default"
"""Whose everything is as long as nobody made a key."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite, which keeps no time zone, gives it back with one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


class TableBase(DeclarativeBase):
    """Base of all tables; constraints have names, so that migrations can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
        bytes: LargeBinary(),
    }


class Owned:
    """A row that belongs to a project: `app.store.sessions` keeps projects apart."""

    project: Mapped[str] = mapped_column(default=DEFAULT_PROJECT)


class KeyRow(TableBase):
    """An API key; the key itself is known to its owner alone."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    project: Mapped[str]
    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[str]
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class OperationRow(Owned, TableBase):
    """Work that outlasts its request. Its id is the id of the durable workflow, too.

    `request` is what is to be answered where that is not the dataset's own registration, and
    `result_id` names the answer, or `report` is what came of it; `version` counts the changes that
    a watcher should hear of.
    """

    __tablename__ = "operations"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    dataset_id: Mapped[str] = mapped_column(
        ForeignKey("datasets.id", ondelete="CASCADE"), index=True
    )
    status: Mapped[str] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=0)
    request: Mapped[dict[str, Any] | None]
    done: Mapped[int]
    total: Mapped[int | None]
    incumbent: Mapped[float | None]
    upper_bound: Mapped[float | None]
    result_id: Mapped[str | None]
    report: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None] = mapped_column(index=True)
    delivery: Mapped["DeliveryRow | None"] = relationship(lazy="joined", passive_deletes=True)


class DatasetRow(Owned, TableBase):
    """A pool of scenes. Its arrays are files, named by `signatures_key`."""

    __tablename__ = "datasets"
    __table_args__ = (Index("ix_datasets_project", "project", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    status: Mapped[str]
    error: Mapped[str | None]
    source: Mapped[dict[str, Any]]
    features: Mapped[dict[str, Any]]
    resolved_features: Mapped[dict[str, Any] | None]
    resource: Mapped[str | None]
    resources: Mapped[list[Any]]
    cost_origin: Mapped[str | None]
    scene_count: Mapped[int | None]
    usable_scene_count: Mapped[int | None]
    total_cost: Mapped[float | None]
    cheapest_cost: Mapped[float | None]
    signatures_key: Mapped[str | None]
    left_out_count: Mapped[int]
    left_out: Mapped[list[Any]]
    image_failure_count: Mapped[int]
    image_failures: Mapped[list[Any]]
    notes: Mapped[list[Any]]
    labels_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    operation_id: Mapped[str | None] = column_property(
        select(func.min(OperationRow.id))
        .where(OperationRow.dataset_id == id, OperationRow.kind == "extraction")  # noqa: A003 the column
        .correlate_except(OperationRow)
        .scalar_subquery()
    )
    """The extraction; None once it is forgotten."""


class SceneRow(TableBase):
    """A scene, at its place in the source's order."""

    __tablename__ = "scenes"
    __table_args__ = (UniqueConstraint("dataset_id", "scene_id"),)

    dataset_id: Mapped[str] = mapped_column(
        ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    scene_id: Mapped[str]
    costs: Mapped[dict[str, Any]]
    group_name: Mapped[str | None]
    images: Mapped[list[Any]]
    regions: Mapped[list[Any] | None]
    pointcloud: Mapped[str | None]
    external_ids: Mapped[dict[str, Any]]
    meta: Mapped[dict[str, Any]]
    usable: Mapped[bool | None]
    left_out_reason: Mapped[str | None]


class LabelRow(TableBase):
    """What a source says of a scene under one of its references, the latest."""

    __tablename__ = "labels"
    __table_args__ = (Index("ix_labels_scene", "dataset_id", "scene_id"),)

    dataset_id: Mapped[str] = mapped_column(
        ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True
    )
    source: Mapped[str] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(primary_key=True)
    scene_id: Mapped[str]
    state: Mapped[str]
    at: Mapped[datetime]
    spent: Mapped[dict[str, Any] | None]


class HookRow(Owned, TableBase):
    """Where a platform sends its webhooks: who knows the id may send what happened to scenes."""

    __tablename__ = "hooks"

    id: Mapped[str] = mapped_column(primary_key=True)
    dataset_id: Mapped[str] = mapped_column(
        ForeignKey("datasets.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str]
    name: Mapped[str]
    secret: Mapped[str]
    created_at: Mapped[datetime]


class HookEventRow(TableBase):
    """What a platform sent, byte for byte, until it is worked off; the inbox."""

    __tablename__ = "hook_events"
    __table_args__ = (
        Index("ix_hook_events_queue", "status", "hook_id", "id"),
        Index("ix_hook_events_hook_id", "hook_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    hook_id: Mapped[str] = mapped_column(ForeignKey("hooks.id", ondelete="CASCADE"))
    received_at: Mapped[datetime] = mapped_column(index=True)
    body: Mapped[bytes]
    status: Mapped[str]
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    error: Mapped[str | None]


class HookModelRow(TableBase):
    """What a project of a platform asked of a hook that it knows as a model, and its seed."""

    __tablename__ = "hook_models"

    hook_id: Mapped[str] = mapped_column(
        ForeignKey("hooks.id", ondelete="CASCADE"), primary_key=True
    )
    asker: Mapped[str] = mapped_column(primary_key=True)
    question: Mapped[dict[str, Any]]
    seed_id: Mapped[str | None]
    operation_id: Mapped[str | None]


class SecretRow(TableBase):
    """A secret of the service's own, made once, which all processes on one database share."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class SeedRow(Owned, TableBase):
    """An answer, kept as it was given; the same question on the same content gets it again."""

    __tablename__ = "seeds"
    __table_args__ = (
        UniqueConstraint("dataset_id", "question_hash"),
        Index("ix_seeds_dataset_id", "dataset_id", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    question_hash: Mapped[str]
    summary: Mapped[dict[str, Any]] = mapped_column(default=dict)
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class FrontierRow(Owned, TableBase):
    """An answer to many budgets at once, kept like that of a seed."""

    __tablename__ = "frontiers"
    __table_args__ = (UniqueConstraint("dataset_id", "question_hash"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    question_hash: Mapped[str]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class IdempotencyRow(TableBase):
    """What a request with an Idempotency-Key was answered; written with the work itself."""

    __tablename__ = "idempotency_keys"

    project: Mapped[str] = mapped_column(primary_key=True)
    call: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)


class DeliveryRow(TableBase):
    """A callback that is to be delivered, or was; written with the change that it tells of."""

    __tablename__ = "deliveries"

    id: Mapped[str] = mapped_column(primary_key=True)
    operation_id: Mapped[str] = mapped_column(
        ForeignKey("operations.id", ondelete="CASCADE"), unique=True
    )
    url: Mapped[str]
    secret: Mapped[str]
    status: Mapped[str]
    body: Mapped[str | None]
    attempts: Mapped[int]
    last_error: Mapped[str | None]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
