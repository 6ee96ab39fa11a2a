"""Textures that repeat: what floors, walls and furniture are made of.

Every texture is a pure function of the position along the surface in metres.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from app.demo.geometry import Floats, Material
from app.demo.noise import Spot, lines, mix, noise, scatter

Texture = Callable[[Material, Spot], Floats]


def _plain(material: Material, spot: Spot) -> Floats:
    return mix(material, np.zeros_like(spot.u))


def _planks(material: Material, spot: Spot) -> Floats:
    wide, long = material.scale, material.scale * 9
    row = np.floor(spot.v / wide)
    along = spot.u + scatter(row, row, 1) * np.float32(long)
    tone = 0.88 + 0.24 * scatter(np.floor(along / long), row, 2)
    grain = noise(along * 4, spot.v * 60, 3) * 0.14 - 0.07
    grain *= np.clip(1.4 - spot.footprint * 60, 0, 1)
    seam = lines(spot.v, wide, 0.006, spot.footprint)
    return mix(material, np.maximum(seam, lines(along, long, 0.006, spot.footprint)), tone + grain)


def _tiles(material: Material, spot: Spot) -> Floats:
    edge = material.scale
    tone = 0.95 + 0.1 * scatter(np.floor(spot.u / edge), np.floor(spot.v / edge), 4)
    joint = max(0.008, 0.03 * edge)
    share = lines(spot.u, edge, joint, spot.footprint)
    return mix(material, np.maximum(share, lines(spot.v, edge, joint, spot.footprint)), tone)


def _checks(material: Material, spot: Spot) -> Floats:
    edge = material.scale
    odd = (np.floor(spot.u / edge) + np.floor(spot.v / edge)) % 2
    sharp = np.clip(1.5 - spot.footprint / edge, 0, 1)
    return mix(material, 0.5 + (odd - 0.5) * sharp)


def _carpet(material: Material, spot: Spot) -> Floats:
    edge = material.scale
    cell = scatter(np.floor(spot.u / edge), np.floor(spot.v / edge), 5)
    fade = np.clip(1.2 - spot.footprint * 40, 0, 1)
    pile = (noise(spot.u * 45, spot.v * 45, 6) - 0.5) * 0.35 * fade
    return mix(material, cell * np.float32(0.5), 1 + pile)


def _stripes(material: Material, spot: Spot) -> Floats:
    return mix(material, lines(spot.u, material.scale, material.scale / 2, spot.footprint))


def _bricks(material: Material, spot: Spot) -> Floats:
    tall, long = material.scale, material.scale * 3
    row = np.floor(spot.v / tall)
    along = spot.u + (row % 2) * np.float32(long / 2)
    tone = 0.82 + 0.36 * scatter(np.floor(along / long), row, 7)
    joint = np.maximum(
        lines(spot.v, tall, 0.014, spot.footprint), lines(along, long, 0.014, spot.footprint)
    )
    return mix(material, joint, np.asarray(tone * (1 - joint) + joint, np.float32))


def _terrazzo(material: Material, spot: Spot) -> Floats:
    chip = material.scale / 12
    chips = np.clip((noise(spot.u / chip, spot.v / chip, 8) - 0.62) * 8, 0, 1)
    chips *= np.clip(1.3 - spot.footprint / chip, 0.2, 1)
    slab = material.scale * 6
    joint = np.maximum(
        lines(spot.u, slab, 0.012, spot.footprint), lines(spot.v, slab, 0.012, spot.footprint)
    )
    return mix(material, chips, np.asarray(1 - 0.35 * joint, np.float32))


def _concrete(material: Material, spot: Spot) -> Floats:
    return mix(material, noise(spot.u * 1.7, spot.v * 1.7, 9))


def _leaves(material: Material, spot: Spot) -> Floats:
    share = noise(spot.u * 17, spot.v * 11, 21)
    return mix(material, share, 0.65 + 0.8 * noise(spot.u * 9, spot.v * 23, 22))


def _wainscot(material: Material, spot: Spot) -> Floats:
    """Draw the accent colour up to a height, a rail above it, base colour above the rail."""
    share = np.clip((material.scale - spot.v) / spot.footprint + 0.5, 0, 1)
    rail = np.clip((0.035 - np.abs(spot.v - material.scale)) / spot.footprint + 0.5, 0, 1)
    return mix(material, share, 1 - 0.25 * rail)


TEXTURES: Final[Mapping[str, Texture]] = MappingProxyType(
    {
        "plain": _plain,
        "planks": _planks,
        "tiles": _tiles,
        "checks": _checks,
        "carpet": _carpet,
        "stripes": _stripes,
        "bricks": _bricks,
        "terrazzo": _terrazzo,
        "concrete": _concrete,
        "leaves": _leaves,
        "wainscot": _wainscot,
    }
)
