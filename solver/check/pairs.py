"""The bound of one leaf, for problems given by a matrix of pair utilities.

``x_i x_j`` may be counted from either side, so for any antisymmetric M the objective is
``sum_i x_i (p_i + 1/2 sum_j (q_ij + M_ij) x_j)``. The bracket is bounded for each i by a fractional
knapsack over what the budget leaves beside i, and the sum by one more: Caprara, Pisinger and Toth,
"Exact solution of the quadratic knapsack problem" (1999). ``M = 0`` is the upper plane of Gallo,
Hammer and Simeone (1980). Other rules enter through multipliers of at least 0.
"""

import base64
import binascii
import math
from collections.abc import Mapping

import numpy as np

from solver.check.constraints import Part, StatedRow, knapsack_multiplier
from solver.check.inputs import Array, Inputs
from solver.check.reading import get, index, mapping, multipliers, require, sequence
from solver.model.errors import VerificationError

_KINDS = ("<f4", "<f8")

# Below this, float64 tells neighbouring whole numbers apart with room for sums to be rounded.
_LARGEST_WHOLE = 2.0**40
_WHOLE_SLACK = 1e-6


def _knapsack(worth: Array, costs: Array, left: float) -> float:
    """Return a value that no part of the items within the budget exceeds."""
    left = max(0.0, left)
    multiplier = knapsack_multiplier(worth, costs, left)
    return multiplier * left + float(np.maximum(worth - multiplier * costs, 0.0).sum())


def _antisymmetric(entry: Mapping[str, object], n: int) -> Array:
    """Return M from its upper triangle, row by row, in base64."""
    kind, text = get(entry, "dtype"), get(entry, "upper")
    require(holds=kind in _KINDS, otherwise=f"The certificate is malformed: no dtype {kind!r}.")
    try:
        raw = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError) as error:
        message = "The certificate is malformed: pair multipliers are not base64."
        raise VerificationError(message) from error
    size = n * (n - 1) // 2
    holds = len(raw) == size * int(str(kind)[-1])
    require(
        holds=holds,
        otherwise=f"The certificate is malformed: there must be {size} pair multipliers.",
    )
    upper = np.frombuffer(raw, dtype=str(kind)).astype(np.float64)
    require(holds=bool(np.isfinite(upper).all()), otherwise="A pair multiplier is not finite.")
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n, k=1)] = upper
    return matrix - matrix.T


class PairBounds:
    """Bounds of leaves; everything that leaves share is worked out once."""

    def __init__(self, inputs: Inputs, proof: Mapping[str, object]) -> None:
        if inputs.utilities is None:
            message = "There are no pair utilities."
            raise VerificationError(message)
        self._q, self._p = inputs.utilities, inputs.profits
        entries = sequence(get(proof, "pair_multipliers"), "pair_multipliers")
        self._halves = [0.5 * self._q] + [
            0.5 * (self._q + _antisymmetric(mapping(entry, "pair multipliers"), inputs.n))
            for entry in entries
        ]
        total = float(np.abs(self._q).sum() + np.abs(self._p).sum())
        whole = bool((self._q == np.floor(self._q)).all() and (self._p == np.floor(self._p)).all())
        self._whole = whole and total < _LARGEST_WHOLE

    def leaf(
        self, cover: Mapping[str, object], within: Part, rules: Mapping[str, StatedRow]
    ) -> float:
        """Return a value that no selection of a part exceeds."""
        which = get(cover, "pair_multipliers")
        place = 0 if which is None else 1 + index(which, len(self._halves) - 1, "pair_multipliers")
        half, alone, constant = self._halves[place], self._p, 0.0
        for name, multiplier in multipliers(get(cover, "multipliers")).items():
            require(holds=name in rules, otherwise=f"There is no rule {name!r} to multiply.")
            constant += multiplier * rules[name].limit
            alone = alone - multiplier * rules[name].coefficients
        costs = rules["budget"].coefficients
        # The diagonals of q and of M are 0, so an item that is in adds nothing to itself.
        worth = alone + half[:, within.taken].sum(axis=1)
        free = np.flatnonzero(within.free)
        for item in np.flatnonzero(within.taken):
            worth[item] += _knapsack(half[item, free], costs[free], within.left)
        for item in free:
            left = within.left - costs[item]
            others = free[(free != item) & (costs[free] <= max(0.0, left) * (1.0 + 1e-12))]
            worth[item] += _knapsack(half[item, others], costs[others], left)
        bound = constant + float(worth[within.taken].sum())
        bound += _knapsack(worth[free], costs[free], within.left)
        return float(math.floor(bound + _WHOLE_SLACK)) if self._whole else bound

    def objective(self, chosen: Array) -> float:
        """Return the sum of utilities over all pairs of a selection."""
        return float(np.triu(self._q[np.ix_(chosen, chosen)], k=1).sum())

    def size(self, within: Part, budget: StatedRow) -> float:
        """Return 0: pair utilities are given outright, nothing cancels by construction."""
        del within, budget
        return 0.0
