"""What precision a setting means here, decided without loading torch where that can be."""

from typing import get_args

from features.backbones.catalogue import COLOUR_GRID
from features.backbones.compute import AUTO, CPU, FLOAT16, FLOAT32, Compute, Precision
from features.extra import features_extra


def resolve_precision(backbone: str, compute: Compute) -> Precision:
    """Return the precision that a backbone will compute with, without loading it.

    It is a part of the identity of vectors, for float16 gives slightly other ones. torch is loaded
    only where both device and precision are ``"auto"``.

    Parameters
    ----------
    backbone
        Its name. ``colour_grid`` has no network, and always gives the same.
    compute
        The settings.

    Raises
    ------
    BackboneError
        torch is needed and not installed.
    """
    if backbone == COLOUR_GRID:
        return FLOAT32
    for known in get_args(Precision):
        if compute.precision == known:
            return known  # type: ignore[no-any-return]  # get_args is not typed
    if compute.device != AUTO:
        return FLOAT32 if compute.device == CPU else FLOAT16
    with features_extra(backbone):
        import torch  # noqa: PLC0415  not in the base install
    return FLOAT16 if torch.cuda.is_available() else FLOAT32
