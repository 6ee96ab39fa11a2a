"""Frozen networks that turn images into vectors, behind one seam.

Nothing here loads torch or timm until a backbone that needs them is opened; numpy, too, is loaded
by the first use of a name that needs it: which backbones there are is known without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from features.backbones.catalogue import BACKBONES
from features.backbones.compute import Compute, Precision, Token
from features.backbones.precision import resolve_precision

if TYPE_CHECKING:
    from features.backbones.identity import Identity, identify, resolve_backbone
    from features.backbones.loading import load_backbone, open_backbone
    from features.backbones.protocol import Backbone

_MODULES: Final = {
    **dict.fromkeys(("Identity", "identify", "resolve_backbone"), "identity"),
    **dict.fromkeys(("load_backbone", "open_backbone"), "loading"),
    "Backbone": "protocol",
}

__all__ = [
    "BACKBONES",
    "Backbone",
    "Compute",
    "Identity",
    "Precision",
    "Token",
    "identify",
    "load_backbone",
    "open_backbone",
    "resolve_backbone",
    "resolve_precision",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
