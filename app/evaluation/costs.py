"""What labelling an image costs, as the user says it.

=====================  ===========================================================================
``images``             1 an image
a pool's resource      ``pixels`` or ``segments`` of label PNGs, ``points`` of point clouds
``column:FILE:NAME``   the column NAME of a table with a column ``stem`` or ``image``: CSV with a
                       header, or JSON Lines (``.jsonl``, ``.ndjson``)
=====================  ===========================================================================

A scene costs the sum of its images' costs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation.cost_columns import read_column
from app.evaluation.errors import EvaluationError
from app.evaluation.labelled import LabelledPool

_IMAGES: Final = "images"
_COLUMN: Final = "column"


@dataclass(frozen=True, slots=True)
class Cost:
    """A way to say what labelling an image costs; see :func:`parse_cost`.

    Parameters
    ----------
    spec
        The user's text.
    resource
        What is paid for: ``images``, a pool's resource, or the column's name.
    table
        The file of the column, where there is one.
    """

    spec: str
    resource: str
    table: Path | None = None

    def per_image(self, pool: LabelledPool) -> dict[str, float]:
        """Return the cost of each image that may be chosen; finite and at least 0.

        Raises
        ------
        EvaluationError
            The pool has no such resource; the table breaks a rule or lacks an image.
        """
        if self.table is not None:
            return read_column(self.table, self.resource, pool.train)
        if self.resource == _IMAGES:
            return dict.fromkeys(pool.train, 1.0)
        if self.resource not in pool.resources:
            known = ", ".join((*pool.resources, _IMAGES))
            rule = f"{pool.name} has no such cost (it has {known}, and column:FILE:NAME)"
            raise EvaluationError(place=f"cost {self.spec!r}", rule=rule)
        return {stem: pool.cost(stem, self.resource) for stem in pool.train}


def parse_cost(spec: str) -> Cost:
    """Return the cost that a text describes, see the module; a file's name may hold colons.

    Raises
    ------
    EvaluationError
        The text is empty, or names no file or no column.
    """
    kind, colon, rest = spec.partition(":")
    if kind == _COLUMN:
        file, _, column = rest.rpartition(":")
        if not (file and column):
            raise EvaluationError(place=f"cost {spec!r}", rule="must be column:FILE:NAME")
        return Cost(spec, column, Path(file))
    if colon or not kind:
        rule = "must be pixels, segments, points, images or column:FILE:NAME"
        raise EvaluationError(place=f"cost {spec!r}", rule=rule)
    return Cost(spec, kind)


def scene_costs(
    scenes: Mapping[str, Sequence[str]], per_image: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return what each scene costs, in the scenes' order: the sum over its images."""
    return np.array([sum(per_image[stem] for stem in stems) for stems in scenes.values()])
