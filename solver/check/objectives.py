"""Which planes belong to which objective: the one place that knows."""

from collections.abc import Sequence

from .pairs import PairPlanes
from .planes import Planes
from .points import Points, Shift
from .problem import Inputs
from .reading import fail
from .rules import Rules
from .signatures import SignaturePlanes


def planes_of(inputs: Inputs, rules: Rules, points: Points, shifts: Sequence[Shift]) -> Planes:
    """Return the planes of a problem, made of the rows of a certificate.

    Raises
    ------
    CertificateError
        There are none for the objective, or a shift does not hold.
    """
    if inputs.objective == "signatures":
        return SignaturePlanes(inputs.arrays, points, shifts)
    if inputs.objective != "pairs":
        fail(f"There are no certificates for {inputs.objective}.")
    return PairPlanes(inputs.arrays, rules.rows[0].coefficients, points)
