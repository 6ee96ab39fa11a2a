"""Names of files on the wire to paths and URIs that this server may read."""

from pathlib import Path
from typing import Final

from app.errors import SourceRefusedError
from app.settings import Settings
from features.errors import StorageError, redacted
from features.files.paths import LINK_OUT
from features.sources.scenes import ScenePool
from features.storage.uris import is_remote, to_path

STRAY: Final = f"it {LINK_OUT}"
"""Why an image is not read whose name lies inside, as the end of a sentence."""


def permitted(name: str, settings: Settings, pointer: str = "") -> str:
    """Return the path or URI of a file that may be read.

    Parameters
    ----------
    name
        An absolute path or a URI, as it was given.
    settings
        Names the folders and URI prefixes that may be read.
    pointer
        Where in the request it stands.

    Raises
    ------
    SourceRefusedError
        As :func:`permitted_path`; or it is a remote URI that is malformed or lies under none of the
        permitted prefixes.
    """
    if not is_remote(name):
        return str(permitted_path(name, settings, pointer))
    try:
        allowed = settings.may_read_uri(name)
    except StorageError as error:
        raise SourceRefusedError(str(error), pointer) from error
    if not allowed:
        rule = (
            f"{redacted(name)} lies outside the URI prefixes that this server may read "
            "(SEEDAL_URL_ROOTS)."
        )
        raise SourceRefusedError(rule, pointer)
    return name


def permitted_path(name: str, settings: Settings, pointer: str = "") -> Path:
    """Return the path of a file or folder on this machine that may be read.

    Parameters
    ----------
    name
        An absolute path or a ``file://`` URI, as it was given.
    settings
        Names the folders that may be read.
    pointer
        Where in the request it stands.

    Raises
    ------
    SourceRefusedError
        It is no local file, is relative, or leaves the permitted folders when links are followed.
    """
    try:
        path = to_path(name)
    except StorageError as error:
        raise SourceRefusedError(str(error), pointer) from error
    if not path.is_absolute():
        rule = f"{name}: the path must be absolute."
        raise SourceRefusedError(rule, pointer)
    if not settings.may_read(path):
        rule = f"{name} lies outside the folders that this server may read (SEEDAL_FILE_ROOTS)."
        raise SourceRefusedError(rule, pointer)
    return path


def require_permitted_images(pool: ScenePool, settings: Settings) -> None:
    """Refuse a pool that names an image outside of what this server may read.

    A name inside that is a link to somewhere outside refuses nothing: that image alone is not
    read (`app.datasets.extraction`).

    Raises
    ------
    SourceRefusedError
        Names the scene and the image.
    """
    for scene in pool.scenes:
        for image in scene.images:
            try:
                permitted(image.uri, settings)
            except SourceRefusedError as error:
                if strays(image.uri, settings):
                    continue
                rule = f"Scene {scene.scene_id!r}: {error.detail}"
                raise SourceRefusedError(rule, "#/source") from error


def strays(name: str, settings: Settings) -> bool:
    """Tell whether a file that may not be read has a name that could be: links lead it astray."""
    try:
        return not is_remote(name) and settings.holds(to_path(name))
    except StorageError:
        return False
