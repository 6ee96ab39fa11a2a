"""Planes of signatures against selections, in exact numbers."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from solver.check.planes import Part
from solver.check.points import Shift
from solver.check.signatures import SignaturePlanes

N = 6


class Row:
    """One row of a certificate's points: a selection."""

    def __init__(self, chosen: list[int]) -> None:
        self.values = np.isin(np.arange(N), chosen).astype(np.float64)

    def row(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the row."""
        del place
        return np.arange(N), self.values


def _arrays(d: int, seed: int) -> dict[str, np.ndarray]:
    """Return unit vectors in many dimensions: all the terms of a worth are rounded."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(N, d))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return {"weights": rng.uniform(0.5, 2, N), "vectors": vectors, "profits": np.zeros(N)}


def _worth(arrays: dict[str, np.ndarray], items: tuple[int, ...]) -> Fraction:
    w = [Fraction(value) for value in arrays["weights"].tolist()]
    m = [[Fraction(value) for value in row] for row in arrays["vectors"].tolist()]
    total = Fraction(0)
    for i, j in combinations(items, 2):
        total += w[i] * w[j] * (1 - sum(a * b for a, b in zip(m[i], m[j], strict=True)))
    return total


@pytest.mark.parametrize("taken", [(), (0,), (0, 1)])
@pytest.mark.parametrize("shifted", [False, True])
def test_a_plane_at_a_selection_is_its_worth_and_not_less(
    taken: tuple[int, ...], *, shifted: bool
) -> None:
    """Errors are added for each thing that rounds, and to no more than rounding."""
    arrays = _arrays(64, len(taken))
    v = arrays["weights"][:, None] * arrays["vectors"]
    shifts = [Shift(np.arange(N), 0.5 * float(np.linalg.eigvalsh(v @ v.T)[0]))]
    for more in combinations(range(len(taken), N), 2):
        for some in (more, more[:1]):
            items = (*taken, *some)
            planes = SignaturePlanes(arrays, Row(list(some)), shifts)  # type: ignore[arg-type]
            t = float(arrays["weights"][list(items)].sum())
            there = np.isin(np.arange(N), taken)
            part = Part(
                taken=there,
                undecided=~there,
                low=float(np.nextafter(t, 0.0)),
                high=float(np.nextafter(t, 9.0e9)),
                left=1.0,
                point=0,
                scale=1.0,
                shift=0 if shifted else None,
            )
            batch = planes.batch([part])
            bound = Fraction(float(batch.constants[0])) + Fraction(float(batch.constant_errors[0]))
            for i in items:
                bound += Fraction(float(batch.slopes[0][i]))
                bound += Fraction(float(batch.slope_errors[0][i]))
            worth = _worth(arrays, items)
            assert worth <= bound <= worth + Fraction(1e-10)
