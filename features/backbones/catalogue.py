"""The backbones that exist, by name. No library is loaded to know them."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

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

ANY_TIMM_VIT: Final = "timm/NAME"
"""How any other vision transformer of timm's is named, for people."""

_TIMM: Final = re.compile(r"timm/([A-Za-z0-9_]+(?:\.[A-Za-z0-9_-]+)?)")


def is_known(name: str) -> bool:
    """Tell whether a name can be a backbone's; only timm can tell whether it has one so called."""
    return name in BACKBONES or _TIMM.fullmatch(name) is not None


def timm_name(name: str) -> str:
    """Return what timm, and its hub, call a vision transformer.

    Raises
    ------
    KeyError
        The name is not one of a vision transformer.
    """
    match = _TIMM.fullmatch(name)
    return TIMM_VITS[name] if match is None else match[1]
