"""From a backbone's name to the network, loaded."""

from pathlib import Path
from typing import Final

from features.backbones.catalogue import COLOUR_GRID, EFFICIENTNET_LITE
from features.backbones.colour_grid import ColourGrid
from features.backbones.compute import AUTO, FLOAT32, Compute
from features.backbones.identity import Identity, identify
from features.backbones.joined import Joined
from features.backbones.protocol import Backbone
from features.extra import features_extra

_DEFAULT: Final = Compute()


def load_backbone(
    name: str,
    *,
    weights: Path | None = None,
    weights_sha256: str | None = None,
    device: str = AUTO,
    precision: str = FLOAT32,
    compiled: bool = False,
) -> Backbone:
    """Find a backbone's weights and load it.

    Parameters
    ----------
    name, weights, weights_sha256
        See :func:`features.backbones.identity.identify`.
    device, precision, compiled
        See :class:`features.backbones.compute.Compute`.

    Raises
    ------
    BackboneError
        The name or the precision is unknown, a library is not installed, or the device is not
        available.
    WeightsError
        The weights are missing, cannot be fetched, cannot be read or do not fit.
    """
    identity = identify(name, weights=weights, weights_sha256=weights_sha256)
    return open_backbone(identity, Compute(device, precision, compiled))


def open_backbone(identity: Identity, compute: Compute = _DEFAULT) -> Backbone:
    """Load a backbone whose weights are found already.

    Parameters
    ----------
    identity
        From :func:`features.backbones.identity.identify`.
    compute
        Where and how it computes.

    Raises
    ------
    BackboneError
        A library is not installed, or the device is not available.
    WeightsError
        The weights cannot be read or do not fit.
    """
    if identity.parts:
        return Joined(identity, [open_backbone(part, compute) for part in identity.parts])
    if identity.name == COLOUR_GRID:
        return ColourGrid()
    with features_extra(identity.name):
        if identity.name == EFFICIENTNET_LITE:
            from features.backbones.efficientnet_lite import (  # noqa: PLC0415  loads torch
                EfficientnetLite,
            )

            return EfficientnetLite(identity, compute)
        from features.backbones.timm_vit import TimmVit  # noqa: PLC0415  loads torch

        return TimmVit(identity, compute)
