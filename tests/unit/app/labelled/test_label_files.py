import struct
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from app.labelled.errors import LabelledDataError
from app.labelled.label_files import image_size, read_label

VALUES = np.array([[0, 1, 2], [3, 2, 1]], dtype=np.uint8)


def write_png(path: Path, depth: int, colour: int, rows: list[bytes], width: int) -> Path:
    """Write a PNG byte by byte: Pillow writes no grey of two or four bits."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(range(48))) if colour == 3 else b""
    pixels = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), palette, pixels, chunk(b"IEND", b"")]
    path.write_bytes(b"".join(parts))
    return path


@pytest.mark.parametrize("mode", ["L", "P"])
def test_grey_and_palette_are_indices(tmp_path: Path, mode: str) -> None:
    """Eight bits are read as they are; a palette's colours do not matter."""
    image = PIL.Image.fromarray(VALUES)
    if mode == "P":
        image = PIL.Image.frombytes("P", image.size, VALUES.tobytes())
        image.putpalette([255, 0, 0] * 256)
    image.save(tmp_path / "a.png")
    assert (read_label(tmp_path / "a.png") == VALUES).all()


def test_sixteen_bits_are_read(tmp_path: Path) -> None:
    """Values above 255 keep their size."""
    values = VALUES.astype(np.uint16) * 10_000
    PIL.Image.fromarray(values).save(tmp_path / "a.png")
    assert (read_label(tmp_path / "a.png") == values).all()


@pytest.mark.parametrize("colour", [0, 3])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_few_bits_are_not_stretched(tmp_path: Path, depth: int, colour: int) -> None:
    """Grey of one, two or four bits means the indices 0, 1, ..., as a palette's do."""
    values = VALUES[:, :2] % 2**depth
    rows = [bytes([(a << (8 - depth)) | (b << (8 - 2 * depth))]) for a, b in values.tolist()]
    path = write_png(tmp_path / "a.png", depth, colour, rows, width=2)
    assert (read_label(path) == values).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_colours_are_refused(tmp_path: Path, mode: str) -> None:
    """A picture of the labels is not the labels."""
    path = tmp_path / "a.png"
    PIL.Image.new(mode, (2, 2)).save(path)
    with pytest.raises(LabelledDataError, match=f"has colours .mode {mode}") as caught:
        read_label(path)
    assert caught.value.place == str(path)


def test_what_is_no_png_is_refused(tmp_path: Path) -> None:
    """A JPEG's values are not exact, a cut file has not all, and text has none."""
    path = tmp_path / "a.png"
    PIL.Image.fromarray(VALUES).save(path, format="JPEG")
    with pytest.raises(LabelledDataError, match="the label is not a PNG file"):
        read_label(path)
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 9, (99, 99), dtype=np.uint8)).save(
        path
    )
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(LabelledDataError, match="the label cannot be read"):
        read_label(path)
    path.unlink()
    with pytest.raises(LabelledDataError, match="the label cannot be read"):
        read_label(path)


def test_sizes_are_those_that_features_see(tmp_path: Path) -> None:
    """A photo that its camera took lying is as high as it stands."""
    image = PIL.Image.new("RGB", (6, 4))
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "lying.jpg", exif=exif)
    image.save(tmp_path / "plain.jpg")
    image.save(tmp_path / "plain.png")
    image.save(tmp_path / "lying.png", exif=exif)
    assert image_size(tmp_path / "plain.jpg") == image_size(tmp_path / "plain.png") == (4, 6)
    assert image_size(tmp_path / "lying.jpg") == image_size(tmp_path / "lying.png") == (6, 4)
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(LabelledDataError, match="not a PNG or JPEG or"):
        image_size(tmp_path / "text.jpg")
