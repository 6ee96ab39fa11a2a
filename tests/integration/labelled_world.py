"""A small labelled set on disk: shapes of four colours, exactly labelled, in clips.

Its 24 train images are of the clips a to d; of its 8 test images, four are of clips that train has
too and four of the clip e, which it has not. What is rare (the blue class) is in the clip d alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from app.labelled.folder import LabelFolder, read_labelled

SIDE: Final = 64
CLASSES: Final = 4
IGNORED: Final = 255
TRAIN: Final = tuple(f"{clip}_{frame:03d}" for clip in "abcd" for frame in range(6))
TEST: Final = ("a_100", "b_100", "c_100", "d_100", "e_000", "e_001", "e_002", "e_003")

_SKIES: Final = {
    "a": (200, 200, 190),
    "b": (120, 125, 130),
    "c": (90, 160, 160),
    "d": (230, 170, 120),
    "e": (160, 140, 190),
}
_SHAPES: Final = {1: (200, 40, 40), 2: (40, 170, 60), 3: (40, 60, 210)}


class World:
    """The set's files, which a test can spoil.

    Parameters
    ----------
    root
        An empty folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.images, self.labels = root / "images", root / "labels"
        self.train, self.test = root / "train.txt", root / "test.txt"
        for folder in (self.images, self.labels):
            folder.mkdir(parents=True)
        for number, stem in enumerate((*TRAIN, *TEST)):
            image, label = _draw(stem, np.random.default_rng(number))
            PIL.Image.fromarray(image).save(self.images / f"{stem}.png")
            PIL.Image.fromarray(label).save(self.labels / f"{stem}.png")
        self.lists()

    def lists(self, train: Sequence[str] = TRAIN, test: Sequence[str] = TEST) -> None:
        """Write both lists."""
        self.train.write_text("\n".join(train) + "\n")
        self.test.write_text("\n".join(test) + "\n")

    def read(self) -> LabelFolder:
        """Read the set."""
        return read_labelled(
            self.images,
            self.labels,
            ignore=frozenset({IGNORED}),
            train=self.train,
            test=self.test,
            name="shapes",
        )

    def words(self) -> list[str]:
        """Return the words that name the set on the command line."""
        return [
            *("--images", str(self.images), "--labels", str(self.labels)),
            *("--train", str(self.train), "--test", str(self.test)),
            *("--ignore-label", str(IGNORED)),
        ]


def _draw(stem: str, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return an image and its label: a noisy sky and boxes, each larger the later the clip."""
    clip = stem.partition("_")[0]
    image = np.empty((SIDE, SIDE, 3))
    image[:] = _SKIES[clip]
    label = np.zeros((SIDE, SIDE), dtype=np.uint8)
    size = 10 + 4 * "abcde".index(clip)
    for value, colour in _SHAPES.items():
        if value == max(_SHAPES) and clip not in "de":
            continue
        top, left = rng.integers(0, SIDE - size, 2)
        box = np.s_[top : top + size, left : left + size]
        image[box], label[box] = colour, value
    label[:: SIDE // 2, :4] = IGNORED
    noisy = image + rng.normal(0, 25, image.shape)
    return noisy.clip(0, 255).astype(np.uint8), label
