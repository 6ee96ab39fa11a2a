"""What a seed can maximise: from what is known of the scenes to a problem that the solver bounds.

Each objective states its formula and its source; ``docs/seed-quality.md`` says which one to take.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol

import numpy as np

from app.choosing.geometry import (
    COMPONENTS,
    Floats,
    directions,
    kernel_features,
    redundancy,
    squared_distances,
)
from app.errors import InvalidRequestError
from features.backbones.protocol import PATCHES
from features.settings import AUTO
from features.signatures.parts import Parts
from solver.model.problem import AnyProblem, SignatureProblem
from solver.sets.coverage import CoverageProblem
from solver.sets.design import DesignProblem
from solver.sets.facility import FacilityProblem
from solver.sets.k_center import KCenterProblem
from solver.sets.matrices import MOST_ENTRIES
from solver.sets.sum import SumProblem

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

_DENSE: Final = 5_000
"""Scenes up to which n x n distances and words of every scene fit the solver's dense matrices."""


class SceneGeometry(Protocol):
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


FeatureToken = Literal["auto", "cls", "patch_keys", "patches"]

Build = Callable[[SceneGeometry, dict[str, Any]], AnyProblem]
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
    token
        Which vectors it wants of images where the user does not say: ``"auto"`` is the paper's
        choice, see :class:`features.settings.FeatureSettings`.
    """

    name: str
    description: str
    formula: str
    source: str
    build: Build
    token: FeatureToken = PATCHES


def _seedal(scenes: SceneGeometry, asked: dict[str, Any]) -> AnyProblem:
    return SignatureProblem(weights=scenes.weights, vectors=scenes.vectors, **asked)


def _pairwise(scenes: SceneGeometry, asked: dict[str, Any]) -> AnyProblem:
    ones = np.ones_like(scenes.weights)
    return SignatureProblem(weights=ones, vectors=scenes.vectors, **asked)


def _centred(scenes: SceneGeometry, asked: dict[str, Any]) -> AnyProblem:
    ones = np.ones_like(scenes.weights)
    return SignatureProblem(weights=ones, vectors=directions(scenes.vectors), **asked)


def _facility_location(scenes: SceneGeometry, asked: dict[str, Any]) -> AnyProblem:
    _require_workable(len(scenes.vectors), len(scenes.vectors))
    unit = directions(scenes.vectors)
    return FacilityProblem(similarities=np.clip(0.5 + 0.5 * (unit @ unit.T), 0.0, 1.0), **asked)


def _k_center(scenes: SceneGeometry, asked: dict[str, Any]) -> AnyProblem:
    _require_workable(len(scenes.vectors), len(scenes.vectors))
    unit = directions(scenes.vectors)
    squared = squared_distances(unit, unit)
    np.fill_diagonal(squared, 0.0)
    return KCenterProblem(distances=np.sqrt(squared), **asked)


def _coverage(scenes: SceneGeometry, asked: dict[str, Any]) -> CoverageProblem:
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


def _spread(scenes: SceneGeometry, asked: dict[str, Any]) -> DesignProblem:
    n = len(scenes.vectors)
    _require_workable(n, min(n, COMPONENTS))
    return DesignProblem(factors=kernel_features(directions(scenes.vectors)), ridge=_NOISE, **asked)


def _balanced(scenes: SceneGeometry, asked: dict[str, Any]) -> AnyProblem:
    # A scene unlike all others adds this much to the spread: so much times the number of scenes
    # that the budget buys is the most there is.
    most = np.log1p(1.0 / _NOISE) * max(_FEW, _expected(asked) * len(scenes.weights))
    return SumProblem(
        terms=(_coverage(scenes, asked), _spread(scenes, asked)),
        shares=np.array([1.0, _SPREAD / most]),
        **asked,
    )


def resolve(scenes: SceneGeometry) -> tuple[str, str]:
    """Return the objective that ``auto`` stands for in a pool, and a sentence that says why."""
    n = len(scenes.weights)
    if n > _DENSE:
        return "centred", f"The objective is centred: the pool has more than {_DENSE:,} scenes."
    share = redundancy(scenes.vectors)
    name = "coverage" if share >= _REDUNDANT and scenes.parts is not None else "k_center"
    return name, f"The objective is {name}: the pool's redundancy is {share:.2f}."


def _auto(scenes: SceneGeometry, asked: dict[str, Any]) -> AnyProblem:
    name, _ = resolve(scenes)
    return OBJECTIVES[name].build(scenes, asked)


_SAMET = "Samet et al., ICCV 2023"

_ALL = (
    Objective(
        name="seedal",
        description="The paper's: scenes that differ from each other and within themselves.",
        formula="sum over pairs i < j of S of (1 - intra_i) (1 - intra_j) (1 - inter_ij)",
        source=f"{_SAMET}, section 3",
        build=_seedal,
        token=AUTO,
    ),
    Objective(
        name="pairwise",
        description="Scenes that differ from each other, whatever is within.",
        formula="sum over pairs i < j of S of (1 - inter_ij)",
        source=f"{_SAMET}, section 3, without the intra-scene factor",
        build=_pairwise,
        token=AUTO,
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
        description="All that the pool shows is seen, and no part of it over and over.",
        formula="mean over levels of the sum over words w of p_w a_w / (a_w + 0.3 b p_w), "
        "a_w = images' worth of w in S, p_w = w's share of the pool, "
        "b = images that the budget buys at the average price, at least 1",
        source="concave over modular: Lin and Bilmes, ACL 2011; words: Sivic and Zisserman, 2003",
        build=_coverage,
    ),
    Objective(
        name="spread",
        description="Each scene tells what the others do not.",
        formula="log det(I + K_S / 0.1), K_ij = exp(-|u_i - u_j|^2 / h), h the median square",
        source="D-optimal design; Krause, Singh and Guestrin, JMLR 2008; Kulesza and Taskar 2012",
        build=_spread,
    ),
    Objective(
        name="balanced",
        description="Coverage, and 0.3 times as much spread.",
        formula="coverage + 0.3 spread / (log(11) max(10, number of scenes that the budget buys))",
        source="both of these; the shares by the evidence of docs/seed-quality.md",
        build=_balanced,
    ),
    Objective(
        name=AUTO,
        description="Coverage where scenes have near twins in their pool, k-center where not.",
        formula="coverage if the median over i of max over j of cos(u_i, u_j) is at least 0.58, "
        "else k_center; centred beyond 5,000 scenes",
        source="the evidence of docs/seed-quality.md",
        build=_auto,
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
