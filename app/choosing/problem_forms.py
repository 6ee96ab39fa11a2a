"""From the arrays of a file, named as in ``docs/certificate.md``, to the problem that they make.

`solver.certificate.question` goes the other way, and the checker's table says which arrays there
are: whoever reads or writes problems has one list.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.errors import InvalidRequestError
from solver.check.problem import ARRAYS
from solver.model.problem import AnyProblem, PairProblem, SignatureProblem
from solver.sets.base import ConcaveProblem
from solver.sets.coverage import CoverageProblem
from solver.sets.design import DesignProblem
from solver.sets.facility import FacilityProblem
from solver.sets.k_center import KCenterProblem
from solver.sets.sum import SumProblem

Array = npt.NDArray[Any]

SUM: Final = "sum"
"""The objective whose arrays are those of its terms."""

_KINDS: Final[Mapping[str, type[Any]]] = MappingProxyType(
    {
        "signatures": SignatureProblem,
        "pairs": PairProblem,
        "facility": FacilityProblem,
        "coverage": CoverageProblem,
        "design": DesignProblem,
        "k_center": KCenterProblem,
    }
)

OBJECTIVES: Final = (*_KINDS, SUM)
"""Every objective of the page, by its name there."""

ADDABLE: Final = tuple(name for name, kind in _KINDS.items() if issubclass(kind, ConcaveProblem))
"""The objectives that a sum may have as terms."""

_OF_SUMS: Final = ("shares",)
_NUMBERS: Final = "fiu"


def needed(objective: str) -> str:
    """Return the names of the arrays that an objective needs, for a sentence."""
    if objective == SUM:
        return ", ".join(_OF_SUMS)
    return ", ".join(rule.name for rule in ARRAYS[objective] if rule.default is None)


def checked(objective: str, terms: Sequence[str], arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return those of some arrays that an objective has.

    Parameters
    ----------
    objective
        A name of `OBJECTIVES`.
    terms
        The objectives that a sum has.
    arrays
        All arrays of a file by name.

    Raises
    ------
    InvalidRequestError
        One is missing, or is no array of numbers in as many dimensions.
    """
    if objective != SUM:
        return dict(_checked(objective, "", arrays))
    for name in _OF_SUMS:
        if name not in arrays:
            raise _missing(name, SUM)
    found = {name: numbers(name, arrays[name], 1) for name in _OF_SUMS}
    for place, term in enumerate(terms):
        found |= dict(_checked(term, _of_term(place), arrays))
    return found


def numbers(name: str, array: Array, ndim: int) -> Array:
    """Return an array that has numbers in so many dimensions.

    Raises
    ------
    InvalidRequestError
        It has not.
    """
    if array.dtype.kind not in _NUMBERS or array.ndim != ndim:
        detail = (
            f"{name} must be numbers in {ndim} dimension(s), not {array.dtype} in {array.ndim}."
        )
        raise InvalidRequestError(detail)
    return array


def made(
    objective: str, terms: Sequence[str], arrays: Mapping[str, Array], shared: Mapping[str, Any]
) -> AnyProblem:
    """Return the problem of some arrays.

    Parameters
    ----------
    objective, terms, arrays
        As `checked` takes and returns them.
    shared
        Costs, budget, ids and constraints.

    Raises
    ------
    InvalidRequestError
        A number of rows is not whole.
    InvalidProblemError
        The numbers break a rule of the solver.
    """
    if objective != SUM:
        problem: AnyProblem = _KINDS[objective](**_members(objective, arrays, shared), **shared)
        return problem
    parts = [made(term, (), _term(place, arrays), shared) for place, term in enumerate(terms)]
    concave = tuple(part for part in parts if isinstance(part, ConcaveProblem))
    return SumProblem(terms=concave, shares=arrays["shares"], **shared)


def _of_term(place: int) -> str:
    return f"term{place}_"


def _term(place: int, arrays: Mapping[str, Array]) -> dict[str, Array]:
    start = _of_term(place)
    return {
        name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)
    }


def _checked(
    objective: str, start: str, arrays: Mapping[str, Array]
) -> Iterator[tuple[str, Array]]:
    for rule in ARRAYS[objective]:
        name = start + rule.name
        if name in arrays:
            yield name, numbers(name, arrays[name], len(rule.shape))
        elif rule.default is None:
            raise _missing(name, objective)


def _missing(name: str, objective: str) -> InvalidRequestError:
    detail = f"there is no array {name!r}; {needed(objective)} and costs are needed."
    return InvalidRequestError(detail)


def _members(
    objective: str, arrays: Mapping[str, Array], shared: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a problem is made with."""
    found: dict[str, Any] = dict(arrays)
    if objective == "design":
        found["ridge"] = float(found["ridge"])
        if (found["sizes"] != np.floor(found["sizes"])).any():
            detail = "sizes must be whole numbers: how many rows of factors each item has."
            raise InvalidRequestError(detail)
    if objective == "pairs":
        found.setdefault("profits", np.zeros(len(shared["costs"])))
    return found
