"""Images that nobody has vetted: what is reported of each, and that the others are unharmed."""

import io
import itertools
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from features.errors import ImageError
from features.images.pixels import MAX_PIXELS, load_rgb
from features.pipeline import FeatureSettings, prepare
from features.sources.scenes import Image, PoolScene, ScenePool

PIXELS = np.random.default_rng(5).integers(0, 256, (6, 4, 3), dtype=np.uint8)


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """Return a PNG, chunk by chunk after its specification; each row starts with its filter."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def encoded(form: str, pixels: np.ndarray = PIXELS, **options: object) -> bytes:
    """Return an image's bytes in a format of Pillow's."""
    stream = io.BytesIO()
    PIL.Image.fromarray(pixels).save(stream, form, **options)
    return stream.getvalue()


def bomb() -> bytes:
    """Return a whole image just above the limit: 25 MB of rows in some kilobytes."""
    side = 14_143
    assert MAX_PIXELS < side * side < 1.001 * MAX_PIXELS
    return png(side, side, 1, 0, bytes(1 + (side + 7) // 8) * side)


def damaged() -> bytes:
    """Return a PNG with a flipped bit in the middle of its pixels."""
    data = bytearray(encoded("PNG"))
    data[len(data) // 2] ^= 0x10
    return bytes(data)


CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "the file is empty"),
    "damaged": (damaged, "truncated or broken"),
    "truncated": (lambda: encoded("PNG")[:-30], "truncated or broken"),
    "huge_header": (lambda: png(30_000, 30_000, 8, 2, b""), "more than 200,000,000 pixels"),
    "bomb": (bomb, "more than 200,000,000 pixels"),
    "svg": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not a PNG"),
    "html": (lambda: b"<!doctype html><p>404", "not a PNG"),
    "tga": (lambda: encoded("TGA"), "not a PNG"),
    "postscript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a PNG"),
    "noise": (lambda: bytes(range(256)) * 8, "not a PNG"),
    "signature": (lambda: b"\x89PNG\r\n\x1a\n", "not a PNG"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_one_reason(name: str, tmp_path: Path) -> None:
    """Whatever a file named .jpg holds, the error is one sentence with the file and the reason."""
    content, reason = CASES[name]
    path = tmp_path / "a.jpg"
    path.write_bytes(content())
    assert path.stat().st_size < 100_000
    with pytest.raises(ImageError, match=reason) as caught:
        load_rgb(str(path))
    assert caught.value.uri == str(path)


def test_the_rest_of_the_run_is_unharmed(tmp_path: Path) -> None:
    """Hostile images cost no other image: the signatures are those of a pool without them."""
    good = [tmp_path / f"{number}.png" for number in range(4)]
    for number, path in enumerate(good):
        path.write_bytes(encoded("PNG", np.roll(PIXELS, number, axis=0)))
    bad: dict[str, str] = {str(tmp_path / "gone.jpg"): "the file does not exist"}
    for name, (content, reason) in CASES.items():
        (tmp_path / f"{name}.jpg").write_bytes(content())
        bad[str(tmp_path / f"{name}.jpg")] = reason
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    bad[str(tmp_path / "folder.jpg")] = "a folder, not a file"
    bad[str(tmp_path / "pipe.jpg")] = "not a regular file"

    def pool(*more: str) -> ScenePool:
        mixed = [*more[:4], str(good[0]), str(good[1]), *more[4:]]
        scenes = [PoolScene("mixed", {"images": 2.0}, tuple(map(Image, mixed)))]
        scenes += [PoolScene(path.stem, {"images": 1.0}, (Image(str(path)),)) for path in good[2:]]
        scenes += [PoolScene(f"bad {uri}", {"images": 1.0}, (Image(uri),)) for uri in more]
        return ScenePool("images", tuple(scenes), "images", "number of images")

    settings = FeatureSettings(backbone="colour_grid")
    clean = prepare(pool(), settings, tmp_path / "clean")
    soiled = prepare(pool(*bad), settings, tmp_path / "soiled")
    assert list(soiled.signatures.scene_ids) == list(clean.signatures.scene_ids)
    np.testing.assert_array_equal(soiled.signatures.vectors, clean.signatures.vectors)
    np.testing.assert_array_equal(soiled.signatures.weights, clean.signatures.weights)
    reported = {failure.uri: failure.reason for failure in soiled.failures}
    assert reported.keys() == bad.keys()
    for uri, reason in bad.items():
        assert reason in reported[uri]
    assert {scene.scene_id for scene in soiled.left_out} == {f"bad {uri}" for uri in bad}


# EXIF 2.32, tag 274: where the 0th row and the 0th column of the stored pixels belong.
ORIENTATIONS = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_every_orientation_is_set_upright(tmp_path: Path, orientation: int, form: str) -> None:
    """Each pixel lands where the standard's words put its row and its column."""
    exif = PIL.Image.Exif()
    exif[274] = orientation
    options = {"lossless": True} if form == "WEBP" else {}
    (tmp_path / "a").write_bytes(encoded(form, exif=exif, **options))
    upright = np.asarray(load_rgb(str(tmp_path / "a")))
    height, width = upright.shape[:2]
    first_row, first_column = ORIENTATIONS[orientation]
    for row, column in itertools.product(range(6), range(4)):
        place = {
            "top": (0, row),
            "bottom": (0, height - 1 - row),
            "left": (1, row),
            "right": (1, width - 1 - row),
        }[first_row]
        other = {
            "top": (0, column),
            "bottom": (0, height - 1 - column),
            "left": (1, column),
            "right": (1, width - 1 - column),
        }[first_column]
        y, x = (position for _, position in sorted([place, other]))
        np.testing.assert_array_equal(upright[y, x], PIXELS[row, column])


def test_16_bit_colour_keeps_its_high_byte(tmp_path: Path) -> None:
    """A PNG of 16 bits a channel becomes 8 bits; its range maps onto theirs."""
    row = struct.pack(">6H", 0, 0x80FF, 0xFFFF, 0x0100, 0x7F00, 0x00FF)
    (tmp_path / "a.png").write_bytes(png(2, 1, 16, 2, b"\x00" + row))
    assert np.asarray(load_rgb(str(tmp_path / "a.png"))).tolist() == [[[0, 128, 255], [1, 127, 0]]]


def test_16_bit_grey_is_divided_by_257(tmp_path: Path) -> None:
    """A PNG of 16-bit grey that no library wrote has 0, middle and full apart."""
    row = struct.pack(">4H", 0, 257, 32896, 65535)
    (tmp_path / "a.png").write_bytes(png(4, 1, 16, 0, b"\x00" + row))
    pixels = np.asarray(load_rgb(str(tmp_path / "a.png")))
    assert pixels[0].tolist() == [[0] * 3, [1] * 3, [128] * 3, [255] * 3]


@pytest.mark.parametrize("marked", [True, False])
def test_cmyk_in_a_jpeg_is_taken_as_adobe_stores_it(tmp_path: Path, marked: bool) -> None:  # noqa: FBT001
    """Full ink is stored as 0, whether or not Adobe's marker says so: magenta and yellow is red."""
    ink = np.zeros((8, 8, 4), np.uint8)
    ink[..., 1:3] = 255
    stream = io.BytesIO()
    PIL.Image.fromarray(ink, "CMYK").save(stream, "JPEG", quality=95)
    data = stream.getvalue()
    start = data.index(b"\xff\xee")
    length = int.from_bytes(data[start + 2 : start + 4], "big")
    assert data[start + 4 : start + 9] == b"Adobe"
    if not marked:
        data = data[:start] + data[start + 2 + length :]
    (tmp_path / "a.jpg").write_bytes(data)
    red, green, blue = np.asarray(load_rgb(str(tmp_path / "a.jpg")))[4, 4].tolist()
    assert red > 240
    assert max(green, blue) < 15


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF"])
def test_of_many_frames_the_first_is_taken(tmp_path: Path, form: str) -> None:
    """An animation and a file of many pages are one image, their first."""
    first, second = PIL.Image.fromarray(PIXELS), PIL.Image.fromarray(255 - PIXELS)
    options = {"lossless": True} if form == "WEBP" else {}
    first.save(tmp_path / "a", form, save_all=True, append_images=[second], **options)
    with PIL.Image.open(tmp_path / "a") as image:
        assert image.n_frames == 2  # type: ignore[attr-defined]  # of formats that have frames
    np.testing.assert_array_equal(np.asarray(load_rgb(str(tmp_path / "a"))), PIXELS)
