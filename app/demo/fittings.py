"""What every room has: lamps in the ceiling, a door, windows, pictures."""

from collections.abc import Iterable

from app.demo import palette
from app.demo.geometry import CEILING, FACE_AXES, Lamp, Patch, Vector, colour

WARM = colour("ffe3bd")
NEUTRAL = colour("fff6e8")
COOL = colour("eaf3ff")


def door(face: int, centre: float, code: str = "a9794f") -> Patch:
    """Return a door, 0.95 m x 2.1 m, in a wall."""
    leaf = palette.pattern("door", code, "efece4", 1.0)
    return Patch(face, (centre - 0.48, 0.0), (centre + 0.48, 2.12), leaf)


def windows(face: int, size: Vector, count: int, sill: float = 0.95) -> list[Patch]:
    """Return equal windows along a wall."""
    length, height = size[FACE_AXES[face // 2][0]], size[2]
    bay = length / count
    return [
        Patch(face, ((k + 0.12) * bay, sill), ((k + 0.88) * bay, height - 0.35), palette.DAYLIGHT)
        for k in range(count)
    ]


def poster(face: int, centre: float, base: str, accent: str, width: float = 0.7) -> Patch:
    """Return a framed print at eye level."""
    print_ = palette.pattern("poster", base, accent, 1.0)
    return Patch(face, (centre - width / 2, 1.15), (centre + width / 2, 1.15 + width * 1.3), print_)


def board(face: int, centre: float, width: float) -> Patch:
    """Return a white board."""
    return Patch(face, (centre - width / 2, 0.9), (centre + width / 2, 2.1), palette.BOARD)


def display(face: int, centre: float, width: float) -> Patch:
    """Return a large display or a projection."""
    tall = width * 0.56
    return Patch(face, (centre - width / 2, 1.1), (centre + width / 2, 1.1 + tall), palette.SCREEN)


def ceiling_lights(
    size: Vector, columns: int, rows: int
) -> tuple[tuple[Lamp, ...], tuple[Patch, ...]]:
    """Return a regular grid of luminaires, as lamps and as what is seen of them."""
    edge = (min(1.2, size[0] / columns * 0.5), min(0.6, size[1] / rows * 0.5))
    lamps = tuple(
        Lamp(((i + 0.5) * size[0] / columns, (j + 0.5) * size[1] / rows, size[2] - 0.01), edge)
        for i in range(columns)
        for j in range(rows)
    )
    return lamps, tuple(_seen(lamps))


def _seen(lamps: Iterable[Lamp]) -> Iterable[Patch]:
    """Yield the ceiling patches of lamps."""
    for lamp in lamps:
        (x, y, _), (w, d) = lamp.position, lamp.size
        yield Patch(CEILING, (x - w / 2, y - d / 2), (x + w / 2, y + d / 2), palette.LUMINAIRE)
