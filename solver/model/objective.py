"""How a problem is evaluated: objective, gains and pair utilities, without an n x n matrix.

For signatures, with ``t = sum w_i x_i`` and ``v = sum w_i m_i x_i``,

    f(x) = sum_{i<j} s_ij x_i x_j = 1/2 (t^2 - |v|^2 - sum_i c_i x_i),   c_i = w_i^2 (1 - |m_i|^2)

so the objective costs O(n d) and all gains together are one matrix-vector product. Profits, what an
item is worth alone, are added to both. Other objectives evaluate themselves (`SetProblem`).
"""

import numpy as np

from solver.model.problem import (
    AnyProblem,
    Floats,
    Mask,
    PairProblem,
    Problem,
    SetProblem,
    SignatureProblem,
)
from solver.model.vectors import row_products, row_squares


def _signature_gains(problem: SignatureProblem, chosen: Mask) -> Floats:
    w, m = problem.weights, problem.vectors
    t = w[chosen].sum()
    v = w[chosen] @ m[chosen]
    # Without the item itself: its own term w_i (1 - |m_i|^2) is in t - m_i.v when it is chosen.
    own = np.zeros(problem.n)
    own[chosen] = w[chosen] * (1.0 - row_squares(m[chosen]))
    return np.asarray(problem.profits + w * (t - row_products(m, v) - own))


def _signature_value(problem: SignatureProblem, chosen: Mask) -> float:
    """Return half of the gains of the chosen, from their own rows alone."""
    w, m = problem.weights[chosen], problem.vectors[chosen]
    company = w * (w.sum() - row_products(m, w @ m) - w * (1.0 - row_squares(m)))
    # No pair is worth less than 0: below it is what rounding left of t^2 - |v|^2.
    return max(0.0, 0.5 * float(company.sum()))


def gains(problem: AnyProblem, chosen: Mask) -> Floats:
    """Return, for every item, what it adds to (or is worth within) a selection.

    Parameters
    ----------
    problem
        The problem.
    chosen
        Shape (n,).

    Returns
    -------
    Floats
        Shape (n,): ``f(S + i) - f(S)`` for an item outside, ``f(S) - f(S - i)`` for one inside.
    """
    if isinstance(problem, SetProblem):
        return problem.additions(chosen) + problem.losses(chosen)
    if isinstance(problem, SignatureProblem):
        return _signature_gains(problem, chosen)
    company = np.asarray(problem.utilities[:, chosen].sum(axis=1))
    return np.asarray(problem.profits + company)


def pair_row(problem: Problem, item: int) -> Floats:
    """Return the utilities of `item` with every item, shape (n,), 0 with itself."""
    if isinstance(problem, PairProblem):
        return np.asarray(problem.utilities[item])
    w, m = problem.weights, problem.vectors
    row = np.asarray(w[item] * w * (1.0 - row_products(m, m[item].astype(np.float64))))
    row[item] = 0.0
    return row


def value(problem: AnyProblem, chosen: Mask) -> float:
    """Return the objective of a selection.

    Every chosen pair is seen from both sides by the gains, every profit once: hence the halves.
    """
    if isinstance(problem, SetProblem):
        return problem.value(chosen)
    alone = float(problem.profits[chosen].sum())
    if isinstance(problem, SignatureProblem):
        return alone + _signature_value(problem, chosen)
    return 0.5 * (float(gains(problem, chosen)[chosen].sum()) + alone)


def per_cost(worth: Floats, costs: Floats) -> Floats:
    """Return worth per cost; whatever is free and worth something comes out infinite."""
    with np.errstate(over="ignore"):
        ratio: Floats = worth / np.maximum(costs, np.finfo(float).tiny)
    return ratio


def resolution(problem: AnyProblem) -> float:
    """Return the difference between two gains that is still rounding.

    Gains of signatures are differences of numbers as large as ``w_i sum_j w_j``, however small
    they are themselves.
    """
    if isinstance(problem, SetProblem):
        return problem.resolution
    rules = problem.constraints
    needed = rules.min_items > 0 or any(group.minimum > 0 for group in rules.groups)
    if isinstance(problem, SignatureProblem):
        affordable = problem.weights[problem.costs <= problem.allowance]
        scale = affordable.max(initial=0.0) * affordable.sum()
        most = problem.profits + 2.0 * problem.weights * problem.weights.sum()
        scale += profits_that_count(problem.profits, most, needed=needed).max(initial=0.0)
    else:
        most = problem.profits + np.maximum(problem.utilities, 0.0).sum(axis=1)
        sizes = profits_that_count(problem.profits, most, needed=needed)
        scale = (np.abs(problem.utilities).sum(axis=1) + sizes).max(initial=0.0)
    return float(8 * np.finfo(float).eps * scale)


def profits_that_count(profits: Floats, most: Floats, *, needed: bool) -> Floats:
    """Return the sizes of profits, 0 for those of items that are in no best selection.

    An item that brings less than nothing beside all others is in none, unless a minimum asks for
    it. However large its profit is, it makes no other number less exact.

    Parameters
    ----------
    profits, most
        Of each item, and what it brings at most beside all others, shape (n,).
    needed
        Whether there is a minimum to reach.
    """
    return np.where(needed | (most >= 0), np.abs(profits), 0.0)


def pair_matrix(problem: Problem) -> Floats:
    """Return the n x n matrix of pair utilities, for the classical models on small problems."""
    if isinstance(problem, PairProblem):
        return problem.utilities
    w, m = problem.weights, problem.vectors
    matrix: Floats = np.outer(w, w) * (1.0 - m @ m.T)
    np.fill_diagonal(matrix, 0.0)
    return matrix
