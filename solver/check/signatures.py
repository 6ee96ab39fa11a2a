"""The bound of one leaf, for problems given by signatures.

With ``t = w.x``, ``v = V^T x`` (rows ``w_i m_i`` of V) and ``c_i = w_i^2 (1 - |m_i|^2)`` the
objective is ``p.x + 1/2 (t^2 - |v|^2 - c.x)``. For any u and any slope s, where ``l <= t <= h``,

    -|v|^2 / 2 <= |u|^2 / 2 - u.v     and     t^2 / 2 <= s t + max(l^2 / 2 - s l, h^2 / 2 - s h)

so the objective is at most a constant plus ``r.x`` with ``r = p + s w - c / 2 - V u``. For any
multipliers ``y >= 0`` of rules ``A x <= b`` that is at most ``y.b + sum_i max(0, r_i - y.A_i)``,
without the maximum where the item is in, and without the item where it is out.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from solver.check.constraints import Part, StatedRow, count_row, knapsack_multiplier, relaxed
from solver.check.inputs import Array, Inputs
from solver.check.reading import get, index, mapping, multipliers, number, require, sequence
from solver.model.errors import VerificationError

# Rows of vectors held as float64 at once.
_ROWS = 4096
# Rows of pair utilities held at once.
_CHOSEN_ROWS = 512


class SignatureBounds:
    """Bounds of leaves; everything that leaves share is worked out once."""

    def __init__(self, inputs: Inputs, proof: Mapping[str, object]) -> None:
        if inputs.weights is None or inputs.vectors is None:
            message = "There are no signatures."
            raise VerificationError(message)
        self._w = np.asarray(inputs.weights, dtype=np.float64)
        self._m = inputs.vectors
        squares = np.concatenate([(block * block).sum(axis=1) for block in self._blocks()])
        self._linear = inputs.profits - 0.5 * self._w**2 * (1.0 - squares)
        points = sequence(get(proof, "points"), "points")
        self._points = [self._point(mapping(point, "point")) for point in points]

    def _blocks(self) -> Iterator[Array]:
        for start in range(0, max(1, len(self._w)), _ROWS):
            yield np.asarray(self._m[start : start + _ROWS], dtype=np.float64)

    def _point(self, point: Mapping[str, object]) -> tuple[Array, float]:
        """Return ``V u`` and ``|u|^2 / 2`` for ``u = V^T x`` of a sparse x."""
        items = [index(k, len(self._w), "item") for k in sequence(get(point, "items"), "items")]
        values = [number(x, "value") for x in sequence(get(point, "values"), "values")]
        require(holds=len(items) == len(values), otherwise="A point's items and values differ.")
        chosen = np.array(items, dtype=np.int64)
        u = (np.array(values) * self._w[chosen]) @ np.asarray(self._m[chosen], dtype=np.float64)
        image = np.concatenate([block @ u for block in self._blocks()])
        return self._w * image, 0.5 * float(u @ u)

    def leaf(
        self, cover: Mapping[str, object], within: Part, rules: Mapping[str, StatedRow]
    ) -> float:
        """Return a value that no selection of a part exceeds.

        Raises
        ------
        VerificationError
            When the intervals leave a value of t out, or a multiplier is not one.
        """
        rules = {**rules, "count": count_row(rules, within)}
        reach = multipliers({"budget": get(cover, "reach")})
        top = relaxed(self._w, within, rules, reach)
        covered = float(self._w[within.taken].sum())
        best = -np.inf
        for entry in self._intervals(cover):
            low, high = number(get(entry, "low"), "low"), number(get(entry, "high"), "high")
            require(
                holds=low <= covered and low <= high,
                otherwise=f"The intervals leave out t between {covered!r} and {low!r}.",
            )
            covered = max(covered, high)
            slope = number(get(entry, "slope"), "slope")
            place = index(get(entry, "point"), len(self._points), "point")
            image, half = self._points[place]
            line = max(0.5 * low * low - slope * low, 0.5 * high * high - slope * high)
            worth = self._linear + slope * self._w - image
            named = multipliers(get(entry, "multipliers"))
            best = max(best, half + line + relaxed(worth, within, rules, named))
        require(
            holds=covered >= top,
            otherwise=f"The intervals end at t = {covered!r}, and it can be {top!r}.",
        )
        return best

    @staticmethod
    def _intervals(cover: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
        entries = sequence(get(cover, "intervals"), "intervals")
        return [mapping(entry, "interval") for entry in entries]

    def objective(self, chosen: Array) -> float:
        """Return the sum of utilities over all pairs of a selection."""
        w, m = self._w[chosen], np.asarray(self._m[chosen], dtype=np.float64)
        total = 0.0
        for start in range(0, len(chosen), _CHOSEN_ROWS):
            block = slice(start, start + _CHOSEN_ROWS)
            pairs = np.outer(w[block], w) * (1.0 - m[block] @ m.T)
            total += float(np.triu(pairs, k=start + 1).sum())
        return total

    def size(self, within: Part, budget: StatedRow) -> float:
        """Return ``t^2 / 2`` at the largest t, which is what objectives are differences of."""
        return (
            0.5
            * relaxed(
                self._w,
                within,
                {"budget": budget},
                {
                    "budget": knapsack_multiplier(
                        self._w[within.free], budget.coefficients[within.free], within.left
                    )
                },
            )
            ** 2
        )
