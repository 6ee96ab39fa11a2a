"""Frozen networks that turn images into vectors, behind one seam.

Nothing here loads torch or timm until a backbone that needs them is opened.
"""

from features.backbones.catalogue import BACKBONES
from features.backbones.compute import Compute, Precision, resolve_precision
from features.backbones.identity import Identity, identify, resolve_backbone
from features.backbones.loading import load_backbone, open_backbone
from features.backbones.protocol import Backbone, Token

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
