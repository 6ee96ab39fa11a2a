"""COCO's annotations become labels, or are refused in a sentence that names the annotation."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from app.labelled.coco import write_labels
from app.labelled.errors import LabelledDataError
from app.labelled.label_files import read_label

SIZE = (5, 7)
SQUARE = [1, 1, 4, 1, 4, 3, 1, 3]
PACKED = "632000009"
"""What pycocotools 2.0.10 packs of SQUARE's pixels, rows 1 to 3 of columns 1 to 4."""
COUNTS = [6, 3, 2, 3, 2, 3, 2, 3, 11]


def _annotation(segmentation: object, category: int = 4, image: int = 1) -> dict[str, Any]:
    return {"image_id": image, "category_id": category, "segmentation": segmentation}


def _written(folder: Path, *annotations: dict[str, Any], **more: object) -> np.ndarray:
    """Return the label of an image that has these annotations."""
    image = folder / "a.png"
    PIL.Image.new("RGB", SIZE[::-1]).save(image)
    content = {
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "elsewhere.png"}],
        "annotations": annotations,
        "categories": [{"id": 9, "name": "nine"}, {"id": 4, "name": "four"}],
        **more,
    }
    path = folder / "all.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    (folder / "labels").mkdir()
    names = write_labels(path, {"a.png": image}, folder / "labels")
    assert names[0] == "background"
    return read_label(folder / "labels" / "a.png")


@pytest.mark.parametrize("form", ["polygon", "counts", "packed"])
def test_each_form_of_a_segment_gives_the_same_pixels(tmp_path: Path, form: str) -> None:
    """Polygons, run lengths, and run lengths as packed text."""
    forms: dict[str, object] = {
        "polygon": [SQUARE],
        "counts": {"size": SIZE, "counts": COUNTS},
        "packed": {"size": SIZE, "counts": PACKED},
    }
    expected = np.zeros(SIZE, dtype=int)
    expected[1:4, 1:5] = 1
    assert np.array_equal(_written(tmp_path, _annotation(forms[form])), expected)


def test_smaller_segments_lie_on_top(tmp_path: Path) -> None:
    """Whatever their order in the file; a category's class is its place among those that occur."""
    small, large = [2, 2, 3, 2, 3, 2], [0, 0, 6, 0, 6, 4, 0, 4]
    label = _written(tmp_path, _annotation([small], 9), _annotation([large]))
    assert np.bincount(label.ravel()).tolist() == [0, 33, 2]


def test_an_image_without_segments_is_background(tmp_path: Path) -> None:
    """It shows that nothing that counts is there."""
    assert not _written(tmp_path, _annotation([SQUARE], image=2)).any()


@pytest.mark.parametrize(
    ("segmentation", "rule"),
    [
        ([], "annotation 0: it has no segment"),
        ([[1, 1, 2, 2]], "a polygon has three pairs of numbers at least; here are 4 numbers"),
        ({"size": [7, 5], "counts": COUNTS}, "of 5 x 7 pixels, and its image has 7 x 5"),
        ({"size": SIZE, "counts": [1, 2]}, "its run lengths are not those of 35 pixels"),
        ({"size": SIZE, "counts": [2**80]}, "its run lengths are not those of 35 pixels"),
        ({"size": SIZE, "counts": "6 "}, "its run lengths are no packed numbers"),
        ({"size": SIZE, "counts": "oooooooooooo"}, "its run lengths are no packed numbers"),
        ({"size": SIZE, "counts": "o"}, "its run lengths end early"),
        ({"size": SIZE, "counts": "N"}, "its run lengths are no packed numbers"),
        ("a string", "is no file of COCO annotations"),
    ],
)
def test_segments_that_are_none_are_refused(
    tmp_path: Path, segmentation: object, rule: str
) -> None:
    """Each in one sentence."""
    with pytest.raises(LabelledDataError) as caught:
        _written(tmp_path, _annotation(segmentation))
    assert rule in str(caught.value)


def test_a_category_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The annotation and the category are named."""
    with pytest.raises(LabelledDataError, match="annotation 0 has the category 5"):
        _written(tmp_path, _annotation([SQUARE], 5))


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """The part that is wrong is named."""
    with pytest.raises(LabelledDataError, match="categories"):
        _written(tmp_path, categories=3)
