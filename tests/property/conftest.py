"""Problems for hypothesis, and the oracle that knows their best selection."""

from collections.abc import Callable

import numpy as np
import pytest

from solver.problem import Floats, PairProblem, Problem


def _matrix(problem: Problem) -> tuple[Floats, Floats]:
    """Pair utilities and profits by their definition, one pair at a time."""
    if isinstance(problem, PairProblem):
        return problem.utilities, problem.profits
    n = problem.n
    matrix = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j:
                cosine = float(np.dot(problem.vectors[i], problem.vectors[j]))
                matrix[i, j] = problem.weights[i] * problem.weights[j] * (1.0 - cosine)
    return matrix, np.zeros(n)


def _exhaustive(problem: Problem) -> float:
    """Look at all 2^n selections and return the best affordable value."""
    matrix, profits = _matrix(problem)
    masks = (np.arange(2**problem.n)[:, None] >> np.arange(problem.n)) & 1
    values = 0.5 * np.einsum("si,ij,sj->s", masks, matrix, masks, optimize=True) + masks @ profits
    affordable = masks @ problem.costs <= problem.allowance
    return float(values[affordable].max())


@pytest.fixture(scope="session")
def best_value() -> Callable[[Problem], float]:
    """Exhaustive search."""
    return _exhaustive
