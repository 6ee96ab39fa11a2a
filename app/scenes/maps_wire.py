"""Maps of datasets on the wire: scenes as points in a plane, alike ones close together."""

from typing import Annotated, Literal

from pydantic import Field

from app.wire import Count, Wire

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
