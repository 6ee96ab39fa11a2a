"""Make a certificate of an answer: what the solver's own tree proves, in a form to be checked.

The tree is searched again with the answer's bound as its target, so no selection is looked for, and
what it proves is written down. The certificate is checked before it is handed out: what it says is
what it proves.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from solver.certificate.document import Lift, proof_document
from solver.certificate.question import inputs_of
from solver.check import CertificateError, Inputs, check, proven_bound
from solver.model.errors import VerificationError
from solver.model.objective import value
from solver.model.problem import AnyProblem, PairProblem, SignatureProblem, take
from solver.model.result import Result, Status
from solver.model.stop import Stop
from solver.pairs.tree import pair_tree
from solver.rules.reduction import Reduced, reduce
from solver.search.core import CORE_ITEMS, pair_core, signature_core
from solver.search.proof_log import ProofLog
from solver.signatures.large import prove_large
from solver.signatures.tree import signature_tree
from solver.verify import slack

FORMAT: Final = "seedal-certificate/2"


def _never(objective: float, upper_bound: float) -> None:
    del objective, upper_bound


@dataclass(frozen=True, eq=False, slots=True)
class _Asked:
    """A problem as it was asked, and what is left to decide of it, in the order of the ids."""

    problem: AnyProblem
    order: npt.NDArray[np.intp]
    reduced: Reduced[AnyProblem]

    def lift(self) -> Lift:
        """Return the way back."""
        covered = 0.0
        if isinstance(self.problem, SignatureProblem):
            there = self.order[np.concatenate([self.reduced.bought, self.reduced.labelled])]
            covered = math.fsum(self.problem.weights[there])
        return Lift(
            items=self.order[self.reduced.items].astype(np.int64),
            bought=len(self.reduced.bought),
            covered=covered,
        )


def _asked(problem: AnyProblem) -> _Asked:
    order = np.array(sorted(range(problem.n), key=problem.ids.__getitem__)) if problem.ids else None
    if order is None:
        return _Asked(problem, np.arange(problem.n), reduce(problem))
    return _Asked(problem, order, reduce(take(problem, order)))


def _written(asked: _Asked, target: float, stop: Stop) -> tuple[float, ProofLog]:
    """Search again for what is worth more than a target; return the bound proven, and the proof.

    Both are about what is left to decide.
    """
    log, left = ProofLog(target), asked.reduced.problem
    nothing = np.zeros(left.n, dtype=bool)
    if isinstance(left, SignatureProblem) and left.n > CORE_ITEMS:
        return prove_large(left, log, stop), log
    if isinstance(left, SignatureProblem):
        return signature_tree(signature_core(left), nothing, stop, log=log).upper_bound, log
    if isinstance(left, PairProblem):
        return pair_tree(pair_core(left), nothing, stop, log=log).upper_bound, log
    message = f"There is no proof for {type(left).__name__}."
    raise VerificationError(message)


def certify(problem: AnyProblem, result: Result, *, stop: Stop = _never) -> dict[str, Any]:
    """Prove an answer in a form that `solver.check` can verify.

    Parameters
    ----------
    problem, result
        What was asked, and the answer.
    stop
        When to end before the result's own bound is proven again.

    Returns
    -------
    dict[str, Any]
        JSON, as ``docs/certificate.md`` specifies it, checked. Its bound is the result's, where
        that could be proven; otherwise a larger one, and the status is ``feasible`` then.

    Raises
    ------
    VerificationError
        When the answer says that there is no selection, and that could not be proven.
    """
    asked, inputs = _asked(problem), inputs_of(problem)
    chosen = np.zeros(problem.n, dtype=bool)
    chosen[result.selected] = chosen[problem.constraints.labelled] = True
    objective = value(problem, chosen)
    above = result.upper_bound - objective
    # A bound above the objective by rounding only is the objective.
    bound = result.upper_bound if above > slack(problem, result.selected, objective) else objective
    found, log = _written(asked, bound - asked.reduced.base, stop)
    lift = asked.lift()
    rows = lift.pairs if inputs.objective == "pairs" else lift.row
    proof = proof_document(log, lift, rows, totals=inputs.objective == "signatures")
    claims = _claims(inputs, result, objective, proof)
    certificate = {**claims, **_quality(objective, max(bound, found + asked.reduced.base))}
    try:
        check(inputs, certificate)
    except CertificateError:
        # What the search left to rounding, the checker does not grant: its bound is the one.
        proven = max(objective, proven_bound(inputs, certificate))
        certificate |= _quality(objective, proven)
        check(inputs, certificate)
    return certificate


def _quality(objective: float, upper_bound: float) -> dict[str, Any]:
    status = Status.OPTIMAL if upper_bound <= objective else Status.FEASIBLE
    return {"status": status.value, "objective": objective, "upper_bound": upper_bound}


def _claims(
    inputs: Inputs, result: Result, objective: float, proof: dict[str, Any]
) -> dict[str, Any]:
    """Return what a certificate says, but for status and bound."""
    budget, constraints = inputs.budget, inputs.constraints
    if budget is None or constraints is None:
        message = "A certificate is about a budget and constraints."
        raise VerificationError(message)
    return {
        "format": FORMAT,
        "problem": {
            "objective": inputs.named,
            "items": inputs.n,
            "sha256": inputs.digest(budget, constraints),
        },
        "budget": budget,
        "constraints": constraints,
        "status": "",
        "selected": np.sort(result.selected).tolist(),
        "total_cost": math.fsum(inputs.costs[result.selected]),
        "objective": objective,
        "upper_bound": objective,
        "proof": proof,
    }
