"""A pool in which a small red thing counts, and a hint that shows it: folder, archive, COCO."""

import json
import zipfile
from pathlib import Path

import numpy as np
import PIL.Image

RARE = range(0, 16, 5)
"""Scenes that show the small red thing."""


def _picture(rng: np.random.Generator, *, rare: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture of large coloured areas, and its label: 1 is the small red thing."""
    cells = rng.integers(0, 256, (2, 2, 3))
    cells[:, :, 0] %= 90  # nothing else is red
    pixels = np.kron(cells, np.ones((32, 32, 1))).astype(np.uint8)
    label = np.zeros((64, 64), np.uint8)
    if rare:
        pixels[8:24, 8:24] = (250, 10, 10)
        label[8:24, 8:24] = 1
    return pixels, label


def draw_world(folder: Path) -> Path:
    """Draw a pool of 16 scenes of two images, and a hint of four images; return the folder."""
    rng = np.random.default_rng(0)
    for scene in range(16):
        place = folder / "pool" / f"s{scene:02}"
        place.mkdir(parents=True)
        for image in range(2):
            pixels, _ = _picture(rng, rare=scene in RARE)
            PIL.Image.fromarray(pixels).save(place / f"{image}.png")
    for part in ("images", "labels"):
        (folder / "hint" / part).mkdir(parents=True)
    for image in range(4):
        pixels, label = _picture(rng, rare=True)
        PIL.Image.fromarray(pixels).save(folder / "hint" / "images" / f"{image}.png")
        PIL.Image.fromarray(label).save(folder / "hint" / "labels" / f"{image}.png")
    return folder


def zipped(hint: Path) -> Path:
    """Return a ZIP archive of a hint's folder, packed with the folder, as people pack it."""
    path = hint.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(hint.rglob("*.*")):
            archive.write(file, file.relative_to(hint.parent))
        archive.writestr("__MACOSX/hint/images/._0.png", b"nothing")
    return path


def as_coco(hint: Path) -> Path:
    """Return a folder of the same images with annotations in place of label PNGs."""
    folder = hint.with_name("coco")
    folder.mkdir()
    for image in sorted((hint / "images").iterdir()):
        (folder / image.name).write_bytes(image.read_bytes())
    square = [8, 8, 23, 8, 23, 23, 8, 23]
    content = {
        "info": {"description": "of no interest"},
        "images": [
            {"id": k, "file_name": f"deep/down/{k}.png", "width": 64, "height": 64}
            for k in range(9)  # five are not here
        ],
        "annotations": [
            {"id": k, "image_id": k, "category_id": 7, "segmentation": [square], "iscrowd": 0}
            for k in range(9)
        ],
        "categories": [{"id": 3, "name": "cat"}, {"id": 7, "name": "red thing"}],
    }
    (folder / "annotations.json").write_text(json.dumps(content), encoding="utf-8")
    return folder
