"""Scenes on the wire: one by one, as points in a plane, and as point clouds."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from app.wire import Count, Wire


class SceneImage(Wire):
    """An image of a scene."""

    uri: str
    sensor: str | None
    frame: int | None


class Scene(Wire):
    """A scene of a dataset."""

    scene_id: str
    position: Count = Field(description="Place in the source's order, from 0.")
    costs: dict[str, float]
    group: str | None
    images: tuple[SceneImage, ...]
    pointcloud: str | None
    region_count: Count | None = Field(
        description="Supervoxels of the scene, where the source has them."
    )
    usable: bool | None = Field(description="Whether a seed may contain it; null until extracted.")
    left_out_reason: str | None
    external_ids: dict[str, JsonValue]
    meta: dict[str, JsonValue]


class ScenePage(Wire):
    """Scenes in the source's order."""

    items: tuple[Scene, ...]
    next_page_token: str = Field(description="Empty on the last page.")


class Neighbor(Wire):
    """A scene that looks like another."""

    scene_id: str
    similarity: float = Field(ge=-1, le=1, description="Cosine of the mean directions.")


class Neighbors(Wire):
    """The scenes that look most like one, the most alike first; only usable ones are compared."""

    scene_id: str
    items: tuple[Neighbor, ...]


MapMethod = Literal["pca", "umap"]

Shares = Annotated[tuple[float, ...], Field(min_length=2, max_length=2)]
"""Of both axes. A tuple of two types would be a schema that OpenAPI's readers do not all know."""


class SceneMap(Wire):
    """A dataset's usable scenes in a plane, column by column, in the source's order."""

    dataset_id: str
    method: MapMethod
    explained: Shares | None = Field(
        description="Share of the scenes' variance that each axis shows; null where axes have none."
    )
    resource: str = Field(description="What `costs` are counted in: the dataset's own resource.")
    scene_ids: tuple[str, ...]
    x: tuple[float, ...] = Field(description="Rounded to five significant digits, as `y` is.")
    y: tuple[float, ...]
    costs: tuple[float, ...]
    groups: tuple[str, ...] = Field(description="Their names, in order of first appearance.")
    group_of: tuple[Count | None, ...] = Field(
        description="Each scene's place in `groups`; null where it has no group."
    )


HexColour = Annotated[str, Field(pattern="^#[0-9a-f]{6}$", examples=["#8c7a6b"])]


class PointCloud(Wire):
    """Some points of a scene, evenly spread over its file."""

    scene_id: str
    total: Count = Field(description="Points in the file.")
    x: tuple[float, ...] = Field(description="In metres, to the millimetre, as `y` and `z` are.")
    y: tuple[float, ...]
    z: tuple[float, ...]
    colors: tuple[HexColour, ...] | None
    intensity: tuple[float, ...] | None = Field(description="In the sensor's own unit.")


class NearDuplicateScene(Wire):
    """A scene that has near duplicates."""

    scene_id: str
    most_like: str = Field(description="The scene of the group that it looks most like.")
    similarity: float = Field(ge=-1, le=1, description="Cosine of these two.")


class NearDuplicateGroup(Wire):
    """Scenes that a chain of pairs at or above the threshold connects."""

    size: Count
    weakest: float = Field(
        ge=-1, le=1, description="Cosine of the least similar pair that it takes to connect them."
    )
    scenes: tuple[NearDuplicateScene, ...] = Field(
        description="Up to 1,000 of them, in the source's order."
    )


class NearDuplicates(Wire):
    """Groups of near duplicates, the largest first."""

    threshold: float
    group_count: Count
    scene_count: Count = Field(description="Scenes of all groups.")
    recall: float = Field(
        description="What share of each scene's nearest was found: 1 where all pairs were "
        "compared, else measured on a sample; some duplicates may be missing then."
    )
    items: tuple[NearDuplicateGroup, ...]
    next_page_token: str = Field(description="Empty on the last page.")
