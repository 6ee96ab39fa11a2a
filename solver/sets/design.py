"""D-optimal design: how much a linear model on the chosen items' factors would know."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from solver.model.errors import InvalidProblemError
from solver.model.problem import Floats, Mask, floats
from solver.sets.base import MOST_ENTRIES, ConcaveProblem

if TYPE_CHECKING:
    from solver.model.constraints import Constraints

# The largest ratio of information to ridge: beyond, rounding hides what is not known yet.
_LARGEST_RATIO = 1e9
_EPS = float(np.finfo(float).eps)


def _pooled(eigen: Floats, rank: int) -> Floats:
    """Return descending eigenvalues, those that `rank` cannot tell apart replaced by their pool.

    The first i stay, and the others share what is left of the rank equally, with i the first
    number for which the pool is not above what stays.
    """
    if rank >= len(eigen):
        return eigen
    if rank == 0:
        return np.zeros(len(eigen))
    left = np.cumsum(eigen[::-1])[::-1]
    for kept in range(rank):
        pool = float(left[kept]) / (rank - kept)
        if pool >= eigen[kept]:
            return np.concatenate([eigen[:kept], np.full(len(eigen) - kept, pool)])
    return np.concatenate([eigen[: rank - 1], np.full(len(eigen) - rank + 1, left[rank - 1])])


@dataclass(frozen=True, eq=False, kw_only=True)
class DesignProblem(ConcaveProblem):
    """Maximise ``log det(P + 1 / ridge sum over i in S of F_i^T F_i)``.

    Parameters
    ----------
    factors
        The F_i below each other, shape (sum of sizes, d).
    sizes
        How many rows each item has, shape (n,), int64. One each by default.
    ridge
        Above 0: the variance of what is seen, relative to that of the prior.
    prior
        P, shape (d, d), symmetric: what is known without any item, at least the identity. The
        identity by default.
    costs, budget, ids, constraints
        As in `solver.model.problem.SignatureProblem`.

    Raises
    ------
    InvalidProblemError
        When an array breaks one of these rules, or all rows together are more than 1e9 times as
        large as the ridge.

    References
    ----------
    Pukelsheim: Optimal Design of Experiments (1993).
    Krause, Singh, Guestrin: Near-optimal sensor placements in Gaussian processes (2008).
    """

    factors: Floats
    sizes: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    ridge: float = 1.0
    prior: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def __post_init__(self) -> None:
        self.check_shared()
        if np.size(self.factors) > MOST_ENTRIES:
            message = f"factors has more than {MOST_ENTRIES:,} entries, too much to work with."
            raise InvalidProblemError(message)
        object.__setattr__(self, "factors", floats("factors", self.factors, 2))
        sizes = np.asarray(self.sizes)
        sizes = np.ones(self.n, dtype=np.int64) if not sizes.size else sizes.astype(np.int64)
        if sizes.shape != (self.n,) or (sizes < 0).any() or sizes.sum() != len(self.factors):
            message = (
                f"sizes must be {self.n} numbers of at least 0 that add up to "
                f"the {len(self.factors)} rows of factors."
            )
            raise InvalidProblemError(message)
        object.__setattr__(self, "sizes", sizes)
        if not (np.isfinite(self.ridge) and self.ridge > 0):
            message = f"The ridge must be a finite number above 0, not {self.ridge:g}."
            raise InvalidProblemError(message)
        d = self.factors.shape[1]
        prior = floats("prior", self.prior if np.size(self.prior) else np.eye(d), 2)
        if prior.shape != (d, d) or not np.allclose(prior, prior.T):
            message = f"prior must be a symmetric matrix of shape {(d, d)}."
            raise InvalidProblemError(message)
        object.__setattr__(self, "prior", prior)
        with np.errstate(over="ignore"):
            known = float((self.scaled**2).sum() + np.trace(prior))
        if known > _LARGEST_RATIO:
            message = (
                f"factors are {known:.3g} times as large as the ridge; 1e9 can be worked with."
            )
            raise InvalidProblemError(message)
        if d and float(np.linalg.eigvalsh(prior)[0]) < 1.0 - d * _EPS * known:
            message = "prior must be at least the identity: its smallest eigenvalue is below 1."
            raise InvalidProblemError(message)

    @cached_property
    def scaled(self) -> Floats:
        """Factors divided by the square root of the ridge, shape (rows, d)."""
        with np.errstate(over="ignore"):
            return np.asarray(self.factors / np.sqrt(self.ridge))

    @cached_property
    def _prior_value(self) -> float:
        return self._log_det(self.prior)

    @cached_property
    def _prior_white(self) -> Floats:
        return self.whitened(self.prior)

    @cached_property
    def _rank(self) -> int:
        """The largest rank that a selection's information can have."""
        # Dantzig's continuous knapsack: the cheapest rows first, the last item in part.
        some = self.sizes > 0
        rows, costs = self.sizes[some], self.costs[some]
        order = np.argsort(costs / rows, kind="stable")
        spent = np.concatenate([[0.0], np.cumsum(costs[order])])
        bought = np.concatenate([[0.0], np.cumsum(rows[order])])
        most = math.floor(float(np.interp(self.allowance, spent, bought)) * (1.0 + 1e-9) + 1e-9)
        if self.constraints.max_items is not None:
            number = self.constraints.max_items
            most = min(most, int(np.sort(rows)[::-1][:number].sum()))
        return int(min(most, self.factors.shape[1], len(self.factors)))

    @cached_property
    def owner(self) -> npt.NDArray[np.int64]:
        """The item of each row, shape (rows,)."""
        return np.repeat(np.arange(self.n), self.sizes)

    def information(self, x: Floats) -> Floats:
        """Return ``P + 1 / ridge sum x_i F_i^T F_i``, shape (d, d)."""
        rows = self.scaled
        if x.size and not np.all(x):
            used = x[self.owner] > 0.0
            rows, weights = rows[used], x[self.owner][used]
        else:
            weights = x[self.owner]
        return np.asarray(self.prior + (rows * weights[:, None]).T @ rows)

    def _log_det(self, information: Floats) -> float:
        return 2.0 * float(np.log(np.diagonal(np.linalg.cholesky(information))).sum())

    def value(self, chosen: Mask) -> float:
        return self._log_det(self.information(chosen.astype(np.float64)))

    def whitened(self, information: Floats) -> Floats:
        """Return the rows times the inverse root of an information matrix, shape (rows, d)."""
        root = np.linalg.inv(np.linalg.cholesky(information))
        return np.asarray(self.scaled @ root.T)

    def changes(self, items: npt.NDArray[np.int64], white: Floats, sign: float) -> Floats:
        """Return ``sign log det(I + sign W_i W_i^T)`` of some items, shape (k,)."""
        squares = np.bincount(self.owner, np.einsum("rd,rd->r", white, white), self.n)
        change = np.log1p(np.maximum(sign * squares[items], -1.0 + _EPS))
        ends = np.cumsum(self.sizes)
        for place in np.flatnonzero(self.sizes[items] > 1):
            item = items[place]
            rows = white[ends[item] - self.sizes[item] : ends[item]]
            gram = rows @ rows.T if len(rows) < rows.shape[1] else rows.T @ rows
            eigen = np.linalg.eigvalsh(gram)
            change[place] = np.log1p(np.maximum(sign * eigen, -1.0 + _EPS)).sum()
        return np.asarray(np.maximum(sign * change, 0.0))

    def _all_changes(self, chosen: Mask, items: npt.NDArray[np.int64], sign: float) -> Floats:
        white = self.whitened(self.information(chosen.astype(np.float64)))
        found = np.zeros(self.n)
        found[items] = self.changes(items, white, sign)
        return found

    def additions(self, chosen: Mask) -> Floats:
        return self._all_changes(chosen, np.flatnonzero(~chosen), 1.0)

    def growing(self, chosen: Mask) -> "DesignGrowth":
        return DesignGrowth(self, chosen.copy())

    def part(
        self,
        items: npt.NDArray[np.intp],
        fixed: Mask,
        budget: float,
        ids: tuple[str, ...],
        constraints: "Constraints",
    ) -> "DesignProblem":
        ends = np.cumsum(self.sizes)
        rows = [np.arange(ends[item] - self.sizes[item], ends[item]) for item in items]
        prior = self.information(fixed.astype(np.float64))
        return DesignProblem(
            factors=self.factors[np.concatenate([np.zeros(0, dtype=np.int64), *rows])],
            sizes=self.sizes[items],
            ridge=self.ridge,
            prior=0.5 * (prior + prior.T),
            costs=self.costs[items],
            budget=budget,
            ids=ids,
            constraints=constraints,
        )

    def plane(self, x: Floats) -> tuple[float, Floats]:
        """See `ConcaveProblem.plane`.

        With the prior whitened away, for any B of eigenvalues b in (0, 1] and any M of rank k,

            log det(I + M) <= tr(B M) + sum over the k smallest b of (b - log b - 1)

        because ``b - log b`` falls on (0, 1] and eigenvalues of a compression interlace. Where k
        is d the best B is the inverse of ``I + M``; where less can be bought, the smaller
        eigenvalues of M are pooled first (Nikolov: Randomized rounding for the largest simplex
        problem, 2015).
        """
        white, rank = self._prior_white, self._rank
        weights = x[self.owner]
        eigen, vectors = np.linalg.eigh((white * weights[:, None]).T @ white)
        b = 1.0 / (1.0 + _pooled(np.maximum(eigen[::-1], 0.0), rank))
        turned = white @ (vectors[:, ::-1] * np.sqrt(b))
        slopes = np.bincount(self.owner, np.einsum("rd,rd->r", turned, turned), self.n)
        smallest = b[:rank]
        constant = float((smallest - np.log(smallest) - 1.0).sum())
        return self._prior_value + constant, np.asarray(slopes, dtype=np.float64)

    @property
    def margin(self) -> float:
        return float(4 * self.resolution)

    @cached_property
    def resolution(self) -> float:
        d = self.factors.shape[1]
        known = float((self.scaled**2).sum() + np.trace(self.prior))
        return float(_EPS * (8 * d + d * known))


class DesignGrowth:
    """What is known while greedy adds items, as rows that are whitened by it."""

    def __init__(self, problem: DesignProblem, chosen: Mask) -> None:
        self._problem, self._chosen = problem, chosen
        self._white = problem.whitened(problem.information(chosen.astype(np.float64)))

    def marginal_gains(self, items: npt.NDArray[np.int64]) -> Floats:
        return self._problem.changes(items, self._white, 1.0)

    def add(self, item: int) -> None:
        self._chosen[item] = True
        problem = self._problem
        self._white = problem.whitened(problem.information(self._chosen.astype(np.float64)))
