"""Read a scene's images; what cannot be read is reported and never replaced."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.backbones.pixels import to_pixels
from features.errors import ImageError
from features.images import fingerprint, load_rgb
from features.scenes import Scene


@dataclass(frozen=True, slots=True)
class ImageFailure:
    """An image that could not be read; its scene goes on with the others.

    Parameters
    ----------
    scene_id, uri
        Which image.
    reason
        What is wrong with it, as the end of a sentence.
    """

    scene_id: str
    uri: str
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A scene that gets no signature because none of its images can be read.

    Parameters
    ----------
    scene_id
        Which scene.
    reason
        Why, as the end of a sentence.
    """

    scene_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image that exists.

    Parameters
    ----------
    uri
        As the scene names it.
    state
        What tells that the file has not changed: see :func:`features.images.fingerprint`.
    """

    uri: str
    state: tuple[str | int, ...]


def find_images(scene: Scene) -> tuple[list[ImageFile], list[ImageFailure]]:
    """Look for a scene's images without opening them.

    Returns
    -------
    tuple[list[ImageFile], list[ImageFailure]]
        The images that exist, in the scene's order, and those that do not.
    """
    files, failures = [], []
    for image in scene.images:
        try:
            files.append(ImageFile(image.uri, fingerprint(image.uri)))
        except ImageError as error:
            failures.append(ImageFailure(scene.scene_id, image.uri, error.reason))
    return files, failures


def decode_images(
    scene_id: str, files: Sequence[ImageFile], threads: Executor
) -> tuple[list[ImageFile], list[NDArray[np.uint8]], list[ImageFailure]]:
    """Decode a scene's images to the size that backbones take.

    Full-size pixels live only as long as their thread needs them; 150 kB per image are kept.

    Returns
    -------
    tuple[list[ImageFile], list[NDArray[np.uint8]], list[ImageFailure]]
        The images that can be read, in order; their pixels, (224, 224, 3) each; and the others.
    """
    readable, pixels, failures = [], [], []
    for file, result in zip(files, threads.map(_decode, files), strict=True):
        if isinstance(result, ImageError):
            failures.append(ImageFailure(scene_id, file.uri, result.reason))
        else:
            readable.append(file)
            pixels.append(result)
    return readable, pixels, failures


def left_out(scene: Scene, failures: Sequence[ImageFailure]) -> LeftOut:
    """Say why a scene without a readable image is left out."""
    if not scene.images:
        return LeftOut(scene.scene_id, "it has no images")
    count = len(scene.images)
    subject = "its only image" if count == 1 else f"the first of its {count} images, all unreadable"
    first = failures[0]
    return LeftOut(scene.scene_id, f"{subject}, {first.uri}: {first.reason}")


def _decode(file: ImageFile) -> NDArray[np.uint8] | ImageError:
    try:
        return to_pixels(load_rgb(file.uri))
    except ImageError as error:
        return error
