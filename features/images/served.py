"""The guarded reader of images that a network looks at: pixels of the size that it takes."""

from collections.abc import Iterator

from features.backbones.protocol import to_pixels
from features.guarded.frames import Frame
from features.images.pixels import load_rgb


def serve(uri: str) -> Iterator[Frame]:
    """Yield an image's pixels.

    Raises
    ------
    ImageError
        It cannot be read.
    """
    yield Frame(None, [to_pixels(load_rgb(uri))])
