"""All baselines by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from app.evaluation.baselines.clusters import kmeans_centroid, kmeans_furthest, typiclust
from app.evaluation.baselines.pool import BaselinePool
from app.evaluation.baselines.probcover import probcover
from app.evaluation.baselines.seedal_reference import seedal_reference
from app.evaluation.baselines.sequential import (
    facility_location,
    greedy,
    herding,
    k_center,
    random_fill,
)


class BaselineFunction(Protocol):
    """A selection: distinct scenes whose costs add up to at most the budget."""

    def __call__(self, pool: BaselinePool, budget: float, random_seed: int) -> NDArray[np.int64]:
        """Return the chosen scenes' numbers in the pool, shape (k,), the same for the same call."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineMethod:
    """A method that seeds are compared with.

    Parameters
    ----------
    name
        As in a table and on the command line.
    description
        One sentence.
    source
        Paper and section.
    method
        What chooses. Where scenes tie it prefers the first, so it is asked in the order of ids.
    fills
        Whether it goes on until no scene fits the rest of the budget.
    seeded
        Whether another random seed gives another selection.
    """

    name: str
    description: str
    source: str
    method: BaselineFunction
    fills: bool = True
    seeded: bool = False

    def __call__(
        self, pool: BaselinePool, budget: float, random_seed: int = 0
    ) -> NDArray[np.int64]:
        """Choose scenes.

        Parameters
        ----------
        pool
            The scenes; in which order does not matter.
        budget
            Limit on the sum of the chosen scenes' costs, finite and at least 0.
        random_seed
            The only source of randomness.

        Returns
        -------
        (k,) int64
            The chosen scenes' numbers in the pool, sorted; empty where nothing fits.

        Raises
        ------
        InvalidRequestError, InvalidProblemError
            The budget is negative or not finite.
        """
        order = np.array(sorted(range(pool.n), key=pool.scene_ids.__getitem__), dtype=np.int64)
        return np.sort(order[self.method(pool.take(order), budget, random_seed)])


_SAMET: Final = "Samet et al., ICCV 2023"

_ALL: Final = (
    BaselineMethod(
        name="random",
        description="Scenes in a random order, as long as they fit.",
        source=f"{_SAMET}, section 4",
        method=random_fill,
        seeded=True,
    ),
    BaselineMethod(
        name="kmeans_centroid",
        description="KMcentroid: of each cluster of scenes the one closest to the centroid.",
        source=f"{_SAMET}, section 4",
        method=kmeans_centroid,
        seeded=True,
    ),
    BaselineMethod(
        name="kmeans_furthest",
        description="KMfurthest: of each cluster of scenes the one furthest from the centroid.",
        source=f"{_SAMET}, section 4",
        method=kmeans_furthest,
        seeded=True,
    ),
    BaselineMethod(
        name="k_center",
        description="Core-set: always the scene that is farthest from those chosen.",
        source="Gonzalez, TCS 1985; Sener and Savarese, ICLR 2018, algorithm 1",
        method=k_center,
    ),
    BaselineMethod(
        name="typiclust",
        description="Of each cluster of scenes, the largest first, the most typical one.",
        source="Hacohen, Dekel and Weinshall, ICML 2022, section 3",
        method=typiclust,
        seeded=True,
    ),
    BaselineMethod(
        name="probcover",
        description="As many scenes as possible within a ball of one radius around a chosen one.",
        source="Yehuda, Dekel, Hacohen and Weinshall, NeurIPS 2022, section 3",
        method=probcover,
        seeded=True,
    ),
    BaselineMethod(
        name="herding",
        description="Always the scene that brings the mean of those chosen nearest to all's.",
        source="Welling, ICML 2009; Chen, Welling and Smola, UAI 2010",
        method=herding,
    ),
    BaselineMethod(
        name="greedy",
        description="Always the scene that adds most to SeedAL's objective, per cost or outright.",
        source=f"the objective: {_SAMET}, section 3",
        method=greedy,
    ),
    BaselineMethod(
        name="facility_location",
        description="Every scene has a similar chosen one: lazy greedy, per cost or outright.",
        source="Leskovec et al., KDD 2007, section 3; Wolsey, Math. of OR 1982",
        method=facility_location,
    ),
    BaselineMethod(
        name="seedal_reference",
        description="The released two steps, defects and all: best pairs whatever they cost, SCIP.",
        source=f"{_SAMET}, section 3.3, and the released code",
        method=seedal_reference,
        fills=False,
    ),
)

BASELINES: Final[Mapping[str, BaselineMethod]] = MappingProxyType({one.name: one for one in _ALL})
"""Every baseline by its name, in the order of a table."""
