"""What a certificate is about: a problem in the words of ``docs/certificate.md``."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from solver.check import Inputs
from solver.model.problem import AnyProblem, PairProblem, SignatureProblem
from solver.sets.coverage import CoverageProblem
from solver.sets.design import DesignProblem
from solver.sets.facility import FacilityProblem
from solver.sets.k_center import KCenterProblem
from solver.sets.sum import SumProblem

# The arrays of each form, by the names that both sides have for them.
_FORMS: Mapping[type, tuple[str, tuple[str, ...]]] = {
    SignatureProblem: ("signatures", ("weights", "vectors", "profits")),
    PairProblem: ("pairs", ("utilities", "profits")),
    FacilityProblem: ("facility", ("similarities", "demands", "served")),
    CoverageProblem: ("coverage", ("amounts", "weights", "held")),
    DesignProblem: ("design", ("factors", "sizes", "ridge", "prior")),
    KCenterProblem: ("k_center", ("distances", "reach")),
}


def _arrays(problem: AnyProblem) -> tuple[str, dict[str, Any]]:
    name, fields = _FORMS[type(problem)]
    return name, {field: np.asarray(getattr(problem, field)) for field in fields}


def inputs_of(problem: AnyProblem) -> Inputs:
    """Return a problem as the checker takes it, budget and constraints included.

    Raises
    ------
    KeyError
        The problem is of a form that certificates do not know.
    """
    terms: list[str] = []
    if isinstance(problem, SumProblem):
        objective, arrays = "sum", {"shares": np.asarray(problem.shares)}
        for place, term in enumerate(problem.terms):
            name, own = _arrays(term)
            terms.append(name)
            arrays |= {f"term{place}_{field}": array for field, array in own.items()}
    else:
        objective, arrays = _arrays(problem)
    return Inputs(
        objective=objective,
        terms=terms,
        costs=problem.costs,
        arrays=arrays,
        ids=problem.ids,
        resources={r.name: r.costs for r in problem.constraints.resources},
        budget=problem.budget,
        constraints=constraints_document(problem),
    )


def constraints_document(problem: AnyProblem) -> dict[str, Any]:
    """Return the constraints of a problem as a certificate states them."""
    limits = problem.constraints
    return {
        "include": np.unique(limits.include).tolist(),
        "exclude": np.unique(limits.exclude).tolist(),
        "labelled": np.unique(limits.labelled).tolist(),
        "min_items": limits.min_items,
        "max_items": limits.max_items,
        "groups": [
            {
                "name": group.name,
                "items": np.unique(group.items).tolist(),
                "minimum": group.minimum,
                "maximum": group.maximum,
            }
            for group in limits.groups
        ],
        "resources": [{"name": r.name, "limit": float(r.limit)} for r in limits.resources],
    }
