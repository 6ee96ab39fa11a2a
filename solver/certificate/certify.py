"""Make a certificate of an answer: what the solver's own tree proves, in a form to be checked.

The tree is searched again with the answer's bound as its target, so no selection is looked for, and
what it proves is written down. The certificate is checked before it is handed out: what it says is
what it proves.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from solver.certificate.document import Lift, proof_document
from solver.certificate.question import inputs_of
from solver.certificate.refutation import prove_radius, refute
from solver.certificate.set_points import original_levels
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
from solver.sets.facility import FacilityProblem
from solver.sets.k_center import KCenterProblem
from solver.sets.solve import prove_set
from solver.signatures.large import prove_large
from solver.signatures.tree import signature_tree
from solver.verify import slack

FORMAT: Final = "seedal-certificate/3"


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


@dataclass(frozen=True, eq=False, slots=True)
class _Written:
    """What a search has written down.

    Parameters
    ----------
    bound
        What it proves.
    proofs
        As JSON, the best first: others are shorter, prove less, and need less of rounding.
    """

    bound: float
    proofs: Iterator[dict[str, Any]]


def _searched(asked: _Asked, target: float, stop: Stop) -> _Written:
    """Search again for what is worth more than a target, in what is left to decide."""
    left, base, lift = asked.reduced.problem, asked.reduced.base, asked.lift()
    log = ProofLog(target - base)
    nothing = np.zeros(left.n, dtype=bool)
    rows, totals = lift.row, False
    if isinstance(left, SignatureProblem):
        totals = True
        if left.n > CORE_ITEMS:
            bound = prove_large(left, log, stop)
        else:
            bound = signature_tree(signature_core(left), nothing, stop, log=log).upper_bound
    elif isinstance(left, PairProblem):
        rows = lift.pairs
        bound = pair_tree(pair_core(left), nothing, stop, log=log).upper_bound
    else:
        bound, log = prove_set(left, log.target, stop)
        if isinstance(left, FacilityProblem):
            rows = partial(original_levels, cast("FacilityProblem", asked.problem), left)

    def proofs() -> Iterator[dict[str, Any]]:
        yield proof_document(log, lift, rows, totals=totals)
        yield proof_document(log, lift, rows, totals=totals, decisions=False)
        top = 2.0 * float(left.weights.sum()) if isinstance(left, SignatureProblem) else 0.0
        yield proof_document(_single_bound(top), lift, rows, totals=totals)

    return _Written(bound + base, proofs())


def _single_bound(top: float) -> ProofLog:
    """Return a proof that is one plane, which touches at nothing: it holds for any problem."""
    log = ProofLog(-math.inf, top=top)
    log.bound(0, log.point(np.zeros(0, np.int64), np.zeros(0)), {}, closes=True)
    return log


def _refuted(problem: AnyProblem, log: ProofLog) -> dict[str, Any]:
    """Return a proof about the problem as it was asked: that rules leave nothing."""
    lift = Lift(items=np.arange(problem.n), bought=0, covered=0.0)
    if isinstance(problem, SignatureProblem):
        log.top = float(problem.weights.sum()) * (1.0 + 1e-9)
        return proof_document(log, lift, lift.row, totals=True)
    return proof_document(log, lift, lift.row, totals=False)


def _infeasible(problem: AnyProblem, inputs: Inputs, result: Result, stop: Stop) -> dict[str, Any]:
    """Return the certificate that no selection keeps every rule."""
    log = refute(problem, stop)
    if log is None:
        message = "That no selection keeps every rule could not be proven in the time given."
        raise VerificationError(message)
    certificate = {
        **_claims(inputs, result, _refuted(problem, log)),
        "status": Status.INFEASIBLE.value,
        "objective": None,
        "upper_bound": None,
        "total_cost": None,
    }
    check(inputs, certificate)
    return certificate


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
        When the answer says that there is no selection, and that could not be proven; or when the
        problem is none that certificates know.
    """
    try:
        inputs = inputs_of(problem)
    except CertificateError as error:
        raise VerificationError(str(error)) from error
    if result.status is Status.INFEASIBLE:
        return _infeasible(problem, inputs, result, stop)
    chosen = np.zeros(problem.n, dtype=bool)
    chosen[result.selected] = chosen[problem.constraints.labelled] = True
    objective = value(problem, chosen)
    rounding = slack(problem, result.selected, objective)
    # A bound above the objective by rounding only is the objective.
    above = result.upper_bound - objective
    bound = result.upper_bound if above > rounding else objective
    if isinstance(problem, KCenterProblem):
        found, log = prove_radius(problem, bound, stop)
        written = _Written(found, iter([_refuted(problem, log)]))
    else:
        written = _searched(_asked(problem), bound, stop)
    stated = written.bound if written.bound - bound > rounding else bound
    # Without time the search itself has shown nothing: the proof that is left is one plane.
    stated = stated if stated < math.inf else objective
    for proof in written.proofs:
        certificate = {**_claims(inputs, result, proof), **_quality(objective, stated)}
        if _holds(inputs, certificate):
            return certificate
        # What the search left to rounding, the checker does not grant: its bound is the one.
        proven = _proven(inputs, certificate)
        certificate |= _quality(objective, max(objective, proven))
        if proven < math.inf and _holds(inputs, certificate):
            return certificate
    message = "The answer could not be certified: numbers are too far apart for any bound."
    raise VerificationError(message)


def _holds(inputs: Inputs, certificate: dict[str, Any]) -> bool:
    try:
        check(inputs, certificate)
    except CertificateError:
        return False
    return True


def _proven(inputs: Inputs, certificate: dict[str, Any]) -> float:
    """Return what a certificate's proof shows, infinity where it shows nothing."""
    try:
        return proven_bound(inputs, certificate)
    except CertificateError:
        return math.inf


def _quality(objective: float, upper_bound: float) -> dict[str, Any]:
    status = Status.OPTIMAL if upper_bound <= objective else Status.FEASIBLE
    return {"status": status.value, "objective": objective, "upper_bound": upper_bound}


def _claims(inputs: Inputs, result: Result, proof: dict[str, Any]) -> dict[str, Any]:
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
        "objective": 0.0,
        "upper_bound": 0.0,
        "proof": proof,
    }
