"""Stands between until the new checker is merged."""

import numpy as np

from solver.check import Inputs, check, stated_constraints
from solver.model.errors import VerificationError
from solver.model.problem import PairProblem, SignatureProblem


def check_problem(problem, resources, budget, rules, certificate):
    if rules is None:
        rules = stated_constraints(certificate, problem.n)
    if budget is None:
        budget = certificate.get("budget")
    if isinstance(budget, bool) or not isinstance(budget, int | float):
        raise VerificationError("The certificate is malformed: its budget is not a number.")
    unknown = [r["name"] for r in rules["resources"] if r["name"] not in resources]
    if unknown:
        message = f"The certificate is about costs {unknown[0]!r} that the problem does not have."
        raise VerificationError(message)
    inputs = Inputs(
        costs=problem.costs,
        budget=float(budget),
        profits=problem.profits,
        weights=problem.weights if isinstance(problem, SignatureProblem) else None,
        vectors=problem.vectors if isinstance(problem, SignatureProblem) else None,
        utilities=problem.utilities if isinstance(problem, PairProblem) else None,
        ids=problem.ids,
        constraints=rules,
        resource_costs=[np.asarray(resources[r["name"]], float) for r in rules["resources"]],
    )
    return check(inputs, certificate)
