"""How a source meets a row that breaks a rule: by default its reader stops there."""

from collections.abc import Callable
from typing import NoReturn

from features.errors import SourceError

Refuse = Callable[[SourceError, str | None], None]
"""Takes what is wrong and the scene's id, where the row has one; the row is then left out."""

GoOn = Callable[[], bool]
"""Asked before each scene of a manifest; where it is false, the rest is not read."""


def at_once(error: SourceError, scene_id: str | None) -> NoReturn:
    """Raise what is wrong: a source is taken as a whole or not at all."""
    del scene_id
    raise error


def always() -> bool:
    """Read a source to its end."""
    return True


def id_of(record: object) -> str | None:
    """Return the scene's id of a record, right or wrong, if it has one."""
    scene_id = record.get("scene_id") if isinstance(record, dict) else None
    return scene_id if isinstance(scene_id, str) else None
