"""What a hint makes of a question: tasks that its labelled images teach."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from app.choosing.objectives import RECOMMENDED, require_objective
from app.errors import ConflictError, InvalidRequestError
from features.errors import VectorsError
from features.pseudo_tasks import LabelledCells, PseudoTasks, stored_tasks, taught
from features.pseudo_tasks.hints import read_cells

TOKEN: Final = "patches"  # noqa: S105  which vectors, no secret
NEEDS: Final = (
    f"A hint needs a pool that is described by {TOKEN} of a network, with parts to tell apart."
)

_POINTER: Final = "#/hint"


def require_hintable(objective: str) -> None:
    """Refuse a hint for an objective that takes none.

    Raises
    ------
    InvalidRequestError
        It is not `recommended`.
    """
    if require_objective(objective).name != RECOMMENDED:
        detail = f"A hint is for the objective {RECOMMENDED}, not for {objective}."
        raise InvalidRequestError(detail, _POINTER)


def teach(tasks: PseudoTasks | None, cells: Sequence[LabelledCells]) -> PseudoTasks:
    """Return the tasks that a hint makes of a pool's parts.

    Raises
    ------
    InvalidRequestError
        The pool has no parts to tell apart, or the images show too little.
    """
    if tasks is None:
        raise InvalidRequestError(NEEDS, _POINTER)
    try:
        return taught(tasks, cells)
    except VectorsError as error:
        detail = f"The hint cannot be used: {error}."
        raise InvalidRequestError(detail, _POINTER) from error


class Lesson(NamedTuple):
    """What a stored hint makes of a stored pool.

    Parameters
    ----------
    tasks
        Of the pool's parts.
    notes
        Sentences on what the hint cannot teach.
    """

    tasks: PseudoTasks
    notes: tuple[str, ...]


@lru_cache(maxsize=2)
def lesson(signatures: Path, cells: Path) -> Lesson:
    """Return what a stored hint makes of a stored pool; the paths' content never changes.

    Raises
    ------
    InvalidRequestError
        See :func:`teach`.
    ConflictError
        The file of the hint is gone, or damaged.
    """
    try:
        images, notes = read_cells(cells)
    except VectorsError as error:
        detail = f"What was known of the hint is gone ({error}); upload the hint again."
        raise ConflictError(detail) from error
    return Lesson(teach(stored_tasks(signatures), images), notes)
