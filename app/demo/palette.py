"""The materials of the building, by what they are made of."""

from typing import Final

from app.demo.geometry import Material, colour


def solid(code: str) -> Material:
    """Return a plain material of an sRGB hex colour."""
    return Material(colour(code), colour(code))


def pattern(name: str, base: str, accent: str, scale: float, gloss: float = 0.0) -> Material:
    """Return a patterned material of two sRGB hex colours."""
    return Material(colour(base), colour(accent), name, scale, gloss=gloss)


def shining(name: str, base: str, accent: str, glow: float, scale: float = 1.0) -> Material:
    """Return a material that sends out light."""
    return Material(colour(base), colour(accent), name, scale, glow)


OAK: Final = pattern("planks", "c79a67", "7a5836", 0.11)
WALNUT: Final = pattern("planks", "7d583c", "4a3324", 0.1)
BIRCH: Final = solid("e3cfae")
WHITE: Final = solid("eeeeea")
GREY: Final = solid("9aa0a4")
STEEL: Final = solid("b4babd")
GRAPHITE: Final = solid("3a3f44")
BLACK: Final = solid("24272a")
CARDBOARD: Final = solid("c0966a")
LEAF: Final = pattern("leaves", "5d9350", "2f5f3a", 1.0)
CLAY: Final = solid("b8694a")
PORCELAIN: Final = Material(colour("f6f6f2"), colour("d8d8d4"), gloss=0.15)
SCREEN: Final = shining("screen", "24425f", "a9d3ee", 0.9)
LUMINAIRE: Final = shining("panel", "fffdf6", "b9b9b4", 2.6)
DAYLIGHT: Final = shining("window", "a9d0ee", "f3f6f4", 1.35, 1.2)
BOARD: Final = pattern("board", "f7f8f6", "2d4f8f", 1.0)
MIRROR: Final = Material(colour("9fb2b8"), colour("dfe7ea"), "panel", gloss=0.75)

PLASTER: Final = solid("e5e0d5")
CEILING_TILES: Final = pattern("tiles", "efeee9", "d3d1ca", 0.6)
CEILING_PLAIN: Final = solid("f1efe9")

FABRICS: Final = tuple(
    solid(c) for c in ("3f6a8a", "c4573f", "d39b3a", "5f7f5a", "6a5a86", "2f7f7c")
)
BINDERS: Final = pattern("books", "9a8f86", "3b352f", 0.055)
