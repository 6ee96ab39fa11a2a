"""Textures that are drawn once over a whole surface: doors, windows, boards, book rows.

Positions inside a drawing are shares of its width and height.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from app.demo.geometry import Floats, Mask, Material
from app.demo.noise import Spot, lines, mix, noise, scatter, within
from app.demo.textures import Texture

_TREES: Final = (0.10, 0.19, 0.08)
_FRAME: Final = (0.34, 0.34, 0.33)
_GLASS: Final = (0.22, 0.30, 0.34)
_HANDLE: Final = (0.55, 0.55, 0.53)


def _solid(code: tuple[float, float, float] | float) -> Floats:
    """Return a colour that broadcasts against (3, n)."""
    return np.broadcast_to(np.asarray(code, np.float32), 3).reshape(3, 1)


def _over(picture: Floats, cover: Floats, code: tuple[float, float, float] | float) -> Floats:
    """Lay a colour over a picture where the cover says so."""
    return np.asarray(picture + (_solid(code) - picture) * cover, np.float32)


def _share(mask: Mask) -> Floats:
    return mask.astype(np.float32)


def _fronts(material: Material, spot: Spot) -> Floats:
    """Draw cupboard doors: joints at equal distances and a handle beside each."""
    edge = material.scale
    joint = np.maximum(lines(spot.u, edge, 0.012, spot.footprint), 1 - spot.inside(0.012))
    handle = lines(spot.u - 0.12 * edge, edge, 0.025, spot.footprint)
    handle *= within(spot.v / spot.height, 0.48, 0.72)
    return mix(material, np.maximum(joint, handle))


def _books(material: Material, spot: Spot) -> Floats:
    """Draw spines of changing height and colour in front of a dark shelf."""
    spine = np.floor(spot.u / material.scale)
    tall = 0.62 + 0.36 * scatter(spine, spine, 11)
    hue = np.stack([scatter(spine, spine, salt) for salt in (12, 13, 14)])
    spines = _solid(material.base) * (0.35 + 1.1 * hue)
    gap = np.maximum(
        lines(spot.u, material.scale, 0.008, spot.footprint), _share(spot.v > tall * spot.height)
    )
    return _over(spines, gap, material.accent)


def _window(material: Material, spot: Spot) -> Floats:
    """Draw sky over distant trees, behind a frame with a mullion per `scale` metres."""
    rise = spot.v / spot.height
    trees = 0.2 + 0.16 * noise(spot.u * 2.2, spot.u * 0, 15)
    sky = mix(material, np.clip(1.25 - 1.25 * rise, 0, 1))
    edge = np.clip((trees - rise) * spot.height / spot.footprint + 0.5, 0, 1)
    view = _over(sky, edge, _TREES)
    bars = np.maximum(lines(spot.u, material.scale, 0.05, spot.footprint), 1 - spot.inside(0.06))
    across = np.clip((0.025 - np.abs(spot.v - 0.72 * spot.height)) / spot.footprint + 0.5, 0, 1)
    return _over(view, np.maximum(bars, across), _FRAME)


def _door(material: Material, spot: Spot) -> Floats:
    """Draw a leaf in a frame, with a handle and a small pane."""
    u, v = spot.u / spot.width, spot.v / spot.height
    grain = 0.94 + 0.12 * noise(spot.u * 30, spot.v * 2, 16)
    leaf = mix(material, 1 - spot.inside(0.07), grain)
    leaf = _over(leaf, _share(within(u, 0.34, 0.66) & within(v, 0.6, 0.85)), _GLASS)
    return _over(leaf, _share(within(u, 0.8, 0.9) & within(v, 0.46, 0.485)), _HANDLE)


def _board(material: Material, spot: Spot) -> Floats:
    """Draw a white board with hand-writing in the accent colour."""
    row = np.floor(spot.v / 0.14)
    along = spot.u / spot.width
    reach = 0.25 + 0.55 * scatter(row, row, 17)
    written = (scatter(row, row, 18) > 0.35) & (along < reach) & within(along, 0.08, 1)  # noqa: PLR2004 (two rows of three)
    stroke = within(noise(spot.u * 40, spot.v * 26, 19), 0.55, 1) & within(spot.v % 0.14, 0, 0.07)
    ink = written & stroke & (spot.v < spot.height - 0.12)
    return _over(mix(material, _share(ink) * np.float32(0.8)), 1 - spot.inside(0.03), 0.3)


def _poster(material: Material, spot: Spot) -> Floats:
    """Draw an abstract print: a sun over waves, in a thin frame."""
    u, v = spot.u / spot.width - 0.5, spot.v / spot.height
    distance = np.hypot(u * spot.width, (v - 0.66) * spot.height)
    disc = np.clip((0.22 * spot.width - distance) / spot.footprint + 0.5, 0, 1)
    crest = 0.34 + 0.05 * np.sin(u * 14) + 0.03 * np.sin(u * 33)
    waves = np.clip((crest - v) * spot.height / spot.footprint + 0.5, 0, 1)
    print_ = mix(material, np.maximum(disc, waves * np.float32(0.85)), 1 - 0.25 * waves)
    return _over(print_, 1 - spot.inside(0.035), 0.05)


def _screen(material: Material, spot: Spot) -> Floats:
    """Draw a display: a bar at the top, lines of text and a block beside them."""
    u, v = spot.u / spot.width, spot.v / spot.height
    row = np.floor(v * 9)
    reach = 0.3 + 0.4 * scatter(row, row, 20)
    text = within(v, 0, 0.78) & within(v * 9 % 1, 0, 0.45) & within(u, 0.08, 1) & (u < reach)
    block = within(u, 0.68, 0.93) & within(v, 0.15, 0.7)
    return mix(material, _share(text | block | within(v, 0.88, 1)))


def _panel(material: Material, spot: Spot) -> Floats:
    """Draw an even surface in a rim of the accent colour."""
    return mix(material, 1 - spot.inside(0.03))


DRAWINGS: Final[Mapping[str, Texture]] = MappingProxyType(
    {
        "fronts": _fronts,
        "books": _books,
        "window": _window,
        "door": _door,
        "board": _board,
        "poster": _poster,
        "screen": _screen,
        "panel": _panel,
    }
)
