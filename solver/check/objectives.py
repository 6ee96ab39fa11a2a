"""Which planes belong to which objective: the one place that knows."""

from collections.abc import Sequence

from .pairs import PairPlanes
from .planes import Planes
from .points import PointRows, Shift
from .problem import Inputs
from .rules import StatedRules
from .sets import root_of, set_planes
from .signatures import SignaturePlanes


def planes_of(
    inputs: Inputs, rules: StatedRules, points: PointRows, shifts: Sequence[Shift]
) -> Planes:
    """Return the planes of a problem, made of the rows of a certificate.

    Raises
    ------
    CertificateError
        A shift does not hold, a sum has a term that is not concave, or a matrix cannot be factored.
    """
    if inputs.objective == "signatures":
        return SignaturePlanes(inputs.arrays, points, shifts)
    if inputs.objective == "pairs":
        return PairPlanes(inputs.arrays, rules.rows[0].coefficients, points)
    return set_planes(inputs.objective, inputs.terms, inputs.arrays, points, root_of(rules))
