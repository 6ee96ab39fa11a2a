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
_BLOCK: Final = re.compile(r"(.+)@(\d{1,3})", re.ASCII)


def split_block(name: str) -> tuple[str, int | None]:
    """Split a backbone's name into its network and the block where it ends.

    Parameters
    ----------
    name
        Such as ``dinov2_vits14@7``.

    Returns
    -------
    tuple[str, int or None]
        ``("dinov2_vits14", 7)``; no number where the whole network is meant. Blocks are numbered
        from 0, as timm does.
    """
    found = _BLOCK.fullmatch(name)
    return (name, None) if found is None else (found[1], int(found[2]))


def split_joined(name: str) -> tuple[str, ...]:
    """Split a backbone's name into those of the networks that are set side by side."""
    return tuple(name.split("+"))


def is_transformer(name: str) -> bool:
    """Return whether a name has the form of a vision transformer's, and so takes a checkpoint."""
    network, _ = split_block(name)
    return network in TIMM_VITS or _TIMM_NAME.fullmatch(network) is not None


def require_name(name: str, *others: str) -> None:
    """Check the form of a backbone's name.

    Parameters
    ----------
    name
        One of :data:`BACKBONES`, or ``timm/`` and a name of timm's, such as
        ``timm/vit_small_patch16_224.augreg_in1k``. After a vision transformer, ``@N`` may follow:
        the network as far as its block N, counted from 0. Several with ``+`` between them are set
        side by side. Whether timm knows a name, and whether a network has such a block, is found
        out at work.
    others
        Further names that will do.

    Raises
    ------
    BackboneError
        The name is none of these, or a network is set beside itself.
    """
    parts = split_joined(name)
    if len(parts) > 1:
        for part in parts:
            require_name(part)
        if len(set(parts)) < len(parts):
            message = f"{name}: a network is set beside itself"
            raise BackboneError(message)
        return
    network, block = split_block(name)
    is_vit = is_transformer(name)
    if block is not None and network in BACKBONES and not is_vit:
        message = f"{name}: {network} has no blocks to choose from; vision transformers have"
        raise BackboneError(message)
    if not is_vit and name not in {*others, *BACKBONES}:
        known = ", ".join((*others, *BACKBONES))
        message = f"unknown backbone {name!r}; known are {known}, and {TIMM_PREFIX}NAME"
        raise BackboneError(message)
