"""The backbones that exist, by name. No library is loaded to know them."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from features.errors import BackboneError

DEFAULT: Final = "dino_vitb8"
"""The paper's backbone, used wherever its weights can be had."""

EFFICIENTNET_LITE: Final = "efficientnet_lite0"
COLOUR_GRID: Final = "colour_grid"

TIMM_VITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        DEFAULT: "vit_base_patch8_224.dino",
        "dino_vitb16": "vit_base_patch16_224.dino",
        "dino_vits8": "vit_small_patch8_224.dino",
        "dino_vits16": "vit_small_patch16_224.dino",
        "dinov2_vits14": "vit_small_patch14_dinov2.lvd142m",
        "dinov2_vitb14": "vit_base_patch14_dinov2.lvd142m",
        "dinov3_vits16": "vit_small_patch16_dinov3.lvd1689m",
        "dinov3_vitb16": "vit_base_patch16_dinov3.lvd1689m",
    }
)
"""Vision transformers: our name to timm's, which is also the name of its repository on the hub."""

BACKBONES: Final = (*TIMM_VITS, EFFICIENTNET_LITE, COLOUR_GRID)
"""The backbones with names of their own."""

TIMM_PREFIX: Final = "timm/"
"""Before the name that timm gives to any of its vision transformers."""

_TIMM_NAME: Final = re.compile(r"timm/\w+(\.\w+)?", re.ASCII)


def is_timm_name(name: str) -> bool:
    """Whether a name has the form ``timm/NAME``; whether timm knows it is found out at work."""
    return _TIMM_NAME.fullmatch(name) is not None


def require_name(name: str, *others: str) -> None:
    """Check the form of a backbone's name.

    Parameters
    ----------
    name
        One of :data:`BACKBONES`, or ``timm/`` and a name of timm's, such as
        ``timm/vit_small_patch16_224.augreg_in1k``.
    others
        Further names that will do.

    Raises
    ------
    BackboneError
        The name is none of these.
    """
    if name not in {*others, *BACKBONES} and not is_timm_name(name):
        known = ", ".join((*others, *BACKBONES))
        message = f"unknown backbone {name!r}; known are {known}, and {TIMM_PREFIX}NAME"
        raise BackboneError(message)
