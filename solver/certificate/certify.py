"""Make a certificate of an answer: its proof, the constraints, and the hash of the question."""

import hashlib
import json
import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from solver.certificate.boxes import PairBounder, SignatureBounder
from solver.certificate.proof import Bounder
from solver.certificate.tree import ProofTree
from solver.model.errors import VerificationError
from solver.model.objective import value
from solver.model.problem import PairProblem, Problem, SignatureProblem
from solver.model.result import Result, Status, StopReason
from solver.model.stop import Stop
from solver.rules.rows import Box, RuleRows
from solver.search.knapsack import fractional_knapsack

# Numbers turned into bytes at once.
_BLOCK = 1 << 20


def _arrays(problem: Problem) -> Iterator[npt.NDArray[Any]]:
    yield problem.costs
    yield problem.profits
    if isinstance(problem, SignatureProblem):
        yield problem.weights
        yield problem.vectors
    else:
        yield problem.utilities
    for resource in problem.constraints.resources:
        yield resource.costs


def constraints_document(problem: Problem) -> dict[str, Any]:
    """Return the constraints of a problem as a certificate states them."""
    limits = problem.constraints
    return {
        "include": limits.include.tolist(),
        "exclude": limits.exclude.tolist(),
        "labelled": limits.labelled.tolist(),
        "min_items": limits.min_items,
        "max_items": limits.max_items,
        "groups": [
            {
                "name": group.name,
                "items": group.items.tolist(),
                "minimum": group.minimum,
                "maximum": group.maximum,
            }
            for group in limits.groups
        ],
        "resources": [{"name": r.name, "limit": float(r.limit)} for r in limits.resources],
    }


def digest(problem: Problem) -> str:
    """Return SHA-256 of all that is asked, as ``docs/certificate.md`` defines it."""
    header = {
        "budget": problem.budget,
        "constraints": constraints_document(problem),
        "ids": list(problem.ids),
        "shapes": [list(array.shape) for array in _arrays(problem)],
    }
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False)
    content = hashlib.sha256(text.encode() + b"\n")
    for array in _arrays(problem):
        rows = max(1, _BLOCK // max(1, int(np.prod(array.shape[1:], dtype=np.int64))))
        for start in range(0, len(array), rows):
            content.update(np.ascontiguousarray(array[start : start + rows], dtype="<f8").tobytes())
    return content.hexdigest()


FORMAT: Final = "seedal-certificate/1"

# Half of what the verifier grants, so that its rounding and this one's fit in together.
_RELATIVE = 5e-10
_CANCELLATION = 5e-13

# Boxes looked at where no other number is given.
_MOST = 20_000


def _tolerance(problem: Problem, rules: RuleRows, root: Box, objective: float) -> float:
    """Return what rounding may take: half of what the verifier grants."""
    size = 0.0
    if isinstance(problem, SignatureProblem):
        costs = rules.budget.coefficients[root.free]
        weights = problem.weights[root.free]
        t = float(problem.weights[root.taken].sum())
        t += float(weights @ fractional_knapsack(weights, costs, root.left))
        size = 0.5 * t * t
    return _RELATIVE * abs(objective) + _CANCELLATION * size


def _never(objective: float, upper_bound: float) -> StopReason | None:
    del objective, upper_bound
    return None


def _question(problem: Problem) -> dict[str, Any]:
    """Return what a certificate says of its problem."""
    return {
        "format": FORMAT,
        "inputs": {
            "form": "pairs" if isinstance(problem, PairProblem) else "signatures",
            "items": problem.n,
            "sha256": digest(problem),
        },
        "budget": problem.budget,
        "constraints": constraints_document(problem),
    }


def certify(
    problem: Problem, result: Result, *, stop: Stop = _never, most_boxes: int = _MOST
) -> dict[str, Any]:
    """Prove an answer in a form that `solver.check` can verify.

    Parameters
    ----------
    problem, result
        What was asked, and the answer.
    stop, most_boxes
        When to end before the result's own bound is proven again.

    Returns
    -------
    dict[str, Any]
        JSON. Its bound is the result's, where that could be proven in this form; otherwise a
        larger one, and the status is ``feasible`` then.

    Raises
    ------
    VerificationError
        When the answer says that there is no selection, and that could not be proven.
    """
    rules = RuleRows(problem)
    limits, n = problem.constraints, problem.n
    feasible = result.status is not Status.INFEASIBLE
    chosen, taken, refused = (np.zeros(n, dtype=bool) for _ in range(3))
    chosen[result.selected] = chosen[limits.labelled] = True
    taken[limits.include] = taken[limits.labelled] = refused[limits.exclude] = True
    objective = value(problem, chosen) if feasible else -math.inf
    root = rules.box(taken, refused)
    tolerance = _tolerance(problem, rules, root, objective) if feasible else 0.0
    # A bound above the objective by rounding only is the objective.
    above = result.upper_bound - objective if feasible else 0.0
    claimed = result.upper_bound if above > tolerance else objective
    bounder: Bounder = (
        PairBounder(problem, rules)
        if isinstance(problem, PairProblem)
        else SignatureBounder(problem, rules, lambda: stop(objective, math.inf) is not None)
    )
    fixed = ([*limits.include.tolist(), *limits.labelled.tolist()], limits.exclude.tolist())
    target = claimed + tolerance
    tree = ProofTree(chosen, objective, rules, bounder, target, fixed)
    proven = tree.grow(most_boxes, stop)
    if not feasible and proven > -math.inf:
        message = "That no selection keeps every rule could not be proven in the limits given."
        raise VerificationError(message)
    bound = claimed if proven <= target else proven + tolerance
    status = Status.OPTIMAL if bound <= objective else Status.FEASIBLE
    claims = {
        "status": status.value if feasible else Status.INFEASIBLE.value,
        "selected": [int(k) for k in result.selected],
        "objective": objective if feasible else None,
        "upper_bound": bound if feasible else None,
        "total_cost": math.fsum(problem.costs[result.selected]),
    }
    return {**_question(problem), **claims, "proof": tree.written().document()}
