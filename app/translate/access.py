"""Names of files on the wire to paths that this server may read."""

from pathlib import Path

from app.errors import SourceRefusedError
from app.settings import Settings
from features.errors import ImageError
from features.images import to_path
from features.scenes import Pool


def permitted(uri: str, settings: Settings, pointer: str = "") -> Path:
    """Return the path that a URI or absolute path names.

    Parameters
    ----------
    uri
        As it was given.
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
        path = to_path(uri)
    except ImageError as error:
        raise SourceRefusedError(str(error), pointer) from error
    if not path.is_absolute():
        rule = f"{uri}: the path must be absolute."
        raise SourceRefusedError(rule, pointer)
    if not settings.may_read(path):
        rule = f"{uri} lies outside the folders that this server may read (SEEDAL_FILE_ROOTS)."
        raise SourceRefusedError(rule, pointer)
    return path


def require_permitted_images(pool: Pool, settings: Settings) -> None:
    """Refuse a pool that names an image which this server may not read.

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
                rule = f"Scene {scene.scene_id!r}: {error.detail}"
                raise SourceRefusedError(rule, "#/source") from error
