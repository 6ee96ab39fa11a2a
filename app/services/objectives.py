"""What a seed can maximise: from what is known of the scenes to a problem that the solver bounds.

Each objective states its formula and its source; ``docs/seed-quality.md`` says which one to take.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from app.errors import InvalidRequestError
from features.parts import Parts
from solver.problem import AnyProblem, SignatureProblem
from solver.sets.coverage import CoverageProblem, Saturation
from solver.sets.facility import FacilityProblem
from solver.sets.k_center import KCenterProblem

Floats = npt.NDArray[np.float64]

DEFAULT: Final = "coverage"
"""What is recommended, by the evidence of ``docs/seed-quality.md``."""

_SATURATION: Final = 1.0
"""Images' worth of what a word has on average, of which a seed is half satisfied."""
_RARE: Final = 0.5
"""Power of a word's share of the pool that it counts with: 1 is as often as it is seen, 0 as much
as any other word."""


class Scenes(Protocol):
    """What an objective may look at."""

    @property
    def weights(self) -> Floats:
        """SeedAL's ``1 - intra``, shape (n,)."""

    @property
    def vectors(self) -> Floats:
        """Mean of each scene's unit centres, shape (n, d)."""

    @property
    def parts(self) -> Parts | None:
        """What the scenes show; None where only directions are known."""


Build = Callable[[Scenes, dict[str, Any]], AnyProblem]
"""Makes the problem; the dict holds costs, budget, ids and constraints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """Something that a seed can maximise.

    Parameters
    ----------
    name
        As users write it.
    description
        One sentence for users.
    formula
        What is maximised, S being the seed.
    source
        Where it comes from.
    build
        Makes the solver's problem.
    """

    name: str
    description: str
    formula: str
    source: str
    build: Build


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
    lengths = np.sqrt(np.einsum("nd,nd->n", centred, centred))
    floor = 1e-9 * max(1.0, float(lengths.max(initial=0.0)))
    far = lengths > floor
    units: Floats = np.zeros_like(centred)
    units[far] = centred[far] / lengths[far, np.newaxis]
    return units


def _seedal(scenes: Scenes, asked: dict[str, Any]) -> AnyProblem:
    return SignatureProblem(weights=scenes.weights, vectors=scenes.vectors, **asked)


def _pairwise(scenes: Scenes, asked: dict[str, Any]) -> AnyProblem:
    ones = np.ones_like(scenes.weights)
    return SignatureProblem(weights=ones, vectors=scenes.vectors, **asked)


def _centred(scenes: Scenes, asked: dict[str, Any]) -> AnyProblem:
    ones = np.ones_like(scenes.weights)
    return SignatureProblem(weights=ones, vectors=directions(scenes.vectors), **asked)


def _facility_location(scenes: Scenes, asked: dict[str, Any]) -> AnyProblem:
    unit = directions(scenes.vectors)
    return FacilityProblem(similarities=np.clip(0.5 + 0.5 * (unit @ unit.T), 0.0, 1.0), **asked)


def _k_center(scenes: Scenes, asked: dict[str, Any]) -> AnyProblem:
    unit = directions(scenes.vectors)
    squares = np.einsum("nd,nd->n", unit, unit)
    squared = squares[:, None] + squares[None, :] - 2.0 * (unit @ unit.T)
    np.fill_diagonal(squared, 0.0)
    return KCenterProblem(distances=np.sqrt(np.maximum(squared, 0.0)), **asked)


def _coverage(scenes: Scenes, asked: dict[str, Any]) -> AnyProblem:
    if scenes.parts is None:
        detail = "Nothing is known of these scenes' parts, so coverage cannot be measured."
        raise InvalidRequestError(detail, "#/objective")
    amounts = scenes.parts.amounts()
    images = amounts.sum() / len(scenes.parts.sizes)
    shares = amounts.sum(axis=0) / images
    there = shares > 0
    amounts, shares = amounts[:, there], shares[there]
    worth = shares**_RARE
    return CoverageProblem(
        amounts=amounts / (_SATURATION * shares),
        weights=worth / worth.sum(),
        saturation=Saturation.RATIO,
        **asked,
    )


_SAMET = "Samet et al., ICCV 2023"

_ALL = (
    Objective(
        name="seedal",
        description="The paper's: scenes that differ from each other and within themselves.",
        formula="sum over pairs i < j of S of (1 - intra_i) (1 - intra_j) (1 - inter_ij)",
        source=f"{_SAMET}, section 3",
        build=_seedal,
    ),
    Objective(
        name="pairwise",
        description="Scenes that differ from each other, whatever is within.",
        formula="sum over pairs i < j of S of (1 - inter_ij)",
        source=f"{_SAMET}, section 3, without the intra-scene factor",
        build=_pairwise,
    ),
    Objective(
        name="centred",
        description="Scenes that differ from each other in what sets them apart from the pool.",
        formula="sum over pairs i < j of S of (1 - cos(u_i, u_j)), u_i along m_i - mean m",
        source="pairwise, on centred features (Mu and Viswanath, ICLR 2018, on why to centre)",
        build=_centred,
    ),
    Objective(
        name="facility_location",
        description="Every scene of the pool has one in the seed that looks like it.",
        formula="sum over j of the pool of max over i in S of (1 + cos(u_i, u_j)) / 2",
        source="Cornuejols, Fisher and Nemhauser 1977; Wei, Iyer and Bilmes, ICML 2015",
        build=_facility_location,
    ),
    Objective(
        name="k_center",
        description="No scene of the pool is far from all of the seed.",
        formula="- max over j of the pool of min over i in S of |u_i - u_j|",
        source="Gonzalez 1985; Sener and Savarese, ICLR 2018",
        build=_k_center,
    ),
    Objective(
        name="coverage",
        description="All that the pool shows, rare things too, is seen often enough.",
        formula="sum over words w of sqrt(p_w) a_w / (a_w + p_w), a_w = images' worth of w in S",
        source="concave over modular: Lin and Bilmes, ACL 2011; words: Sivic and Zisserman, 2003",
        build=_coverage,
    ),
)

OBJECTIVES: Final[Mapping[str, Objective]] = MappingProxyType({one.name: one for one in _ALL})
"""Every objective by its name."""


def require_objective(name: str) -> Objective:
    """Return an objective.

    Raises
    ------
    InvalidRequestError
        There is none of that name.
    """
    if name not in OBJECTIVES:
        detail = f"There is no objective {name!r}; there are {', '.join(OBJECTIVES)}."
        raise InvalidRequestError(detail, "#/objective")
    return OBJECTIVES[name]
