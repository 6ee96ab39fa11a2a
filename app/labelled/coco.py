"""Annotations of COCO as index PNGs: what is not annotated is class 0, the background.

A category's class is its place among those that occur, by id, from 1. Segments lie over each other
with the smallest on top. Polygons and both kinds of run lengths are drawn here, and not by COCO's
own C code: annotations come from strangers.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import PIL.Image
import PIL.ImageDraw
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.labelled.errors import LabelledDataError
from app.labelled.label_files import LABEL_SUFFIX, image_size
from features.errors import SourceError
from features.files.paths import open_regular
from features.limits import MAX_ELEMENT_CHARS

BACKGROUND: Final = "background"

_CORNER: Final = 2
_FEWEST_NUMBERS: Final = 3 * _CORNER


class _Part(BaseModel):
    """A part of a file of annotations; what else it says is for others."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class _RunLengths(_Part):
    size: tuple[int, int]
    counts: str | list[Annotated[int, Field(ge=0)]]


class _Annotation(_Part):
    image_id: int
    category_id: int
    segmentation: list[list[float]] | _RunLengths


class _Category(_Part):
    id: int
    name: str


class _Image(_Part):
    id: int
    file_name: str


class _Annotations(_Part):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


def write_labels(path: Path, images: Mapping[str, Path], folder: Path) -> tuple[str, ...]:
    """Write a label for each image that a file of annotations has.

    Parameters
    ----------
    path
        The file.
    images
        Images by their file names; others of the annotations are left out.
    folder
        Where labels go, named by their images' stems.

    Returns
    -------
    tuple of str
        The name of each class.

    Raises
    ------
    LabelledDataError
        It is no file of annotations, or a segment breaks a rule; names the annotation.
    """
    content = _read(path)
    known = {
        image.id: images[name]
        for image in content.images
        if (name := Path(image.file_name.replace("\\", "/")).name) in images
    }
    shown = [(place, one) for place, one in enumerate(content.annotations) if one.image_id in known]
    names = {category.id: category.name for category in content.categories}
    for place, one in shown:
        if one.category_id not in names:
            rule = f"annotation {place} has the category {one.category_id}, which is not there"
            raise LabelledDataError(str(path), rule)
    occurring = sorted({one.category_id for _, one in shown})
    class_of = {category: place for place, category in enumerate(occurring, 1)}
    for image_id, image in known.items():
        size = image_size(image)
        mine = [(place, one) for place, one in shown if one.image_id == image_id]
        label = np.zeros(size, dtype=np.uint16)
        areas = [np.count_nonzero(_mask(one, size, f"{path}: annotation {p}")) for p, one in mine]
        for place in np.argsort(areas, kind="stable")[::-1]:
            where, one = mine[place]
            label[_mask(one, size, f"{path}: annotation {where}")] = class_of[one.category_id]
        PIL.Image.fromarray(label).save(folder / f"{image.stem}{LABEL_SUFFIX}")
    return (BACKGROUND, *(names[category] for category in occurring))


def _read(path: Path) -> _Annotations:
    try:
        with open_regular(path) as stream:
            text = stream.read(MAX_ELEMENT_CHARS + 1)
    except (OSError, SourceError) as error:
        raise LabelledDataError(str(path), f"cannot be read ({error})") from error
    if len(text) > MAX_ELEMENT_CHARS:
        rule = f"has more than {MAX_ELEMENT_CHARS:,} bytes; keep the annotations of these images"
        raise LabelledDataError(str(path), rule)
    try:
        return _Annotations.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(str(part) for part in first["loc"][:3])
        rule = f"is no file of COCO annotations with segments: {where or 'it'} {first['msg']}"
        raise LabelledDataError(str(path), rule[:300]) from error


def _mask(one: _Annotation, size: tuple[int, int], place: str) -> NDArray[np.bool_]:
    """Return the pixels of a segment, shape (height, width)."""
    if isinstance(one.segmentation, _RunLengths):
        if one.segmentation.size != size:
            rule = "its run lengths are of {} x {} pixels, and its image has {} x {}"
            raise LabelledDataError(place, rule.format(*one.segmentation.size[::-1], *size[::-1]))
        counts = one.segmentation.counts
        lengths = _unpacked(counts, place) if isinstance(counts, str) else counts
        return _runs(lengths, size, place)
    picture = PIL.Image.new("1", size[::-1])
    draw = PIL.ImageDraw.Draw(picture)
    if not one.segmentation:
        raise LabelledDataError(place, "it has no segment; a box does not say which pixels count")
    for polygon in one.segmentation:
        if len(polygon) < _FEWEST_NUMBERS or len(polygon) % _CORNER:
            rule = f"a polygon has three pairs of numbers at least; here are {len(polygon)} numbers"
            raise LabelledDataError(place, rule)
        far = 4.0 * max(size)  # what is further out is outside, and no number that drawing minds
        draw.polygon([min(max(x, -far), far) for x in polygon], fill=1)
    return np.asarray(picture)


def _runs(lengths: Sequence[int], size: tuple[int, int], place: str) -> NDArray[np.bool_]:
    """Return the pixels of run lengths: down the columns, beginning with what is outside."""
    pixels = size[0] * size[1]
    if sum(lengths) != pixels:
        raise LabelledDataError(place, f"its run lengths are not those of {pixels:,} pixels")
    inside = np.arange(len(lengths)) % 2 == 1
    return np.repeat(inside, np.array(lengths, dtype=np.int64)).reshape(size, order="F")


_FIRST: Final = 48
_BITS: Final = 5
_MORE: Final = 1 << _BITS
_SIGN: Final = 1 << (_BITS - 1)
_LONGEST: Final = 8
_BASE_RUNS: Final = 2


def _unpacked(text: str, place: str) -> list[int]:
    """Return the run lengths of COCO's packed text: 5 bits a character, differences from the third.

    Lin et al., *Microsoft COCO* (2014), and the format's reference implementation.
    """
    lengths: list[int] = []
    value = digits = 0
    for character in text:
        code = ord(character) - _FIRST
        if not 0 <= code < 2 * _MORE or digits == _LONGEST:
            raise LabelledDataError(place, "its run lengths are no packed numbers")
        value |= (code % _MORE) << (_BITS * digits)
        digits += 1
        if code & _MORE:
            continue
        if code & _SIGN:
            value -= 1 << (_BITS * digits)
        if len(lengths) > _BASE_RUNS:
            value += lengths[-2]
        if value < 0:
            raise LabelledDataError(place, "its run lengths are no packed numbers")
        lengths.append(value)
        value = digits = 0
    if digits:
        raise LabelledDataError(place, "its run lengths end early")
    return lengths
