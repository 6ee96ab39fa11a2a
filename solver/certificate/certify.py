"""Make a certificate of an answer."""

import math
from typing import Any, Final

import numpy as np

from solver.certificate.inputs import constraints_document, digest
from solver.certificate.pairs import PairBounder
from solver.certificate.proof import Bounder
from solver.certificate.signatures import SignatureBounder
from solver.certificate.tree import ProofTree
from solver.model.errors import VerificationError
from solver.model.objective import value
from solver.model.problem import PairProblem, Problem, SignatureProblem
from solver.model.result import Result, Status, StopReason
from solver.model.stop import Stop
from solver.rules.rows import Box, RuleRows
from solver.search.knapsack import fractional_knapsack

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
