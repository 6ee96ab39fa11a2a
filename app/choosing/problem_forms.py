"""The arrays of a problem by the names of ``docs/certificate.md``, and the problem that they make.

One table says which arrays an objective has. It is read in both directions: from a problem to the
arrays of its file, and from the arrays of a file to the problem.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.errors import InvalidRequestError
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

_NUMBERS: Final = "fiu"


@dataclass(frozen=True, slots=True)
class Form:
    """How the problems of an objective are written.

    Parameters
    ----------
    kind
        The class of the problems.
    needed, further
        Dimensions of each array, by its name. One of the latter that is missing has its default.
    """

    kind: type[Any]
    needed: Mapping[str, int]
    further: Mapping[str, int]

    @property
    def dimensions(self) -> Mapping[str, int]:
        """Dimensions of all arrays, in the order of the page."""
        return {**self.needed, **self.further}


FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "signatures": Form(SignatureProblem, {"weights": 1, "vectors": 2}, {"profits": 1}),
        "pairs": Form(PairProblem, {"utilities": 2}, {"profits": 1}),
        "facility": Form(FacilityProblem, {"similarities": 2}, {"demands": 1, "served": 1}),
        "coverage": Form(CoverageProblem, {"amounts": 2}, {"weights": 1, "held": 1}),
        "design": Form(DesignProblem, {"factors": 2}, {"sizes": 1, "ridge": 0, "prior": 2}),
        "k_center": Form(KCenterProblem, {"distances": 2}, {"reach": 1}),
        SUM: Form(SumProblem, {"shares": 1}, {}),
    }
)
"""Every objective of the page, by its name there."""


def form_name(problem: AnyProblem) -> str:
    """Return the page's name of a problem's objective."""
    return next(name for name, form in FORMS.items() if isinstance(problem, form.kind))


def term_names(problem: AnyProblem) -> tuple[str, ...]:
    """Return the names of the terms of a sum; nothing for other objectives."""
    return tuple(map(form_name, problem.terms)) if isinstance(problem, SumProblem) else ()


def arrays_of(problem: AnyProblem) -> dict[str, Array]:
    """Return the objective's arrays by the page's names, in the page's order."""
    found = {
        name: np.asarray(getattr(problem, name)) for name in FORMS[form_name(problem)].dimensions
    }
    if isinstance(problem, SumProblem):
        for place, term in enumerate(problem.terms):
            found |= {_of_term(place, name): array for name, array in arrays_of(term).items()}
    return found


def checked(objective: str, terms: Sequence[str], arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return those of some arrays that an objective has.

    Parameters
    ----------
    objective
        A name of `FORMS`.
    terms
        The objectives that a sum has.
    arrays
        All arrays of a file by name.

    Raises
    ------
    InvalidRequestError
        One is missing, or is no array of numbers in as many dimensions.
    """
    found = dict(_checked(FORMS[objective], "", arrays))
    for place, term in enumerate(terms):
        found |= dict(_checked(FORMS[term], _of_term(place, ""), arrays))
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
        members = _members(arrays)
        if objective == "pairs":
            members.setdefault("profits", np.zeros(len(shared["costs"])))
        problem: AnyProblem = FORMS[objective].kind(**members, **shared)
        return problem
    parts = [made(term, (), _term(place, arrays), shared) for place, term in enumerate(terms)]
    concave = tuple(part for part in parts if isinstance(part, ConcaveProblem))
    return SumProblem(terms=concave, shares=arrays["shares"], **shared)


ADDABLE: Final = tuple(
    name for name, form in FORMS.items() if issubclass(form.kind, ConcaveProblem) and name != SUM
)
"""The objectives that a sum may have as terms."""


def _of_term(place: int, name: str) -> str:
    return f"term{place}_{name}"


def _term(place: int, arrays: Mapping[str, Array]) -> dict[str, Array]:
    start = _of_term(place, "")
    return {
        name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)
    }


def _checked(form: Form, start: str, arrays: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    for name, ndim in form.dimensions.items():
        key = start + name
        if key in arrays:
            yield key, numbers(key, arrays[key], ndim)
        elif name in form.needed:
            needed = ", ".join(start + one for one in form.needed)
            detail = f"there is no array {key!r}; {needed} and costs are needed."
            raise InvalidRequestError(detail)


def _members(arrays: Mapping[str, Array]) -> dict[str, Any]:
    """Return what a problem is made with."""
    found: dict[str, Any] = dict(arrays)
    if "ridge" in found:
        found["ridge"] = float(found["ridge"])
    if "sizes" in found and (found["sizes"] != np.floor(found["sizes"])).any():
        detail = "sizes must be whole numbers: how many rows of factors each item has."
        raise InvalidRequestError(detail)
    return found
