"""Datasets on the wire: a pool of scenes, registered once, and manifests that are uploaded."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, with_config

from app.callbacks.wire import CallbackRequest
from app.operations.wire import Operation
from app.wire import Count, DatasetStatus, Label, Wire
from features.limits import MAX_INLINE_IMAGES, MAX_INLINE_SCENES
from features.sources.options import FolderKind
from features.sources.record import SceneRecord


class Sparsify(Wire):
    """Which frames of a sequence are compared; the scenes of a group are a sequence."""

    threshold: float = Field(
        default=0.75, ge=-1, le=1, description="Cosine below which a frame shows something else."
    )
    tail: Literal["keep", "drop"] = Field(
        default="keep",
        description="What follows the last change; `drop` as SeedAL's own code does.",
    )


Token = Literal["auto", "cls", "patch_keys", "patches"]


@with_config(ConfigDict(extra="forbid", allow_inf_nan=False))
class InlineScene(SceneRecord):
    """A scene given in the request itself; the same members as a line of a manifest."""


ColumnTarget = Annotated[str, Field(min_length=1, max_length=300, pattern="^[^=]+$")]
ColumnName = Annotated[str, Field(min_length=1, max_length=1000)]


class ManifestSource(Wire):
    """A file of scenes: JSON Lines, a JSON array, CSV or Parquet, as its name's ending says.

    All but Parquet may be packed by gzip (`.jsonl.gz`).

    It lies under a path or URI that the server may read, or was uploaded (`POST /v1/manifests`).
    """

    kind: Literal["manifest"]
    uri: str = Field(min_length=1, examples=["file:///data/scenes.jsonl"])
    columns: dict[ColumnTarget, ColumnName] | None = Field(
        default=None,
        max_length=64,
        description="Which column, or key of JSON, is what, where its name does not say so: "
        "`cost` is in the column `points`. Others are kept as `meta`.",
        examples=[{"cost": "points"}],
    )


def _some(scenes: tuple[InlineScene, ...]) -> tuple[InlineScene, ...]:
    if not scenes:
        rule = "must have at least 1 scene"
        raise ValueError(rule)
    if sum(len(scene.get("images") or ()) for scene in scenes) > MAX_INLINE_IMAGES:
        rule = f"must have at most {MAX_INLINE_IMAGES:,} images; upload a manifest for more"
        raise ValueError(rule)
    return scenes


class InlineSource(Wire):
    """The scenes themselves."""

    kind: Literal["inline"]
    scenes: Annotated[
        tuple[InlineScene, ...],
        # Were the schema itself to ask for one, a list that is wrong would be called empty, too.
        Field(
            fail_fast=True,
            max_length=MAX_INLINE_SCENES,
            json_schema_extra={"minItems": 1},
            description=f"Up to {MAX_INLINE_SCENES:,}, with {MAX_INLINE_IMAGES:,} images together; "
            "more are uploaded (`POST /v1/manifests`).",
        ),
        AfterValidator(_some),
    ]


class FolderSource(Wire):
    """A folder in a known layout; of `coco`, the JSON file."""

    kind: FolderKind
    root: str = Field(min_length=1, examples=["/data/SemanticKITTI"])
    images_root: str | None = Field(
        default=None, min_length=1, description="Where the images lie, if under another folder."
    )
    split: Literal["all", "train"] = Field(
        default="all", description="`train` leaves out the benchmark's validation scenes."
    )
    scene_from: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Which scene an image of `coco` belongs to: `key:NAME`, or a regular "
        "expression with one group that is searched for in `file_name`; its folder if left out.",
        examples=["key:video_id", "([^/]+)_[0-9]+\\.jpg"],
    )
    unit: Literal["scene", "keyframe"] = Field(
        default="scene", description="What a scene of `nuscenes` is: a drive, or one keyframe."
    )


Source = Annotated[ManifestSource | InlineSource | FolderSource, Field(discriminator="kind")]


class FeatureRequest(Wire):
    """How images become vectors."""

    backbone: str = Field(
        default="auto",
        min_length=1,
        max_length=100,
        description="`auto`, a backbone's name, or `precomputed`: vectors are uploaded and no "
        "image is read.",
    )
    token: Token = Field(
        default="patches",
        description="`cls`: a vector per image. `patch_keys`: many per image. "
        "`patches`: many, from several depths, which the recommended objective wants. `auto` is "
        "the paper's choice between the first two, by the number of images per scene.",
    )
    clusters: int = Field(default=13, ge=1, le=1000, description="Most centres kept per scene.")
    sparsify: Sparsify | None = Field(
        default=None, description="Drops scenes that look like their neighbours; by default none."
    )


class DatasetRequest(Wire):
    """A dataset to register."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Building 7",
                    "source": {"kind": "manifest", "uri": "s3://bucket/building-7/scenes.jsonl"},
                },
                {
                    "name": "Two rooms",
                    "source": {
                        "kind": "inline",
                        "scenes": [
                            {"scene_id": "room/1", "cost": 61234},
                            {"scene_id": "room/2", "cost": 48211},
                        ],
                    },
                    "features": {"backbone": "precomputed"},
                },
            ]
        }
    )

    name: Label = Field(examples=["Building 7"])
    source: Source
    features: FeatureRequest = FeatureRequest()
    resource: Label | None = Field(
        default=None,
        description="The resource that budgets limit; decided by the source where it is left out.",
    )
    callback: CallbackRequest | None = Field(
        default=None, description="Who is told when the extraction has ended."
    )


class SourceEcho(Wire):
    """Where the scenes came from; without the scenes themselves."""

    kind: str
    uri: str | None = None
    root: str | None = None
    images_root: str | None = None
    split: str | None = None
    scene_from: str | None = None
    unit: str | None = None
    columns: dict[str, str] | None = None
    cost_origin: str | None = Field(default=None, description="Where the costs come from.")


class ResolvedFeatures(Wire):
    """What was really used."""

    backbone: str
    weights_id: str = Field(description="Identifies the weights by their content.")
    precision: str | None = Field(default=None, description="Of the network's products.")
    token: str
    clusters: int
    sparsify: Sparsify | None = None


class Features(Wire):
    """What was asked for and, once known, what was used."""

    requested: FeatureRequest
    resolved: ResolvedFeatures | None


class LeftOutScene(Wire):
    """A scene that no seed can contain."""

    scene_id: str
    reason: str


class ImageFailure(Wire):
    """An image that could not be read; its scene goes on with its other images."""

    scene_id: str
    uri: str
    reason: str


class Dataset(Wire):
    """A pool of scenes."""

    id: str
    name: str
    status: DatasetStatus
    error: str | None = Field(description="One sentence, if the status is `failed`.")
    source: SourceEcho
    features: Features
    resource: str | None = Field(description="The resource that budgets limit, once known.")
    resources: tuple[str, ...] = Field(description="Resources that every scene has a cost of.")
    scene_count: Count | None
    usable_scene_count: Count | None = Field(description="Scenes with features, once ready.")
    total_cost: float | None = Field(description="Cost of all usable scenes, once ready.")
    cheapest_cost: float | None = Field(
        description="Cost of the cheapest usable scene, once ready."
    )
    left_out_count: Count
    left_out: tuple[LeftOutScene, ...] = Field(description="The first 20.")
    image_failure_count: Count
    image_failures: tuple[ImageFailure, ...] = Field(description="The first 20.")
    notes: tuple[str, ...]
    operation_id: str | None = Field(
        default=None, description="The extraction that makes it ready; null once it is forgotten."
    )
    created_at: datetime


class DatasetPage(Wire):
    """Datasets, newest first."""

    items: tuple[Dataset, ...]
    next_page_token: str = Field(description="Empty on the last page.")


class RegisteredDataset(Wire):
    """A dataset that was accepted, and the operation that makes it ready."""

    dataset: Dataset
    operation: Operation


class UploadedManifest(Wire):
    """A manifest that this service keeps."""

    uri: str = Field(
        description="Of a source of kind `manifest`.", examples=[f"upload:{'0' * 64}.jsonl"]
    )
    bytes: Count
