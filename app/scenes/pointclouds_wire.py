"""Point clouds on the wire, column by column."""

from typing import Annotated

from pydantic import Field

from app.wire import Count, Wire

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
