"""Greedy on SeedAL's own objective: what the search for the best seed adds to."""

import numpy as np
from numpy.typing import NDArray

from app.evaluation.baselines.pool import BaselinePool
from solver.model.options import SolverOptions
from solver.model.problem import SignatureProblem
from solver.solve import solve


def problem_of(pool: BaselinePool, budget: float) -> SignatureProblem:
    """Return SeedAL's question about a pool: the largest sum of pair scores within the budget.

    Raises
    ------
    InvalidProblemError
        The budget is negative or not finite.
    """
    return SignatureProblem(
        weights=pool.weights,
        vectors=pool.vectors,
        costs=pool.costs,
        budget=budget,
        ids=pool.scene_ids,
    )


def greedy(pool: BaselinePool, budget: float, random_seed: int) -> NDArray[np.int64]:
    """Take, again and again, the scene that adds most to SeedAL's objective.

    The better of two: what a scene adds per cost, and what it adds (`solver.search.greedy`).

    Returns
    -------
    (k,) int64
    """
    # No time is given to a bound, so nothing depends on a clock.
    question = problem_of(pool, budget)
    return solve(
        question, SolverOptions(strategy="greedy", time_limit_s=0, random_seed=random_seed)
    ).selected
