"""The backbones that exist, by name. No library is loaded to know them."""

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
