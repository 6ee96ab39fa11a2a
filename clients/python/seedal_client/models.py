"""What the service answers, as typed objects.

They know the members that people use; what a newer service adds is ignored. Words that the service
may extend, such as a status, are plain strings.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")


class Model(BaseModel):
    """Base of every answer: immutable, and members that are not known are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class InvalidMember(Model):
    """A member of a request that breaks a rule."""

    pointer: str
    detail: str


class Problem(Model):
    """Why a request was refused (RFC 9457)."""

    type: str = "about:blank"
    title: str
    detail: str = ""
    instance: str = ""
    request_id: str = ""
    errors: tuple[InvalidMember, ...] = ()


class Page(Model, Generic[Item]):
    """A part of a list; the token of the next part is empty on the last one."""

    items: tuple[Item, ...]
    next_page_token: str = ""


class OperationError(Model):
    """Why an operation failed."""

    title: str = ""
    detail: str


class Operation(Model):
    """Work that outlasts its request.

    `status` is ``not_started``, ``running``, ``succeeded``, ``failed`` or ``cancelled``.
    """

    id: str
    kind: str
    dataset_id: str | None = None
    status: str
    percent_complete: float = 0.0
    version: int = 0
    done: int = 0
    total: int | None = None
    remaining_s: float | None = None
    incumbent: float | None = None
    upper_bound: float | None = None
    gap: float | None = None
    seed_id: str | None = None
    frontier_id: str | None = None
    error: OperationError | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


class LeftOutScene(Model):
    """A scene that no seed can contain."""

    scene_id: str
    reason: str


class Dataset(Model):
    """A pool of scenes.

    `status` is ``awaiting_vectors``, ``registered``, ``extracting``, ``ready`` or ``failed``.
    """

    id: str
    name: str
    status: str
    error: str | None = None
    resource: str | None = None
    resources: tuple[str, ...] = ()
    scene_count: int | None = None
    usable_scene_count: int | None = None
    total_cost: float | None = None
    cheapest_cost: float | None = None
    left_out_count: int = 0
    left_out: tuple[LeftOutScene, ...] = ()
    image_failure_count: int = 0
    notes: tuple[str, ...] = ()
    operation_id: str | None = None
    created_at: datetime


class RegisteredDataset(Model):
    """A dataset that was accepted, and the operation that makes it ready."""

    dataset: Dataset
    operation: Operation


class SourceMistake(Model):
    """A rule that a source breaks."""

    place: str
    detail: str
    line: int | None = None
    scene_id: str | None = None


class SourceReport(Model):
    """What a source holds; it can be registered if it is `valid`."""

    valid: bool
    kind: str
    scene_count: int
    image_count: int
    resource: str | None = None
    missing_images: tuple[str, ...] = ()
    missing_image_count: int = 0
    errors: tuple[SourceMistake, ...] = ()
    error_count: int = 0
    notes: tuple[str, ...] = ()


class SceneImage(Model):
    """An image of a scene."""

    uri: str
    sensor: str | None = None
    frame: int | None = None


class Scene(Model):
    """A scene of a dataset; `usable` says whether a seed may contain it, once that is known."""

    scene_id: str
    position: int
    costs: dict[str, float]
    group: str | None = None
    images: tuple[SceneImage, ...] = ()
    pointcloud: str | None = None
    usable: bool | None = None
    left_out_reason: str | None = None
    external_ids: dict[str, Any] = {}
    meta: dict[str, Any] = {}


class Budget(Model):
    """What chosen scenes had to stay within; `spent` is what labelled scenes took of it."""

    limit: float
    resource: str
    fraction: float
    spent: float | None = None


class ChosenScene(Model):
    """A scene of a seed; rank 1 is to be annotated first."""

    scene_id: str
    rank: int
    cost: float
    gain: float
    represents: int = 0
    group: str | None = None


class NearMiss(Model):
    """A scene that was not chosen."""

    scene_id: str
    cost: float
    gain: float
    group: str | None = None
    represented_by: str | None = None


class Baseline(Model):
    """What a simpler way of choosing is worth."""

    objective: float
    total_cost: float
    scene_count: float


class Solver(Model):
    """How a seed was found."""

    objective: str
    strategy: str
    used: str
    seconds: float
    notes: tuple[str, ...] = ()


class SeedSummary(Model):
    """A seed without its scenes.

    `status` is ``optimal``, ``feasible`` or ``infeasible``; `gap` says how much better any other
    choice could be at most, and is None where no bound is known.
    """

    id: str
    dataset_id: str
    status: str
    objective: float
    upper_bound: float | None = None
    gap: float | None = None
    budget: Budget
    total_cost: float
    created_at: datetime


class Seed(SeedSummary):
    """The scenes to annotate first, and how good that choice is."""

    stop_reason: str = ""
    scenes: tuple[ChosenScene, ...]
    near_misses: tuple[NearMiss, ...] = ()
    baselines: dict[str, Baseline] = {}
    labels_version: int | None = None
    solver: Solver
    recommendation: dict[str, Any] | None = None
    provenance: dict[str, Any] = {}


class FrontierPoint(Model):
    """One budget and its answer; `added` and `removed` compare it with the point before."""

    budget: Budget
    objective: float
    upper_bound: float | None = None
    gap: float | None = None
    total_cost: float
    scene_count: int
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Frontier(Model):
    """Answers by ascending budget; `knee` is the point, from 0, from which more stops paying."""

    id: str
    dataset_id: str
    objective_name: str
    nested: bool
    points: tuple[FrontierPoint, ...]
    knee: int | None = None
    notes: tuple[str, ...] = ()
    created_at: datetime


class Objective(Model):
    """Something that a seed can maximise."""

    name: str
    label: str
    description: str
    formula: str = ""


class Objectives(Model):
    """All of them, the default first."""

    items: tuple[Objective, ...]


class LabelSummary(Model):
    """How far a dataset is labelled: how many scenes, what they cost, and what it really took."""

    labelled_count: int
    labelled_cost: dict[str, float]
    spent: dict[str, float] = {}
    version: int


class LabelsReport(LabelSummary):
    """What became of label events; `unknown` has the ids that no scene has."""

    accepted: int
    duplicates: int
    unknown: tuple[str, ...] = ()


class LabelledScene(Model):
    """A scene of which something is said: ``queued``, ``labelled`` or ``skipped``."""

    scene_id: str
    state: str
    at: datetime
    spent: dict[str, float] = {}
    refs: int = 0


class HintClass(Model):
    """A class that a hint shows."""

    value: int
    name: str
    images: int
    share: float


class UploadedHint(Model):
    """A hint that the service keeps; its `uri` goes into a question."""

    uri: str
    images: int
    classes: tuple[HintClass, ...] = ()


class UploadedManifest(Model):
    """A manifest that the service keeps; its `uri` is a source's."""

    uri: str
    bytes: int
