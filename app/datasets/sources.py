"""A source as a request names it, to what the readers of sources take, if it may be read.

A manifest that was uploaded is named ``upload:`` and its file's name, a hash of the content:
whoever knows it has had the file.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from app.access.files import permitted, permitted_path
from app.errors import InvalidRequestError
from app.settings import Settings
from app.store.artifacts import Artifacts
from features.errors import SourceError
from features.sources import SourceOptions, open_source, open_upload, unfit_option
from features.sources.scenes import ScenePool

UPLOAD: Final = "upload:"
_NAME: Final = re.compile(r"[0-9a-f]{64}\.(jsonl|csv|parquet)")


def located(
    source: Mapping[str, Any], resource: str | None, settings: Settings
) -> tuple[str | Path, SourceOptions]:
    """Return the root of a source and what its files do not tell.

    Parameters
    ----------
    source
        Members of a request's ``source``: ``kind``, ``uri`` or ``root``, and options.
    resource
        What budgets limit.
    settings
        Name the places that may be read.

    Raises
    ------
    SourceRefusedError
        It lies where this server may not read.
    InvalidRequestError
        ``scene_from`` is no rule, an option is for other kinds of sources, or nothing of this name
        was uploaded.
    """
    images_root = source.get("images_root")
    try:
        options = SourceOptions(
            images_root=(
                None
                if images_root is None
                else permitted_path(images_root, settings, "#/source/images_root")
            ),
            split=source.get("split", "all"),
            scene_from=source.get("scene_from"),
            unit=source.get("unit", "scene"),
            resource=resource,
        )
    except SourceError as error:
        raise InvalidRequestError(str(error), f"#/source/{error.place}") from error
    unfit = unfit_option(source["kind"], options)
    if unfit is not None:
        rule = f"A source of kind {source['kind']} has no option {unfit}."
        raise InvalidRequestError(rule, f"#/source/{unfit}")
    if source.get("uri", "").startswith(UPLOAD):
        return _uploaded(source["uri"], settings), options
    if "uri" in source:
        return permitted(source["uri"], settings, "#/source/uri"), options
    return permitted_path(source["root"], settings, "#/source/root"), options


def read_source(
    kind: str, root: str | Path, options: SourceOptions, settings: Settings
) -> ScenePool:
    """Read a source that :func:`located` has found.

    Raises
    ------
    features.errors.SourceError
        It breaks a rule.
    """
    if Path(root).parent == settings.uploads_dir:
        return open_upload(Path(root), f"{UPLOAD}{Path(root).name}", options)
    return open_source(kind, root, options)


def _uploaded(uri: str, settings: Settings) -> Path:
    name = uri.removeprefix(UPLOAD)
    path = settings.uploads_dir / name
    if not _NAME.fullmatch(name) or not (
        Artifacts(settings.data_dir, settings.artifacts_url).fetch(path).is_file()
    ):
        rule = f"{uri[:100]} was not uploaded here; POST /v1/manifests gives out such URIs."
        raise InvalidRequestError(rule, "#/source/uri")
    return path
