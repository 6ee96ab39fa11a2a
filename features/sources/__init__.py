"""Sources of scenes: a dataset's layout in, a :class:`features.sources.scenes.ScenePool` out.

::

    registry -> remote (a copy of a file that lies elsewhere)
             -> manifest | images | coco | semantic_kitti | ... -> pool -> record -> fields

A source reads names, sizes and headers, never pixels or points beyond what its costs need.
"""

from features.sources.mistakes import Mistake, Mistakes
from features.sources.options import SourceOptions
from features.sources.pool import build_pool
from features.sources.record import parse_scene
from features.sources.registry import KINDS, detect, open_source, open_upload, unfit_option

__all__ = [
    "KINDS",
    "Mistake",
    "Mistakes",
    "SourceOptions",
    "build_pool",
    "detect",
    "open_source",
    "open_upload",
    "parse_scene",
    "unfit_option",
]
