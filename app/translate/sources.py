"""A source as a request names it, to what the readers of sources take, if it may be read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.errors import InvalidRequestError
from app.settings import Settings
from app.translate.access import permitted, permitted_path
from features.errors import SourceError
from features.sources import SourceOptions, unfit_option


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
        ``scene_from`` is no rule, or an option is for other kinds of sources.
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
    if "uri" in source:
        return permitted(source["uri"], settings, "#/source/uri"), options
    return permitted_path(source["root"], settings, "#/source/root"), options
