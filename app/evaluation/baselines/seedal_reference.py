"""SeedAL's released selection, its two steps and its defects, named so: not what we do."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation.baselines.pool import BaselinePool
from app.evaluation.baselines.sequential import problem_of
from solver.model.objective import pair_matrix
from solver.model.options import SolverOptions
from solver.solve import solve

REDUCTION_SIZE: Final = 80
"""Pairs kept for S3DIS; 1,200 for SemanticKITTI."""

TIME_LIMIT_S: Final = 60.0

NODES: Final = 20_000
"""Nodes of branch and bound, so that the selection does not depend on the machine."""


def seedal_reference(
    pool: BaselinePool,
    budget: float,
    random_seed: int,
    *,
    reduction_size: int = REDUCTION_SIZE,
    strategy: str = "exact",
    time_limit_s: float = TIME_LIMIT_S,
) -> NDArray[np.int64]:
    """Keep the scenes of the best pairs, then choose the best of those within the budget.

    Defects of the released code that are reproduced:

    - The reduction looks at pair scores and ignores costs: the budget may not pay for a single
      pair that it keeps, and whatever it drops is lost. In a pool of few scenes it drops nothing:
      13 scenes have 78 pairs.
    - The rest of the budget is not filled with scenes that were dropped.

    Defects that are not, for they cannot matter here:

    - The wrong slice of the similarity matrix: pair scores come from mean directions, and there is
      no matrix to slice.
    - Choosing ``x > 0.0``: `solver.solve` reads a 0-1 value as 0 or 1. A value of 1e-9 would buy a
      scene that the budget does not pay for, and no selection here may cost more than the budget.
    - Throwing away the incumbent at a time limit. The released code has no limit and may not end;
      with one the best selection so far stands; a limit on nodes comes first, so it is the same
      on any machine.

    Parameters
    ----------
    pool, budget, random_seed
        As for every baseline.
    reduction_size
        Pairs kept, at least 1.
    strategy
        What solves the second step: ``"scip"`` as released, which does not end on a pool of frames;
        by default what finds a selection of the same value, proven, in a fraction of the time.
    time_limit_s
        Seconds for the second step.

    Returns
    -------
    (k,) int64

    Notes
    -----
    Samet et al., "You Never Get a Second Chance To Make a Good First Impression" (ICCV 2023),
    section 3.3, and the released code.
    """
    kept = scenes_of_best_pairs(pair_matrix(problem_of(pool, budget)), reduction_size)
    if not kept.size:
        kept = np.arange(pool.n)  # one scene has no pair
    result = solve(
        problem_of(pool.take(kept), budget),
        SolverOptions(
            strategy=strategy, time_limit_s=time_limit_s, node_limit=NODES, random_seed=random_seed
        ),
    )
    return kept[result.selected]


def scenes_of_best_pairs(scores: NDArray[np.float64], pairs: int) -> NDArray[np.int64]:
    """Return the scenes that occur in the best pairs, sorted.

    Parameters
    ----------
    scores : (n, n)
        Symmetric.
    pairs
        How many are kept; of equal ones the first by row, then by column.
    """
    first, second = np.triu_indices(len(scores), k=1)
    best = np.argsort(-scores[first, second], kind="stable")[:pairs]
    return np.union1d(first[best], second[best]).astype(np.int64)
