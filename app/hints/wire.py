"""Hints on the wire."""

from typing import Annotated

from pydantic import Field

from app.wire import Count, Whole, Wire

ClassValue = Annotated[Whole, Field(ge=0, lt=2**16)]


class HintRequest(Wire):
    """A few labelled images that say what counts."""

    uri: Annotated[str, Field(max_length=100)] = Field(
        description="What `POST /v1/hints` gave out."
    )
    ignore: Annotated[tuple[ClassValue, ...], Field(max_length=100)] = Field(
        default=(), description="Values of the labels that are no class, often 255."
    )


class HintClass(Wire):
    """A class of a hint."""

    value: Count = Field(description="In the labels; of COCO, the category's place by id, from 1.")
    name: str = Field(description="Of the category; the value where labels are PNGs.")
    images: Count = Field(description="Images that show it.")
    share: float = Field(description="Of all labelled pixels.")


class UploadedHint(Wire):
    """A hint that this server has."""

    uri: str = Field(description="For `hint.uri` of a seed's request.")
    bytes: Count
    images: Count
    classes: tuple[HintClass, ...]
