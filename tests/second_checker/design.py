"""D-optimal design: planes from a basis in which two matrices are nearly diagonal.

With ``P0`` the information at the root, W a float64 matrix with ``W' P0 W = I + E`` and b any
numbers, ``C = W diag(b) W'`` stands for the B of the page: ``B = L' C L`` where ``P0 = L L'``.
The eigenvalues of B are those of ``diag(b)^1/2 (I + E) diag(b)^1/2``, so each is b times a number
between ``1 - |E|`` and ``1 + |E|`` (Ostrowski). Nothing has to be exact but the bound on ``|E|``.
"""

import math
from collections.abc import Sequence

import numpy as np
from flint import arb, arb_mat

from second_checker.definite import exact, identity, middle, norm
from second_checker.planes import ZERO, Job, Objective, Plane
from second_checker.problem import Floats
from second_checker.refusing import need, refuse
from second_checker.rules import Rule


def pooled(eigen: Floats, rank: int) -> Floats:
    """Return descending eigenvalues; what a rank cannot tell apart shares what is left of it."""
    if rank == 0:
        return np.zeros_like(eigen)
    for kept in range(rank):
        pool = float(eigen[kept:].sum()) / (rank - kept)
        if kept + 1 == rank or pool >= eigen[kept]:
            return np.concatenate([eigen[:kept], np.full(len(eigen) - kept, pool)])
    return eigen


class Design(Objective):
    """``log det(P + 1 / r sum over S of F_i' F_i)``."""

    def __post_init__(self) -> None:
        self.factors = exact(self.arrays["factors"])
        self.dimensions = self.factors.ncols()
        ends = np.cumsum(self.arrays["sizes"].astype(np.int64)).tolist()
        self.owned = [range(a, b) for a, b in zip([0, *ends], ends, strict=False)]
        self.precision = 1 / arb(float(self.arrays["ridge"]))
        self.prior = self._information(self.root.taken)
        self.start = {*self.root.taken}
        try:
            self.root_inverse = np.linalg.inv(np.linalg.cholesky(middle(self.prior)))
        except np.linalg.LinAlgError:
            refuse("The prior is not positive definite.")
        self._error(self.root_inverse.T)
        self.constant = self.prior.det().log()
        self.rank = self._rank()

    def _information(self, there: Sequence[int]) -> arb_mat:
        rows = [r for i in there for r in self.owned[i]]
        total = exact(self.arrays["prior"])
        if rows:
            some = exact(self.arrays["factors"][rows])
            total += some.transpose() * some * self.precision
        return total

    def _error(self, basis: Floats) -> arb:
        """Return a bound on ``|W' P0 W - I|``; below 1 it shows that P0 is positive definite."""
        need(bool(np.isfinite(basis).all()), "A basis is not finite.")
        w = exact(basis)
        error = norm(w.transpose() * self.prior * w - identity(self.dimensions))
        need(bool(error < 0.5), "The prior is not positive definite, or nearly not.")
        return error

    def _rank(self) -> int:
        """Return the most rows that what is left at the root buys: the page's k."""
        number, budget = self.rules[0], next(r for r in self.rules if r.name == "budget")
        open_ = [i for i in self.root.undecided if len(self.owned[i])]
        sizes = sorted((len(self.owned[i]) for i in open_), reverse=True)
        assert number.most is not None
        assert budget.most is not None
        most = sum(sizes[: max(0, number.most - self.root.sums[0])])
        left = max(0, budget.most - self.root.sums[self.rules.index(budget)])
        bought = 0
        for i in sorted(open_, key=lambda i: _Ratio(budget, i, len(self.owned[i]))):
            cost, size = budget.row[i], len(self.owned[i])
            if cost > left:
                bought += max(0, left * size // cost)
                break
            left, bought = left - cost, bought + size
        return min(most, bought, self.dimensions)

    def worth(self, there: Sequence[int]) -> arb:
        return self._information(there).det().log()

    def scale(self, there: Sequence[int]) -> arb:
        whole = self.dimensions * self._information(range(self.n)).trace()
        return whole.min(arb(1e6) * (1 + abs(self.worth(there))))

    def plane(self, job: Job) -> Plane:
        z = np.maximum(job.completed(), 0.0)
        z[list(self.start)] = 0.0
        rows = self.arrays["factors"] @ self.root_inverse.T / math.sqrt(self.arrays["ridge"])
        each = np.repeat(z, [len(owned) for owned in self.owned])
        with np.errstate(over="ignore", invalid="ignore"):
            information = (rows * each[:, None]).T @ rows
        need(bool(np.isfinite(information).all()), "A point's information is not finite.")
        eigen, vectors = np.linalg.eigh(information)
        basis = self.root_inverse.T @ vectors[:, ::-1]
        error = self._error(basis)
        b = 1.0 / (1.0 + pooled(np.maximum(eigen[::-1], 0.0), self.rank))
        b *= 1.0 - 2.0 * float(error.upper()) - 2.0**-50
        return self._made(basis, b, error)

    def _made(self, basis: Floats, b: Floats, error: arb) -> Plane:
        c = self.constant
        smallest = sorted(b.tolist())[: self.rank]
        need(all(x > 0 for x in smallest), "An eigenvalue is not above 0.")
        need(bool(arb(float(b.max())) * (1 + error) <= 1), "An eigenvalue is above 1.")
        for x in smallest:
            least = arb(x) * (1 - error)
            c += least - least.log() - 1
        turned = (self.factors * exact(basis)).tolist()
        weights = [arb(x) * self.precision for x in b.tolist()]
        g = [
            ZERO if i in self.start else sum(
                (y * y * x for r in owned for y, x in zip(turned[r], weights, strict=True)), ZERO
            )
            for i, owned in enumerate(self.owned)
        ]  # fmt: skip
        return c, g


class _Ratio:
    """Costs per row in the order of the continuous knapsack, compared exactly."""

    def __init__(self, budget: Rule, item: int, size: int) -> None:
        self.cost, self.size = budget.row[item], size

    def __lt__(self, other: "_Ratio") -> bool:
        return self.cost * other.size < other.cost * self.size
