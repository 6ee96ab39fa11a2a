import io
import os
import stat
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import features.images.pixels
from features.errors import ImageError
from features.images.pixels import fingerprint, load_rgb, to_path

GRADIENT = np.arange(64 * 48 * 3, dtype=np.uint32).reshape(48, 64, 3).astype(np.uint8)


def pixels(path: Path) -> np.ndarray:
    """Decode and check the promise that holds for every image: RGB, 8 bits, no warning."""
    image = load_rgb(str(path))
    assert image.mode == "RGB"
    return np.asarray(image)


def save(path: Path, array: np.ndarray, mode: str | None = None, **options: object) -> Path:
    """Write an array as an image."""
    image = PIL.Image.fromarray(array)
    (image if mode is None else image.convert(mode)).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp"])
def test_lossless_formats_come_back_exactly(tmp_path: Path, suffix: str) -> None:
    """A lossless RGB image decodes to the very pixels that were written."""
    options = {"lossless": True} if suffix == "webp" else {}
    path = save(tmp_path / f"a.{suffix}", GRADIENT, **options)
    np.testing.assert_array_equal(pixels(path), GRADIENT)


def test_a_file_uri_names_the_same_image(tmp_path: Path) -> None:
    """A file:// URI with percent escapes reads the file that the plain path reads."""
    path = save(tmp_path / "a b#c.png", GRADIENT)
    np.testing.assert_array_equal(np.asarray(load_rgb(path.as_uri())), GRADIENT)
    assert fingerprint(path.as_uri()) == fingerprint(str(path))


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda a: a),
        (3, lambda a: a[::-1, ::-1]),
        (6, lambda a: np.rot90(a, -1)),
        (8, np.rot90),
    ],
)
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_exif_orientation_is_applied(
    tmp_path: Path, orientation: int, upright: Callable[[np.ndarray], np.ndarray], suffix: str
) -> None:
    """An image that says how the camera was held decodes upright."""
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / f"a.{suffix}", GRADIENT, exif=exif)
    np.testing.assert_array_equal(pixels(path), upright(GRADIENT))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_greyscale_is_scaled_and_not_clipped(tmp_path: Path, suffix: str) -> None:
    """The 16-bit range maps onto the 8-bit range: 0, middle and full stay apart."""
    grey = np.array([[0, 128, 257, 32896, 65535]], dtype=np.uint16)
    path = save(tmp_path / f"a.{suffix}", grey)
    assert pixels(path)[0, :, 0].tolist() == [0, 0, 1, 128, 255]


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_32_bit_greyscale_is_stretched(tmp_path: Path, dtype: type) -> None:
    """Greyscale without a fixed range goes from its minimum to its maximum."""
    path = save(tmp_path / "a.tif", np.array([[1000, 1500, 2000]], dtype=dtype))
    assert pixels(path)[0, :, 1].tolist() == [0, 128, 255]


def test_a_constant_32_bit_image_is_black(tmp_path: Path) -> None:
    """An image without contrast cannot be stretched and divides nothing by zero."""
    assert not pixels(save(tmp_path / "a.tif", np.full((4, 4), 7, dtype=np.int32))).any()


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    """A NaN in a floating-point image is an error, not a colour."""
    path = save(tmp_path / "a.tif", np.array([[0, np.nan]], dtype=np.float32))
    with pytest.raises(ImageError, match="not finite"):
        load_rgb(str(path))


def test_transparency_is_laid_over_white(tmp_path: Path) -> None:
    """Invisible pixels turn white, whatever colour lies below; half visible ones mix."""
    rgba = np.array([[[9, 9, 9, 0], [0, 0, 0, 255], [0, 0, 0, 128]]], dtype=np.uint8)
    path = save(tmp_path / "a.png", rgba)
    assert pixels(path)[0, :, 0].tolist() == [255, 0, 127]


@pytest.mark.parametrize("transparency", [0, b"\x00\xff"])
def test_a_transparent_palette_entry_is_white(tmp_path: Path, transparency: object) -> None:
    """A palette's transparency counts, as one index or as a table (which Pillow warns about)."""
    image = PIL.Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 200, 0])
    image.putdata([0, 1])
    image.save(tmp_path / "a.png", transparency=transparency)
    assert pixels(tmp_path / "a.png").tolist() == [[[255, 255, 255], [0, 200, 0]]]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "CMYK"])
def test_every_common_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    """Bitmaps, greyscale, palettes and CMYK become RGB with black and white in place."""
    black_and_white = np.array([[[0, 0, 0], [255, 255, 255]]], dtype=np.uint8)
    suffix = "tif" if mode == "CMYK" else "png"
    path = save(tmp_path / f"a.{suffix}", black_and_white, mode)
    np.testing.assert_array_equal(pixels(path), black_and_white)


def test_an_adobe_cmyk_jpeg_has_its_colours(tmp_path: Path) -> None:
    """JPEG stores CMYK inverted; red stays red."""
    red = np.zeros((8, 8, 3), dtype=np.uint8)
    red[..., 0] = 255
    colour = pixels(save(tmp_path / "a.jpg", red, "CMYK"))[4, 4]
    assert colour[0] > 240
    assert colour[1] < 15


def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    """A JPEG that is named .png is an image."""
    data = io.BytesIO()
    PIL.Image.fromarray(GRADIENT).save(data, "JPEG")
    (tmp_path / "a.png").write_bytes(data.getvalue())
    assert pixels(tmp_path / "a.png").shape == GRADIENT.shape


def broken(reason: str) -> pytest.RaisesExc[ImageError]:
    """Expect an error of the image with this reason."""
    return pytest.raises(ImageError, match=reason)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    """A missing file, and a file below a file, do not exist."""
    (tmp_path / "file").touch()
    for path in (tmp_path / "a.png", tmp_path / "file" / "a.png"):
        for read in (load_rgb, fingerprint):
            with broken("the file does not exist"):
                read(str(path))


def test_a_folder_is_no_image(tmp_path: Path) -> None:
    """A folder named like an image is named as what it is."""
    with broken("a folder, not a file"):
        load_rgb(str(tmp_path))


def test_a_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    """A pipe would block the reader for ever."""
    os.mkfifo(tmp_path / "a.png")
    with broken("not a regular file"):
        load_rgb(str(tmp_path / "a.png"))


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    """A file of 0 bytes is empty, not merely no image."""
    (tmp_path / "a.png").touch()
    with broken("the file is empty"):
        load_rgb(str(tmp_path / "a.png"))


def test_a_text_named_png_is_no_image(tmp_path: Path) -> None:
    """Text is no image, whatever its name says."""
    (tmp_path / "a.png").write_text("hello")
    with broken("not a PNG, JPEG, WebP, BMP, TIFF, GIF, AVIF or JPEG 2000 image"):
        load_rgb(str(tmp_path / "a.png"))


def test_other_formats_are_not_even_tried(tmp_path: Path) -> None:
    """Pillow's rarer decoders stay out of reach."""
    save(tmp_path / "a.tga", GRADIENT)
    with broken("not a PNG"):
        load_rgb(str(tmp_path / "a.tga"))


@pytest.mark.parametrize("name", ["a.avif", "a.jp2", "a.gif"])
def test_what_phones_and_archives_write_is_read(tmp_path: Path, name: str) -> None:
    """AVIF, JPEG 2000 and GIF look as the picture that was saved."""
    smooth = np.linspace(0, 200, 48 * 64).astype(np.uint8).reshape(48, 64, 1).repeat(3, axis=2)
    save(tmp_path / name, smooth)
    read = np.asarray(load_rgb(str(tmp_path / name)), dtype=float)
    assert np.abs(read - smooth).mean() < 8


def test_of_an_animation_the_first_frame_is_read(tmp_path: Path) -> None:
    """What follows the first frame changes nothing."""
    frames = [PIL.Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert np.asarray(load_rgb(str(tmp_path / "a.gif")))[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("name", ["a.avif", "a.tif", "a.webp", "a.png"])
def test_of_several_frames_the_first_is_read(tmp_path: Path, name: str) -> None:
    """Animations of other formats and the pages of a TIFF are read as a GIF is."""
    frames = [PIL.Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    with PIL.Image.open(tmp_path / name) as image:
        assert image.n_frames == len(frames)
    red, *others = np.asarray(load_rgb(str(tmp_path / name)))[0, 0].tolist()
    assert red > 240
    assert max(others) < 15


def test_heic_is_read_where_the_extra_is(tmp_path: Path) -> None:
    """A phone's image looks as the picture that was saved, upright."""
    heif = pytest.importorskip("pillow_heif")
    smooth = np.linspace(0, 200, 48 * 64).astype(np.uint8).reshape(48, 64, 1).repeat(3, axis=2)
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    heif.from_pillow(PIL.Image.fromarray(smooth)).save(tmp_path / "a.heic", exif=exif.tobytes())
    read = np.asarray(load_rgb(str(tmp_path / "a.heic")), dtype=float)
    assert read.shape == (64, 48, 3)
    assert np.abs(read - np.rot90(smooth, -1)).mean() < 8


def test_heic_without_the_extra_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to install; AVIF of the same container is not meant."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(100))
    with broken(r"HEIC image, which needs the extra: pip install 'seedal-service\[heic\]'"):
        load_rgb(str(tmp_path / "a.jpg"))
    (tmp_path / "b.jpg").write_bytes(b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(100))
    with broken("not a PNG|truncated or broken"):
        load_rgb(str(tmp_path / "b.jpg"))


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
def test_a_truncated_heic_is_refused(tmp_path: Path, kept: float) -> None:
    """What is missing is no black stripe."""
    heif = pytest.importorskip("pillow_heif")
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), np.uint8)
    heif.from_pillow(PIL.Image.fromarray(noise)).save(tmp_path / "a.heic")
    content = (tmp_path / "a.heic").read_bytes()
    (tmp_path / "a.heic").write_bytes(content[: int(kept * len(content))])
    with broken("truncated or broken|not a PNG"):
        load_rgb(str(tmp_path / "a.heic"))


def test_a_small_file_of_a_huge_picture_is_refused(tmp_path: Path) -> None:
    """A bomb below the limit of pixels is seen by the size of its file, before it is decoded."""
    PIL.Image.new("L", (10_000, 10_000)).save(tmp_path / "a.png", compress_level=9)
    with broken("100,000,000 pixels in .* bytes, as no photograph has"):
        load_rgb(str(tmp_path / "a.png"))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "I;16", "I", "F"])
def test_strips_make_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Converted some rows at a time, an image is what it is when converted at once."""
    values = np.random.default_rng(0).integers(0, 255, (37, 11, 4), np.uint8)
    image = PIL.Image.fromarray(values, "RGBA")
    if mode not in {"RGBA", "LA"}:
        image = image.convert("L").convert("I").point(lambda v: v * 257)
    image = image.convert(mode)
    path = tmp_path / ("a.tif" if mode in {"I", "F"} else "a.png")
    image.save(path)
    whole = np.asarray(load_rgb(str(path)))
    monkeypatch.setattr(features.images.pixels, "_STRIP_PIXELS", 50)
    assert (np.asarray(load_rgb(str(path))) == whole).all()


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "tif", "webp"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_truncated_image_is_refused(tmp_path: Path, suffix: str, kept: float) -> None:
    """Half an image is no image: no grey lower half reaches the features."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = save(tmp_path / f"a.{suffix}", noise)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with broken("truncated|not a PNG"):
        load_rgb(str(path))


@pytest.fixture
def _small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow refuses above twice its limit: the ratio that the module relies on."""
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 100 // 2)


@pytest.mark.usefixtures("_small_limit")
def test_too_many_pixels_are_refused_and_the_limit_itself_is_fine(tmp_path: Path) -> None:
    """Exactly the limit decodes without a warning; one pixel more is an error."""
    assert pixels(save(tmp_path / "a.png", np.zeros((10, 10, 3), np.uint8))).shape == (10, 10, 3)
    with broken("more than 200,000,000 pixels"):
        load_rgb(str(save(tmp_path / "b.png", np.zeros((1, 101, 3), np.uint8))))


def test_the_limit_is_in_force() -> None:
    """Pillow's own limit is half of the documented one, for it refuses above twice its own."""
    assert features.images.pixels.MAX_PIXELS == 200_000_000
    assert PIL.Image.MAX_IMAGE_PIXELS == 100_000_000


def test_no_permission_to_open_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be opened is reported as that (simulated: root may open everything)."""
    path = save(tmp_path / "a.png", GRADIENT)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        with broken("no permission"):
            load_rgb(str(path))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", refuse)
        with broken("no permission"):
            fingerprint(str(path))


@pytest.mark.parametrize("uri", ["x" * 5000, "loop.png"])
def test_a_path_that_cannot_be_reached_says_why(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is too long and a link to itself are errors of the image."""
    monkeypatch.chdir(tmp_path)
    Path("loop.png").symlink_to("loop.png")
    with broken("cannot be reached"):
        load_rgb(uri)


def test_a_changed_file_changes_its_fingerprint(tmp_path: Path) -> None:
    """Size and time of change tell files apart; links resolve to the file they name."""
    path = save(tmp_path / "a.png", GRADIENT)
    link = tmp_path / "link.png"
    link.symlink_to(path)
    before = fingerprint(str(link))
    status = path.stat()
    assert before == (str(path.resolve()), status.st_size, status.st_mtime_ns)
    assert stat.S_ISLNK(link.lstat().st_mode)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert fingerprint(str(link)) != before


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("a/b.png", "a/b.png"),
        ("/a b%20.png", "/a b%20.png"),
        ("file:///a%20b.png", "/a b.png"),
        ("FILE://localhost/a?b#c.png", "/a?b#c.png"),
    ],
)
def test_paths_are_taken_as_they_are_and_uris_are_decoded(uri: str, path: str) -> None:
    """Percent escapes mean something in URIs only."""
    assert to_path(uri) == Path(path)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("s3://bucket/a.png", "only a local path or a file:// URI"),
        ("https://example.org/a.png", "only a local path or a file:// URI"),
        ("file://host/a.png", "absolute path on this machine"),
        ("file://a.png", "absolute path on this machine"),
        ("", "must not be empty"),
        ("a\0b", "NUL"),
        ("file:///a%00b", "NUL"),
        ("\ud800.png", "lone surrogates"),
    ],
)
def test_what_names_no_local_file_is_refused(uri: str, reason: str) -> None:
    """Other schemes, other hosts and impossible paths are errors."""
    with broken(reason):
        to_path(uri)


def test_threads_share_the_quiet_and_restore_the_filters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of two decoding threads ends last, the process has its warning filters back."""
    path = save(tmp_path / "a.png", GRADIENT)
    before = list(warnings.filters)
    inside, leave = threading.Event(), threading.Event()
    original = PIL.Image.open

    def hold(*args: object, **kwargs: object) -> PIL.Image.Image:
        inside.set()
        assert leave.wait(timeout=30)
        return original(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(PIL.Image, "open", hold)
        first = threading.Thread(target=load_rgb, args=(str(path),))
        first.start()
        assert inside.wait(timeout=30)
    load_rgb(str(path))
    assert warnings.filters != before
    leave.set()
    first.join()
    assert warnings.filters == before
