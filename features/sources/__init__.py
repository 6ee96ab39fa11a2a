"""Sources of scenes: a dataset's layout in, a :class:`features.sources.scenes.ScenePool` out.

::

    registry -> remote (a copy of a file that lies elsewhere)
             -> manifest | images | coco | semantic_kitti | ... -> pool -> record -> fields

A source reads names, sizes and headers, never pixels or points beyond what its costs need. The
readers are loaded when the first of them is used: what may be asked is known without them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from features.sources.options import SourceOptions

if TYPE_CHECKING:
    from features.sources.pool import build_pool
    from features.sources.record import parse_scene
    from features.sources.registry import (
        KINDS,
        Mistake,
        Mistakes,
        detect,
        open_source,
        open_upload,
        unfit_option,
    )

_MODULES: Final = {
    "build_pool": "pool",
    "parse_scene": "record",
    "Mistake": "registry",
    "Mistakes": "registry",
    **dict.fromkeys(("KINDS", "detect", "open_source", "open_upload", "unfit_option"), "registry"),
}

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


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
