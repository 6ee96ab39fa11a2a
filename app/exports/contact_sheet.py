"""A contact sheet: scenes as numbered picture tiles on one page, drawn with Pillow alone."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from app.exports.seed import ExportableSeed
from features.errors import ImageError
from features.readers.previews import picture

MOST_TILES: Final = 96

_PICTURE: Final = (320, 240)
_LABEL: Final = 62
_GAP: Final = 20
_MARGIN: Final = 40
_HEADER: Final = 104
_FOOTER: Final = 48
_NARROWEST: Final = 2
_WIDEST: Final = 8

_PAGE: Final = "#f3f4f6"
_CARD: Final = "#ffffff"
_RIM: Final = "#dfe3e8"
_INK: Final = "#17202b"
_QUIET: Final = "#5d6977"
_ACCENT: Final = "#1f5fbf"
_MISSING: Final = "#d4d9df"

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Tile:
    """One scene of the sheet.

    Parameters
    ----------
    images
        Paths or ``file://`` URIs; four or more make a mosaic of four, fewer show the first.
    caption
        Usually the scene's id; shortened in the middle where it is too long.
    detail
        A second line, for example ``"61,234 points"``.
    """

    images: tuple[str, ...]
    caption: str
    detail: str


def seed_sheet(seed: ExportableSeed) -> dict[str, bytes]:
    """Return ``contact_sheet.png``."""
    chosen, _ = seed.split()
    unit = seed.resource
    tiles = [
        Tile(tuple(i.uri for i in scene.images), scene.scene_id, f"{scene.cost:,.10g} {unit}")
        for scene in chosen
    ]
    spent = sum(scene.cost for scene in chosen)
    limit = seed.summary["budget"]["limit"]
    title = f"{len(chosen)} of {len(seed.scenes)} scenes to label first"
    subtitle = f"{spent:,.10g} of {limit:,.10g} {unit}"
    return {"contact_sheet.png": contact_sheet_png(tiles, title=title, subtitle=subtitle)}


def contact_sheet(tiles: Sequence[Tile], *, title: str, subtitle: str) -> Image.Image:
    """Draw scenes in their order, numbered from 1.

    Parameters
    ----------
    tiles
        The first `MOST_TILES` are drawn, the number of the others is written below.
    title, subtitle
        The page's heading.

    Returns
    -------
    PIL.Image.Image
        RGB. An image that cannot be read becomes a grey field that says so.
    """
    shown = tiles[:MOST_TILES]
    columns = min(max(math.ceil(math.sqrt(1.2 * len(shown))), _NARROWEST), _WIDEST)
    rows = math.ceil(len(shown) / columns)
    step_x, step_y = _PICTURE[0] + _GAP, _PICTURE[1] + _LABEL + _GAP
    omitted = len(tiles) - len(shown)
    width = 2 * _MARGIN + columns * step_x - _GAP
    height = _HEADER + rows * step_y + (_FOOTER if omitted else _MARGIN - _GAP)
    page = Image.new("RGB", (width, height), _PAGE)
    draw = ImageDraw.Draw(page)
    inside = width - 2 * _MARGIN
    _write(draw, (_MARGIN, 28), title, 30, _INK, inside)
    _write(draw, (_MARGIN, 68), subtitle, 17, _QUIET, inside)
    for index, tile in enumerate(shown):
        row, column = divmod(index, columns)
        corner = (_MARGIN + column * step_x, _HEADER + row * step_y)
        page.paste(_card(tile, index + 1), corner)
    if omitted:
        below = (_MARGIN, height - _FOOTER + 6)
        _write(draw, below, f"+ {omitted:,} more", 18, _QUIET, inside)
    return page


def contact_sheet_png(tiles: Sequence[Tile], *, title: str, subtitle: str) -> bytes:
    """Return `contact_sheet` as a PNG file.

    Parameters
    ----------
    tiles, title, subtitle
        As in `contact_sheet`.

    Returns
    -------
    bytes
        The same input gives the same bytes.
    """
    stream = io.BytesIO()
    contact_sheet(tiles, title=title, subtitle=subtitle).save(stream, "PNG", optimize=False)
    return stream.getvalue()


def _card(tile: Tile, rank: int) -> Image.Image:
    """Return a tile: pictures, a badge with its rank, and two lines of text."""
    width, height = _PICTURE[0], _PICTURE[1] + _LABEL
    card = Image.new("RGB", (width, height), _CARD)
    card.paste(_mosaic(tile.images), (0, 0))
    draw = ImageDraw.Draw(card)
    _write(draw, (14, _PICTURE[1] + 9), tile.caption, 19, _INK, width - 28)
    _write(draw, (14, _PICTURE[1] + 35), tile.detail, 15, _QUIET, width - 28)
    draw.rectangle((0, 0, width - 1, height - 1), outline=_RIM)
    badge = _badge(rank)
    card.paste(badge, (10, 10), badge)
    return card


def _badge(rank: int) -> Image.Image:
    """Return a rank in a pill, drawn large and reduced for smooth edges."""
    width, height, finer = 22 + 9 * len(str(rank)), 30, 4
    badge = Image.new("RGBA", (width * finer, height * finer))
    draw = ImageDraw.Draw(badge)
    box = (0, 0, width * finer - 1, height * finer - 1)
    draw.rounded_rectangle(box, height * finer / 2, fill=_ACCENT)
    middle = (width * finer / 2, height * finer / 2)
    draw.text(middle, str(rank), fill=_CARD, font=_font(17 * finer), anchor="mm")
    return badge.resize((width, height), Image.Resampling.LANCZOS)


def _mosaic(images: tuple[str, ...]) -> Image.Image:
    """Return four pictures, or one, on the area of one picture."""
    width, height = _PICTURE
    if len(images) < 4:  # noqa: PLR2004 (a mosaic is two by two)
        return _picture(images[0], _PICTURE) if images else _blank("no image", _PICTURE)
    mosaic = Image.new("RGB", _PICTURE, _CARD)
    half = (width // 2 - 1, height // 2 - 1)
    # Pictures come in the order they were taken: evenly spaced ones differ most.
    spaced = [images[k * len(images) // 4] for k in range(4)]
    for index, uri in enumerate(spaced):
        row, column = divmod(index, 2)
        mosaic.paste(_picture(uri, half), (column * (half[0] + 2), row * (half[1] + 2)))
    return mosaic


def _picture(uri: str, size: tuple[int, int]) -> Image.Image:
    """Return an image cropped to a size, or a field that says that it cannot be read."""
    try:
        return Image.fromarray(picture(uri, size))
    except ImageError:
        return _blank("unreadable image", size)


def _blank(message: str, size: tuple[int, int]) -> Image.Image:
    field = Image.new("RGB", size, _MISSING)
    middle = (size[0] / 2, size[1] / 2)
    ImageDraw.Draw(field).text(middle, message, fill=_QUIET, font=_font(15), anchor="mm")
    return field


def _write(
    draw: ImageDraw.ImageDraw,
    corner: tuple[float, float],
    text: str,
    size: int,
    ink: str,
    width: float,
) -> None:
    """Write one line, shortened in the middle until it fits."""
    font = _font(size)
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    kept = len(line)
    while kept > 1 and draw.textlength(_shortened(line, kept), font=font) > width:
        kept -= 1
    draw.text(corner, _shortened(line, kept), fill=ink, font=font)


def _shortened(text: str, kept: int) -> str:
    """Return a text, or as many of its first and last characters around an ellipsis."""
    if kept >= len(text):
        return text
    head = (kept + 1) // 2
    return text[:head] + "\N{HORIZONTAL ELLIPSIS}" + text[len(text) - (kept - head) :]


@cache
def _font(size: int) -> _Font:
    """Return the font that comes with Pillow."""
    return ImageFont.load_default(size=size)
