"""HEIC, which phones write; its decoder is an extra, for its wheels bring a GPL encoder, too.

Pillow reads AVIF, which lies in the same kind of container; the brands at a file's start tell the
two apart.
"""

from typing import Final

_BOX: Final = b"ftyp"
_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})

HEAD_BYTES: Final = 64
"""Bytes that :func:`is_heic` looks at."""

FORMATS: Final = ("HEIF",)
"""What :func:`prepare` teaches Pillow, by Pillow's name."""


def is_heic(head: bytes) -> bool:
    """Tell whether the first bytes of a file are those of HEIC.

    Examples
    --------
    >>> is_heic(bytes([0, 0, 0, 20]) + b"ftypmif1" + bytes(4) + b"heic")
    True
    >>> is_heic(bytes([0, 0, 0, 20]) + b"ftypavif" + bytes(4) + b"avif")
    False
    """
    if head[4:8] != _BOX:
        return False
    box = head[: min(HEAD_BYTES, int.from_bytes(head[:4], "big"))]
    # The main brand, four bytes of a version, and the brands that it is compatible with.
    brands = {box[8:12], *(box[at : at + 4] for at in range(16, len(box), 4))}
    return not brands.isdisjoint(_BRANDS)


def prepare() -> None:
    """Teach Pillow to read HEIC; a second time changes nothing.

    Raises
    ------
    ImportError
        The extra ``heic`` is not installed.
    """
    import pillow_heif  # noqa: PLC0415  an extra

    # One thread: there is a decoding process for each core already.
    pillow_heif.register_heif_opener(
        thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
    )
