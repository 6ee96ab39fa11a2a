"""From an objective and what is known of scenes to a problem that the solver bounds.

The formulas are those of `app.choosing.objectives`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.choosing.objectives import RECOMMENDED, require_objective
from app.errors import InvalidRequestError
from features.numeric import principal_axes, row_lengths, squared_distances
from features.signatures.model import Signatures
from solver.model.problem import AnyProblem, SignatureProblem
from solver.sets.base import MOST_ENTRIES
from solver.sets.coverage import CoverageProblem
from solver.sets.design import DesignProblem
from solver.sets.facility import FacilityProblem
from solver.sets.k_center import KCenterProblem
from solver.sets.sum import SumProblem

Floats = npt.NDArray[np.float64]

_ENOUGH: Final = 0.3
"""Of what a budget's worth of average scenes shows of a word, the part that half satisfies."""

_SPREAD: Final = 0.3
"""How much spread counts beside coverage, both as parts of the most there can be."""

_NOISE: Final = 0.1
"""Variance of what a scene tells, relative to what is unknown before."""

_FEW: Final = 10.0

_REDUNDANT: Final = 0.58
"""Redundancy from which a pool counts as redundant: the cuts of CamVid have 0.71 to 0.75, those of
LabelMeFacade 0.50 to 0.53 (``docs/seed-quality.md``)."""

_ONE_IMAGE: Final = 1.5
"""Images of a scene, in the median, below which scenes are single images."""

_DENSE: Final = 5_000
"""Scenes up to which n x n distances and words of every scene fit the solver's dense matrices."""

_PAIR: Final = 2
_COMPARED: Final = 5000
_LANDMARKS: Final = 1000
COMPONENTS: Final = 128
_FLAT: Final = 1e-10
_ROWS: Final = 4096


def build_problem(objective: str, scenes: Signatures, asked: dict[str, Any]) -> AnyProblem:
    """Return a question as the solver takes it.

    Parameters
    ----------
    objective
        A name of :data:`app.choosing.objectives.OBJECTIVES`.
    scenes
        What an objective may look at.
    asked
        Costs, budget, ids and constraints.

    Raises
    ------
    InvalidRequestError
        There is no such objective, or it needs what is not known of these scenes.
    InvalidProblemError
        A number breaks a rule of the solver.
    """
    name = require_objective(objective).name
    return _BUILDERS[resolve(scenes)[0] if name == RECOMMENDED else name](scenes, asked)


def resolve(scenes: Signatures) -> tuple[str, str]:
    """Return what ``recommended`` stands for in a pool, and a sentence that says why."""
    n = len(scenes.weights)
    if n > _DENSE:
        return "centred", f"The objective is centred: the pool has more than {_DENSE:,} scenes."
    share = redundancy(scenes.vectors)
    name = "coverage" if share >= _REDUNDANT and scenes.parts is not None else "k_center"
    return name, f"The objective is {name}: the pool's redundancy is {share:.2f}."


def is_single(scenes: Signatures) -> bool:
    """Return whether scenes are single images, seen part by part, that have no near twins."""
    parts = scenes.parts
    if parts is None:
        return False
    images = parts.amounts().sum(axis=1) / len(parts.sizes)
    pieces = float(np.median(np.diff(parts.offsets)))
    one_image = float(np.median(images)) < _ONE_IMAGE
    return one_image and pieces > 1 and redundancy(scenes.vectors) < _REDUNDANT


def _seedal(scenes: Signatures, asked: dict[str, Any]) -> AnyProblem:
    return SignatureProblem(weights=scenes.weights, vectors=scenes.vectors, **asked)


def _pairwise(scenes: Signatures, asked: dict[str, Any]) -> AnyProblem:
    ones = np.ones_like(scenes.weights)
    return SignatureProblem(weights=ones, vectors=scenes.vectors, **asked)


def _centred(scenes: Signatures, asked: dict[str, Any]) -> AnyProblem:
    ones = np.ones_like(scenes.weights)
    return SignatureProblem(weights=ones, vectors=directions(scenes.vectors), **asked)


def _facility_location(scenes: Signatures, asked: dict[str, Any]) -> AnyProblem:
    _require_workable(len(scenes.vectors), len(scenes.vectors))
    unit = directions(scenes.vectors)
    return FacilityProblem(similarities=np.clip(0.5 + 0.5 * (unit @ unit.T), 0.0, 1.0), **asked)


def _k_center(scenes: Signatures, asked: dict[str, Any]) -> AnyProblem:
    _require_workable(len(scenes.vectors), len(scenes.vectors))
    unit = directions(scenes.vectors)
    squared = squared_distances(unit, unit, lengths_first=True)
    np.fill_diagonal(squared, 0.0)
    return KCenterProblem(distances=np.sqrt(squared), **asked)


def _coverage(scenes: Signatures, asked: dict[str, Any]) -> CoverageProblem:
    if scenes.parts is None:
        detail = "Nothing is known of these scenes' parts, so coverage cannot be measured."
        raise InvalidRequestError(detail, "#/objective")
    _require_workable(scenes.parts.n, int(scenes.parts.sizes.sum()))
    amounts = scenes.parts.amounts()
    images = amounts.sum() / len(scenes.parts.sizes)
    shares = amounts.sum(axis=0) / images
    there = shares > 0
    amounts, shares = amounts[:, there], shares[there]
    # A seed has an image at least, also where all that it buys is free.
    enough = _ENOUGH * max(1.0, _expected(asked) * images)
    return CoverageProblem(
        amounts=amounts / (enough * shares),
        weights=shares / shares.sum(),
        **asked,
    )


def _require_workable(n: int, m: int) -> None:
    """Raise before a matrix is made that the solver would refuse, or memory would not hold."""
    if n * m > MOST_ENTRIES:
        detail = (
            f"This objective needs {n:,} x {m:,} numbers for {n:,} scenes; "
            f"up to {MOST_ENTRIES:,} can be worked with."
        )
        raise InvalidRequestError(detail, "#/objective")


def _expected(asked: dict[str, Any]) -> float:
    """Return the part of a pool that a budget buys of scenes of average cost."""
    total = float(asked["costs"].sum())
    return min(1.0, asked["budget"] / total) if total > 0 else 1.0


def _spread(scenes: Signatures, asked: dict[str, Any]) -> DesignProblem:
    n = len(scenes.vectors)
    _require_workable(n, min(n, COMPONENTS))
    return DesignProblem(factors=kernel_features(directions(scenes.vectors)), ridge=_NOISE, **asked)


def _balanced(scenes: Signatures, asked: dict[str, Any]) -> AnyProblem:
    # A scene unlike all others adds this much to the spread: so much times the number of scenes
    # that the budget buys is the most there is.
    most = np.log1p(1.0 / _NOISE) * max(_FEW, _expected(asked) * len(scenes.weights))
    return SumProblem(
        terms=(_coverage(scenes, asked), _spread(scenes, asked)),
        shares=np.array([1.0, _SPREAD / most]),
        **asked,
    )


_BUILDERS: Final[Mapping[str, Callable[[Signatures, dict[str, Any]], AnyProblem]]] = (
    MappingProxyType(
        {
            "seedal": _seedal,
            "pairwise": _pairwise,
            "centred": _centred,
            "facility_location": _facility_location,
            "k_center": _k_center,
            "coverage": _coverage,
            "spread": _spread,
            "balanced": _balanced,
        }
    )
)


def directions(vectors: Floats) -> Floats:
    """Return what tells each scene from the pool: its mean vector less the pool's, of length 1.

    All images of a pool have much in common (a street is a street), so cosines of plain features
    lie between 0.8 and 1 and differ by what matters least. A scene that is exactly the mean has no
    direction and keeps a zero vector.

    Parameters
    ----------
    vectors : (n, d)
    """
    centred = vectors - vectors.mean(axis=0)
    lengths = row_lengths(centred)
    floor = 1e-9 * max(1.0, float(lengths.max(initial=0.0)))
    far = lengths > floor
    units: Floats = np.zeros_like(centred)
    units[far] = centred[far] / lengths[far, np.newaxis]
    return units


def redundancy(vectors: Floats) -> float:
    """Return how much alike a pool's scenes are: the median cosine of a scene and its nearest.

    Frames of drives and rooms have near twins in their pool, single photos have not.

    Parameters
    ----------
    vectors : (n, d)
        Mean vectors of scenes. Of more than 5,000, evenly spaced ones are compared.
    """
    places = np.unique(np.linspace(0, len(vectors) - 1, _COMPARED).astype(np.int64))
    units = directions(vectors)[places]
    if len(units) < _PAIR:
        return 0.0
    alike = units @ units.T
    np.fill_diagonal(alike, -1.0)
    return float(np.median(alike.max(axis=1)))


def kernel_features(units: Floats) -> Floats:
    """Return vectors whose inner products are ``exp(-|u_i - u_j|^2 / h)``, h the median square.

    Nystrom's approximation from at most 1,000 scenes, evenly spaced, and 128 components of it
    (Williams and Seeger, NIPS 2000).

    Parameters
    ----------
    units : (n, d)

    Returns
    -------
    (n, r)
        r is at most 128.
    """
    n = len(units)
    marks = units[np.unique(np.linspace(0, n - 1, _LANDMARKS).astype(np.int64))]
    among = squared_distances(marks, marks, lengths_first=True)
    width = float(np.median(among[np.triu_indices(len(marks), 1)])) if len(marks) > 1 else 0.0
    width = width if width > _FLAT else 1.0  # most are the same: what is left is rounding
    values, axes = principal_axes(np.exp(-among / width), COMPONENTS, relative=_FLAT)
    to_features = axes / np.sqrt(values)
    blocks = []
    for start in range(0, n, _ROWS):
        squared = squared_distances(units[start : start + _ROWS], marks, lengths_first=True)
        blocks.append(np.exp(-squared / width) @ to_features)
    return np.concatenate(blocks)
