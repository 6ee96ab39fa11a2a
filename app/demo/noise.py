"""Points on surfaces, and the noise and lines that textures are drawn with."""

from dataclasses import dataclass

import numpy as np

from app.demo.geometry import Floats, Mask, Material


@dataclass(frozen=True, slots=True)
class Spot:
    """Points on surfaces of one material.

    Parameters
    ----------
    u, v
        Position along the surface in metres, shape (n,).
    footprint
        Width on the surface that one pixel covers, in metres, positive, shape (n,).
    width, height
        Extent of the surface in metres, shape (n,).
    """

    u: Floats
    v: Floats
    footprint: Floats
    width: Floats
    height: Floats

    def inside(self, margin: float) -> Floats:
        """Return 1 farther than a margin from the surface's border and 0 on it, filtered."""
        across = np.minimum(self.u, self.width - self.u)
        along = np.minimum(self.v, self.height - self.v)
        edge = np.minimum(across, along)
        return np.asarray(np.clip((edge - margin) / self.footprint + 0.5, 0, 1), np.float32)


def mix(material: Material, share: Floats, tone: Floats | float = 1.0) -> Floats:
    """Blend a material's two colours.

    Parameters
    ----------
    material
        Its base at share 0, its accent at share 1.
    share
        Shape (n,), in [0, 1].
    tone
        Factor on the brightness.

    Returns
    -------
    ndarray of float32, shape (3, n)
        Linear colour.
    """
    blend = np.empty((3, len(share)), np.float32)
    for k, (base, accent) in enumerate(zip(material.base, material.accent, strict=True)):
        np.multiply(share, np.float32(accent - base), out=blend[k])
        blend[k] += np.float32(base)
    blend *= tone
    return blend


def scatter(i: Floats, j: Floats, salt: int = 0) -> Floats:
    """Pseudo-random number of an integer lattice point.

    Parameters
    ----------
    i, j
        Whole numbers, shape (n,).
    salt
        Another salt gives independent numbers.

    Returns
    -------
    ndarray of float32, shape (n,)
        In [0, 1), the same on every run.
    """
    mixed = i.astype(np.int32).view(np.uint32) * np.uint32(374761393)
    mixed += j.astype(np.int32).view(np.uint32) * np.uint32(668265263)
    mixed += np.uint32(salt * 2654435 + 12345)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(1274126177)
    mixed ^= mixed >> np.uint32(16)
    return (mixed >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def noise(u: Floats, v: Floats, salt: int = 0) -> Floats:
    """Smooth value noise with a unit lattice.

    Parameters
    ----------
    u, v
        Positions, shape (n,).
    salt
        As in `scatter`.

    Returns
    -------
    ndarray of float32, shape (n,)
        In [0, 1].
    """
    i, j = np.floor(u), np.floor(v)
    p, q = u - i, v - j
    p, q = p * p * (3 - 2 * p), q * q * (3 - 2 * q)
    low = scatter(i, j, salt)
    low += (scatter(i + 1, j, salt) - low) * p
    high = scatter(i, j + 1, salt)
    high += (scatter(i + 1, j + 1, salt) - high) * p
    return np.asarray(low + (high - low) * q, np.float32)


def lines(coordinate: Floats, period: float, width: float, footprint: Floats) -> Floats:
    """Share of a pixel that parallel lines cover, box-filtered.

    Parameters
    ----------
    coordinate
        Position across the lines in metres, shape (n,).
    period, width
        Distance from line to line, and a line's width.
    footprint
        What a pixel covers, in metres, shape (n,).

    Returns
    -------
    ndarray of float32, shape (n,)
        In [0, 1]; far away it tends to zero, so lines fade and do not flicker.
    """
    distance = np.abs(coordinate - period * np.round(coordinate / period))
    reach, half = footprint / 2, np.float32(width / 2)
    overlap = np.minimum(distance + reach, half) - np.maximum(distance - reach, -half)
    return np.clip(overlap / footprint, 0, 1)


def within(value: Floats, low: float, high: float) -> Mask:
    """Return where values lie strictly between two bounds."""
    return np.asarray((value > low) & (value < high))
