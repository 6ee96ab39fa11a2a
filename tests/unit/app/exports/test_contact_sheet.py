import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.exports.contact_sheet import MOST_TILES, Tile, contact_sheet, contact_sheet_png

COLOURS = ("#d01010", "#10d010", "#1010d0", "#d0d010", "#d010d0", "#10d0d0")


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[str, ...]:
    """Return six image files, each of one colour."""
    paths = []
    for index, code in enumerate(COLOURS):
        path = tmp_path / f"{index}.png"
        Image.new("RGB", (40, 30), code).save(path)
        paths.append(str(path))
    return tuple(paths)


def shows(sheet: Image.Image, code: str) -> bool:
    """Whether some pixel has exactly a colour."""
    wanted = tuple(int(code[k : k + 2], 16) for k in (1, 3, 5))
    return bool((np.asarray(sheet) == wanted).all(axis=2).any())


def sheet_of(*tiles: Tile, title: str = "Title", subtitle: str = "Subtitle") -> Image.Image:
    """Draw a sheet of tiles."""
    return contact_sheet(tiles, title=title, subtitle=subtitle)


def test_four_evenly_spaced_images_make_a_mosaic(pictures: tuple[str, ...]) -> None:
    """Of six images the first, second, fourth and fifth are shown."""
    sheet = sheet_of(Tile(pictures, "room", "1 point"))
    assert [shows(sheet, code) for code in COLOURS] == [True, True, False, True, True, False]


def test_fewer_images_show_the_first(pictures: tuple[str, ...]) -> None:
    """Up to three images are represented by the first, in full size."""
    sheet = sheet_of(Tile(pictures[:3], "room", "1 point"))
    assert [shows(sheet, code) for code in COLOURS[:3]] == [True, False, False]


@pytest.mark.parametrize("images", [("missing.png",), ("missing.png",) * 4, ()])
def test_unreadable_or_absent_images_become_a_grey_field(images: tuple[str, ...]) -> None:
    """A tile without a readable picture is drawn all the same."""
    assert shows(sheet_of(Tile(images, "room", "1 point")), "#d4d9df")


def test_text_file_named_png_becomes_a_grey_field(tmp_path: Path) -> None:
    """A file that is no image does not stop the sheet."""
    (tmp_path / "a.png").write_text("not an image")
    assert shows(sheet_of(Tile((str(tmp_path / "a.png"),), "room", "x")), "#d4d9df")


@pytest.mark.parametrize("count", [0, 1, 2, 7, MOST_TILES, MOST_TILES + 1, 500])
def test_any_number_of_tiles_fits(count: int) -> None:
    """The page grows up to a limit of tiles and then only says how many more there are."""
    sheet = sheet_of(*[Tile((), f"scene {k}", "1 point") for k in range(count)])
    full = sheet_of(*[Tile((), f"scene {k}", "1 point") for k in range(MOST_TILES)])
    assert sheet.width <= full.width
    footer = 28 if count > MOST_TILES else 0
    assert sheet.height <= full.height + footer


def test_sheet_says_how_many_scenes_are_not_shown() -> None:
    """One scene more than fits changes the picture below the last row."""
    tiles = [Tile((), "scene", "1 point")] * (MOST_TILES + 3)
    three, two = (np.asarray(sheet_of(*tiles[: MOST_TILES + k]))[-40:] for k in (3, 2))
    assert (three != two).any()


@pytest.mark.parametrize(
    "text", ["x" * 400, "Floor_1/" + "long_" * 40 + "end", "", "a\nb\u202e\x00c", "办公室/三"]
)
def test_any_text_is_drawn_within_its_tile(text: str) -> None:
    """Long, empty, hostile or foreign ids neither fail nor run into the margin."""
    sheet = np.asarray(sheet_of(Tile((), text, text), title=text, subtitle=text))
    page = sheet[2, 2]
    assert (sheet[:, -30:] == page).all()


def test_png_is_the_sheet_and_repeatable(pictures: tuple[str, ...]) -> None:
    """The bytes are a PNG of the same pixels, the same on every call."""
    tiles = [Tile(pictures, "room", "1 point")]
    first = contact_sheet_png(tiles, title="a", subtitle="b")
    assert first == contact_sheet_png(tiles, title="a", subtitle="b")
    with Image.open(io.BytesIO(first)) as image:
        assert image.format == "PNG"
        expected = contact_sheet(tiles, title="a", subtitle="b")
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))
